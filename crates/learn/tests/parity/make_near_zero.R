# Expected choices of the variance filter, written to near_zero.json (after make_table.py).
#
#     Rscript make_near_zero.R
#
# R's caret 6.0-93, nearZeroVar. Columns are counted from 0.
library(caret)
library(jsonlite)
table <- fromJSON("table.json")
x <- matrix(table$x, nrow = table$rows, byrow = TRUE)
cases <- list(c(95 / 5, 10), c(1, 10), c(1, 2), c(50, 10))
out <- lapply(cases, function(case) {
  m <- nearZeroVar(x, freqCut = case[1], uniqueCut = case[2], saveMetrics = TRUE)
  list(frequency_ratio = unbox(case[1]), unique_percent = unbox(case[2]), kept = which(!m$nzv) - 1)
})
write(toJSON(out, digits = NA), "near_zero.json")
