# Makes survival.json with R's survival on the cohort of ../../../stats/tests/parity/cohort.csv, and
# copies the columns that the test reads. Run in this folder: Rscript make_survival.R
suppressMessages({library(survival); library(jsonlite)})
d <- read.csv("../../../stats/tests/parity/cohort.csv")
out <- list(time = d$time, event = d$event, x1 = d$x1, x2 = d$x2, group = d$truth)
s <- Surv(d$time, d$event)
f <- summary(survfit(s ~ 1, conf.type = "log-log"), censored = TRUE)
out$km <- list(time = f$time, risk = f$n.risk, surv = f$surv, se = f$std.err,
               low = f$lower, high = f$upper)
g <- survdiff(s ~ d$truth)
out$logrank <- list(obs = as.numeric(g$obs), exp = as.numeric(g$exp), chisq = g$chisq, p = g$pvalue)
out$cox <- lapply(c("efron", "breslow"), function(m) {
  c <- coxph(s ~ x1 + x2, data = d, ties = m, control = coxph.control(eps = 1e-14, iter.max = 50))
  z <- summary(c)
  list(coef = unname(coef(c)), se = unname(sqrt(diag(vcov(c)))), loglik = c$loglik,
       wald = unname(z$waldtest[1]), lr = unname(z$logtest[1]), score = unname(z$sctest[1]),
       p = unname(z$coefficients[, 5]), c = unname(z$concordance[1]))
})
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"), "survival.json")
