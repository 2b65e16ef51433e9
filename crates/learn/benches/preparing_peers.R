# glmnet on the table of preparing.rs: one path of 100 strengths, on one core.
#
#     Rscript preparing_peers.R
library(glmnet)
n <- 1000; p <- 2000
noise <- function(i, j) { t <- sin(12.9898 * (i + 1) + 78.233 * (j + 1)) * 43758.5453; 2 * (t - floor(t)) - 1 }
i <- 0:(n - 1); class <- i %% 3 - 1
x <- sapply(0:(p - 1), function(j) (if (j < 400 && j %% 10 == 0) 0.15 else 0) * class * (if (j %% 20 == 0) 1 else class) + noise(i, j) + 0.5 * noise(i, p + j %/% 8))
for (repeat_ in 1:2) {
  t <- system.time(fit <- glmnet(x, factor(i %% 3), family = "multinomial", type.logistic = "Newton"))
  cat("user", t[["user.self"]], "s,", length(fit$lambda), "strengths, dev.ratio", max(fit$dev.ratio), "nonzero", sum(Reduce(`|`, lapply(fit$beta, function(b) b[, ncol(b)] != 0))), "\n")
}
