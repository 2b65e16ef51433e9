# Makes r.json from cohort.csv: pROC (DeLong), p.adjust, boot (influence values), VGAM (multinomial
# recalibration), metafor (random effects). Run in this folder: Rscript make_r.R
suppressMessages({library(pROC); library(boot); library(VGAM); library(metafor); library(jsonlite)})
d <- read.csv("cohort.csv")
one <- function(y, s) roc(as.integer(y), s, levels = c(0, 1), direction = "<", quiet = TRUE)
out <- list()
out$delong <- lapply(0:2, function(k) {
  y <- d$truth == k
  a <- one(y, d[[paste0("a", k)]]); b <- one(y, d[[paste0("b", k)]])
  paired <- roc.test(a, b, method = "delong", paired = TRUE)
  half <- seq_len(nrow(d)) <= 80
  u <- roc.test(one(y[half], d[[paste0("a", k)]][half]), one(y[!half], d[[paste0("a", k)]][!half]),
                method = "delong", paired = FALSE)
  ci <- ci.auc(a, method = "delong")
  list(auc = as.numeric(auc(a)), variance = var(a, method = "delong"), low = ci[1], high = ci[3],
       z = unname(paired$statistic), p = paired$p.value, t = unname(u$statistic),
       df = unname(u$parameter), pu = u$p.value)
})
out$holm <- p.adjust(c(0.01, 0.02, 0.03, 0.5, 0.04), "holm")
# Influence values of the AUC of class 0, drawn within cases and controls.
strata <- as.integer(d$truth == 0) + 1
wauc <- function(data, w) {
  i <- data$truth == 0; x <- data$a0[i]; y <- data$a0[!i]; wx <- w[i]; wy <- w[!i]
  g <- outer(x, y, function(p, q) (p > q) + 0.5 * (p == q))
  sum(outer(wx / sum(wx), wy / sum(wy)) * g)
}
l <- empinf(data = d, statistic = wauc, type = "jack", stype = "w", strata = strata)
out$acceleration <- sum(l^3) / (6 * sum(l^2)^1.5)
# Multinomial recalibration, reference class 0, each equation with its own predictor only.
p <- pmax(as.matrix(d[, c("a0", "a1", "a2")]), 0.005); p <- p / rowSums(p)
e <- data.frame(y = factor(d$truth), l1 = log(p[, 2] / p[, 1]), l2 = log(p[, 3] / p[, 1]))
f <- vglm(y ~ l1 + l2, multinomial(refLevel = 1), data = e, epsilon = 1e-13, maxit = 100,
          constraints = list("(Intercept)" = diag(2), l1 = rbind(1, 0), l2 = rbind(0, 1)))
g <- vglm(y ~ 1, multinomial(refLevel = 1), data = e, offset = cbind(e$l1, e$l2), epsilon = 1e-13)
out$recalibration <- list(coefficients = unname(coef(f)), errors = unname(sqrt(diag(vcov(f)))),
                          logLik = as.numeric(logLik(f)), large = unname(coef(g)))
yi <- c(1.1, 0.8, 1.9, 0.4, 1.3, 1.6); vi <- c(0.04, 0.09, 0.06, 0.12, 0.03, 0.2)
out$meta <- lapply(c("REML", "DL"), function(m) {
  r <- rma(yi, vi, method = m, test = "knha", control = list(threshold = 1e-12, maxiter = 1000))
  q <- predict(r)
  list(mu = as.numeric(r$b), se = r$se, low = r$ci.lb, high = r$ci.ub, pl = q$pi.lb, pu = q$pi.ub,
       tau2 = r$tau2, q = r$QE, qp = r$QEp, i2 = r$I2)
})
write(toJSON(out, digits = NA, auto_unbox = TRUE), "r.json")
