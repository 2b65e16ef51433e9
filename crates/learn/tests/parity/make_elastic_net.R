# Expected coefficients of elastic net paths, written to elastic_net.json (after make_table.py).
#
#     Rscript make_elastic_net.R
#
# R's glmnet 4.1-6 with thresh = 1e-14: multinomial (three classes) and binomial (class 2 against the others), on the tall table (30 columns) and on a
# wide one (30 columns and 120 products of two, 90 rows), with equal weights and with weights balanced by class.
library(glmnet)
library(jsonlite)
glmnet.control(fdev = 0, devmax = 1)
table <- fromJSON("table.json")
x <- matrix(table$x, nrow = table$rows, byrow = TRUE)
# Unit scale, so that the products are of a size, rounded so that the file holds it exactly; constant columns stay.
x <- apply(x, 2, function(v) if (sd(v) > 0) round(v / sd(v), 5) else v)
# Copies share a coefficient in ways that are not unique, or hardly; they are made less alike.
x[, 13] <- x[, 13] + rep(c(0.3, -0.2, 0.5), 30)
x[, 14] <- x[, 14] + rep(c(0.4, 0.1, -0.6, -0.2, 0.3), 18)
wide <- cbind(x, do.call(cbind, lapply(22:29, function(j) x[, c(1:10, 14:18)] * x[, j])))
y <- table$y
balanced <- length(y) / (3 * tabulate(y + 1))[y + 1]
foldid <- (seq_along(y) - 1) %% 5 + 1
cases <- list()
for (name in c("tall", "wide")) for (alpha in c(1, 0.5)) for (family in c("multinomial", "binomial")) for (weighted in c(FALSE, TRUE)) {
  z <- if (name == "tall") x else wide
  if (weighted && (family == "binomial" || alpha < 1)) next
  target <- if (family == "multinomial") factor(y) else factor(y == 2)
  weights <- if (weighted) balanced else rep(1, length(y))
  fit0 <- glmnet(z, target, family = family, alpha = alpha, weights = weights, nlambda = 10, lambda.min.ratio = 0.05, thresh = 1e-14, maxit = 1e7, type.logistic = "Newton")
  b <- if (family == "multinomial") fit0$beta else list(fit0$beta)
  a0 <- if (family == "multinomial") t(fit0$a0) else matrix(fit0$a0, ncol = 1)
  case <- list(table = unbox(name), alpha = unbox(alpha), family = unbox(family), balanced = unbox(weighted), lambda = fit0$lambda,
    intercepts = unname(a0),
    coefficients = lapply(seq_along(fit0$lambda), function(l) unname(t(sapply(b, function(m) signif(as.numeric(m[, l]), 10))))))
  if (!weighted) {
    cv <- cv.glmnet(z, target, family = family, alpha = alpha, lambda = fit0$lambda, foldid = foldid, thresh = 1e-14, maxit = 1e7, type.measure = "deviance", grouped = TRUE)
    case$deviance <- cv$cvm
    case$standard_error <- cv$cvsd
    case$minimum <- unbox(which(cv$lambda == cv$lambda.min) - 1)
    case$one_standard_error <- unbox(which(cv$lambda == cv$lambda.1se) - 1)
  }
  cases[[length(cases) + 1]] <- case
}
write(toJSON(list(x = as.numeric(t(x)), cases = cases), digits = NA), "elastic_net.json")
