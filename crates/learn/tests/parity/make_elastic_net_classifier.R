# Expected probabilities of held-out rows, written to elastic_net_classifier.json (after make_elastic_net.R).
#
#     Rscript make_elastic_net_classifier.R
#
# R's glmnet 4.1-6: cv.glmnet on rows 1 to 70 with given folds and thresh = 1e-14, predict(type = "response") on rows 71 to 90 at lambda.min and lambda.1se.
library(glmnet)
library(jsonlite)
glmnet.control(fdev = 0, devmax = 1)
table <- fromJSON("table.json")
x <- matrix(fromJSON("elastic_net.json")$x, nrow = table$rows, byrow = TRUE)
wide <- cbind(x, do.call(cbind, lapply(22:29, function(j) x[, c(1:10, 14:18)] * x[, j])))
train <- 1:70
foldid <- (train - 1) %% 5 + 1
cases <- list()
for (name in c("tall", "wide")) for (alpha in c(1, 0.5)) for (family in c("multinomial", "binomial")) {
  z <- if (name == "tall") x else wide
  target <- if (family == "multinomial") factor(table$y) else factor(table$y == 2)
  arguments <- list(z[train, ], target[train], family = family, alpha = alpha, thresh = 1e-14, maxit = 1e7)
  fit0 <- do.call(glmnet, c(arguments, nlambda = 20, lambda.min.ratio = 0.05))
  cv <- do.call(cv.glmnet, c(arguments, list(lambda = fit0$lambda, foldid = foldid, type.measure = "deviance", grouped = TRUE)))
  for (rule in c("minimum", "one_standard_error")) {
    s <- if (rule == "minimum") cv$lambda.min else cv$lambda.1se
    p <- predict(cv, z[-train, ], s = s, type = "response")
    p <- if (family == "multinomial") p[, , 1] else cbind(1 - p, p)
    cases[[length(cases) + 1]] <- list(table = unbox(name), alpha = unbox(alpha), family = unbox(family), rule = unbox(rule),
      lambda = unbox(s), probabilities = signif(as.numeric(t(p)), 10))
  }
}
write(toJSON(cases, digits = NA), "elastic_net_classifier.json")
