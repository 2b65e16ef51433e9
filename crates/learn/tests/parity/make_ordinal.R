# Writes ordinal.json: proportional odds by MASS's polr, adjacent categories by VGAM's vglm, without a penalty.
# Run after make_classifiers.py: Rscript make_ordinal.R (in this folder).
suppressMessages({
  library(MASS)
  library(VGAM)
})
d <- read.csv("classifiers-train.csv")
d$y <- factor(d$y, ordered = TRUE)
formula <- y ~ x0 + x1 + x2 + x3 + x4 + x5
a <- polr(formula, data = d, method = "logistic", control = list(reltol = 1e-14, maxit = 10000))
b <- vglm(formula, acat(reverse = FALSE, parallel = TRUE), data = d, epsilon = 1e-13, maxit = 200)
number <- function(v) paste0("[", paste(format(unname(v), digits = 15, trim = TRUE), collapse = ","), "]")
# vglm's intercepts are those of log P(k + 1) / P(k); thresholds have the other sign.
cat(sprintf(
  '{"versions":{"R":"%s","MASS":"%s","VGAM":"%s"},"polr":{"coefficients":%s,"thresholds":%s},"acat":{"coefficients":%s,"thresholds":%s}}\n',
  getRversion(), packageVersion("MASS"), packageVersion("VGAM"),
  number(a$coefficients), number(a$zeta),
  number(coef(b)[-(1:2)]), number(-coef(b)[1:2])
), file = "ordinal.json")
