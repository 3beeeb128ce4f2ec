# Series for rnssp.csv: Rscript rnssp_series.R SERIES.csv (columns series, date, count); then, with TZ=UTC,
# Rscript ../shared/golden/rnssp/rnssp_reference.R ../shared/golden/rnssp SERIES.csv rnssp.csv (Rnssp 0.3.1).
# Closed weekends, a level shift, growth, a long gap of zeros, large counts, an outbreak that lasts.
a <- commandArgs(TRUE)
set.seed(20240229)
n <- 110
t <- seq_len(n)
d <- as.Date("2023-10-04") + t - 1
wd <- as.integer(format(d, "%u"))
s <- list(
  closed = ifelse(wd >= 6, 0, rnbinom(n, mu = 14, size = 5)),
  shift = rpois(n, ifelse(t < 60, 4, 11) * ifelse(wd >= 6, .6, 1)),
  growth = rpois(n, exp(2 + .02 * t)),
  gap = ifelse(t > 40 & t < 80, 0, rpois(n, 3)),
  large = rnbinom(n, mu = 40000 * (1 + .3 * cos(2 * pi * wd / 7)), size = 300),
  lasting = rpois(n, 9) + ifelse(t >= 70 & t <= 84, rpois(n, 12), 0))
out <- do.call(rbind, lapply(names(s), function(k)
  data.frame(series = k, date = d, count = s[[k]])))
write.csv(out, a[1], row.names = FALSE, quote = FALSE)
