# Reference results of glm-nb: Rscript glm_nb_reference.R glm_nb_series.csv > glm_nb.csv
# MASS::glm.nb (R 4.2.2, MASS 7.3-58.2) fitted to all counts before each judged one; seeds inside.
suppressMessages(library(MASS))
options(warn = -1, digits = 15)
num <- function(x) formatC(x, digits = 12, format = "g")
cat("series,t,count\n", file = commandArgs(TRUE)[1])
cat("series,t,count,method,params,expected,upper,statistic,p,level\n")
one <- function(name, x, harmonics, alpha, judged) {
  if (harmonics == 1) cat(sprintf("%s,%d,%g\n", name, seq_along(x), x), sep = "", file = commandArgs(TRUE)[1], append = TRUE)
  day <- 7 * seq_along(x) - 3              # a series without dates has 52 weeks a year
  d <- data.frame(y = x, t = day / 364)
  f <- "y ~ t"
  for (j in seq_len(harmonics)) {
    d[[paste0("c", j)]] <- cos(2 * pi * j * day / 364)
    d[[paste0("s", j)]] <- sin(2 * pi * j * day / 364)
    f <- paste0(f, " + c", j, " + s", j)
  }
  for (i in seq_along(x)) {
    cell <- sprintf("%s,%d,%g,glm-nb,harmonics=%d alpha=%g", name, i, x[i], harmonics, alpha)
    if (i < judged) next
    m <- glm.nb(as.formula(f), data = d[1:(i - 1), ], control = glm.control(epsilon = 1e-12, maxit = 100))
    mu <- predict(m, d[i, ], type = "response"); th <- m$theta
    u <- qnbinom(1 - alpha, mu = mu, size = th)
    p <- pnbinom(x[i], mu = mu, size = th, lower.tail = FALSE) + dnbinom(x[i], mu = mu, size = th) / 2
    level <- if (x[i] > u) "alert" else if (p < 5 * alpha) "warning" else "normal"
    cat(cell, ",", num(mu), ",", u, ",", num(qnorm(p, lower.tail = FALSE)), ",", num(p), ",", level, "\n", sep = "")
  }
}
set.seed(20240302)
t <- 1:240
season <- exp(.6 * cos(2 * pi * t / 52.18) + .002 * t)
x <- rnbinom(240, mu = 12 * season, size = 4); x[c(203, 221)] <- x[c(203, 221)] + 60
one("w-season", x, 1, .01, 180)
one("w-season", x, 2, .05, 180)
one("w-sparse", rnbinom(240, mu = .8 * season, size = 1.5), 1, .01, 200)
one("w-large", rnbinom(240, mu = 3000 * season, size = 40), 1, .01, 200)
