# Reference results of R's surveillance (r-cran-surveillance 1.20.3) on series
# made here, with other parameters than those of the tables handed to the
# project.  Usage, from this folder:
#
#   Rscript surveillance.R surveillance_series.csv surveillance.csv
#
# series.csv: series,t,count; NA is a missing report; a series whose name
#   starts with "w-" is weekly with 52 weeks a year, the others daily.
# surveillance.csv: series,t,count,method,params,expected,upper,statistic,
#   p,alarm; NA: not given by the method, or R gave NA; alarm NA: R cannot tell.
#   To keep it small a row in `thin` is kept, and the first of an alarm
#   where t is even.
suppressMessages(library(surveillance))
options(warn = -1)
set.seed(20240229, kind = "Mersenne-Twister", normal.kind = "Inversion",
        sample.kind = "Rejection")
args <- commandArgs(TRUE)

week <- function(n, base, trend, swing, size, bump = 0) {
  t <- seq_len(n)
  mu <- exp(base + trend * t + swing * cos(2 * pi * (t - 5) / 52))
  x <- if (size > 0) rnbinom(n, mu = mu, size = size) else rpois(n, mu)
  at <- n - 20
  if (bump > 0) x[at:(at + 4)] <- x[at:(at + 4)] + round(bump * mu[at])
  x
}
hole <- function(x, at) { x[at] <- NA; x }
series <- list(
  "w-season"  = week(330, 2.5, 0.002, 0.8, 8, 3),
  "w-rising"  = week(320, 0.5, 0.012, 0.3, 4, 2),
  "w-falling" = week(320, 5, -0.015, 0.5, 10, 4),
  "w-rare"    = week(330, -2, 0, 1, 0.5, 0),
  "w-absent"  = c(rep(0, 290), rpois(30, 0.8)),
  "w-large"   = week(310, 10, 0.001, 0.6, 30, 1),
  "w-exact"   = week(300, 9, 0.0005, 0.2, 0, 0),
  "w-flat"    = rep(c(2000, 2000, 2001), length.out = 300),
  "w-spiky"   = week(310, 2, 0, 0.4, 0.6, 5),
  "w-holes"   = hole(week(330, 2, 0.001, 0.5, 6, 3), c(40, 41, 90:96, 200, 278, 310)),
  "d-visits"  = rnbinom(120, mu = 12 * c(1.3, 1, 1, 1, 1.1, 0.5, 0.4), size = 20),
  "d-years"   = rnbinom(860, mu = exp(1.8 + 0.0005 * (1:860) + 0.4 * cos(2 * pi * (1:860) / 365)) *
                      c(1.3, 1, 1, 1, 1.1, 0.6, 0.5), size = 12),
  "d-holes"   = hole(rpois(90, 3), c(20, 21, 50, 71)))

out <- list()
add <- function(s, t, m, par, u, st, al, expected = NA, thin = 17, skip = NULL, p = NA) {
  on <- !is.na(al) & al == 1
  keep <- (t %% thin == 0 | (on & !c(FALSE, on[-length(on)]) & t %% 2 == 0)) & !(t %in% skip)
  if (!any(keep)) return(invisible())
  d <- data.frame(series = s, t = t, count = series[[s]][t], method = m,
                  params = par, expected = expected, upper = u,
                  statistic = st, p = p, alarm = as.integer(al))
  out[[length(out) + 1]] <<- d[keep, ]
}

ears <- function(s, S, n) {
  for (m in c("C1", "C2", "C3")) for (p in list(c(3, 0.2, 0.01), c(14, 0, 0.05))) {
    r <- earsC(S, control = list(method = m, baseline = p[1], minSigma = p[2], alpha = p[3]))
    add(s, (n - nrow(r) + 1):n, paste0("r-ears-", tolower(m)),
        sprintf("baseline=%g min_sigma=%g alpha=%g", p[1], p[2], p[3]),
        as.numeric(upperbound(r)), NA, alarms(r), thin = 31)
  }
}

charts <- function(s, S, D, x, n) {
  rg <- 30:n
  for (tr in c("standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin",
               "anscombeNegBin", "none")) for (a in c(0.05, 0.3)) {
    if (a == 0.3 && !grepl("NegBin", tr)) next
    if (grepl("anscombeNegBin", tr) && a * max(x) > 100) next
    k <- if (tr == "none") mean(x[1:29]) * 1.2 else 0.5
    k <- signif(k, 6)
    r <- algo.cusum(D, control = list(range = rg, k = k, h = 4, trans = tr, alpha = a))
    add(s, rg, "r-cusum", sprintf("k=%g h=4 transform=%s nb_alpha=%g start=30", k, tr, a),
        as.numeric(r$upperbound), as.numeric(r$cusum), r$alarm, r$control$m, thin = 31)
  }
  mu <- mean(x[1:29])
  for (p in list(c(3, 0, 0.3), c(4, 0.05, 1.2), c(7, 0.8, 0.5))) {
    run <- function(theta) {
      r <- glrnb(S, control = list(range = rg, c.ARL = p[1], mu0 = rep(mu, length(rg)),
        alpha = p[2], Mtilde = 1, M = -1, change = "intercept", theta = theta, ret = "value"))
      add(s, rg, if (is.null(theta)) "r-glr" else "r-lr",
          sprintf("c=%g nb_alpha=%g%s start=30", p[1], p[2],
                  if (is.null(theta)) "" else sprintf(" theta=%g", theta)),
          NA, as.numeric(upperbound(r)), alarms(r), mu, thin = 23)
    }
    run(p[3]); run(NULL)
  }
}

windows <- function(s, D, n, holes) {
  rg <- (if (D$freq == 52) 115 else n - 100):n
  bayes <- list(list(0, 6, TRUE), list(1, 6, TRUE), list(2, 4, FALSE))
  for (i in 1:3) {
    b <- bayes[[i]]
    r <- algo.bayes(D, control = list(range = rg, b = b[[1]], w = b[[2]], actY = b[[3]], alpha = 0.01))
    add(s, rg, paste0("r-bayes", i), sprintf("alpha=0.01 start=%d", rg[1]), as.numeric(r$upperbound), NA, r$alarm)
    if (holes) next
    r <- get(paste0("algo.rki", i))(D, control = list(range = rg))
    add(s, rg, paste0("r-rki", i), sprintf("start=%d", rg[1]), as.numeric(r$upperbound), NA, r$alarm)
  }
  if (D$freq != 52) return(invisible())
  for (p in list(c(5, 1, 0.025), c(2, 2, 0.1), c(1, 1, 0.5))) {
    rg <- (p[1] * 52 + 4 * p[2] + 4):n
    r <- algo.cdc(D, control = list(range = rg, b = p[1], m = p[2], alpha = p[3]))
    add(s, rg, "r-cdc", sprintf("b=%g m=%g alpha=%g start=%d", p[1], p[2], p[3], rg[1]),
        as.numeric(r$upperbound), as.numeric(r$aggr), r$alarm)
  }
}

# R calls a period normal when one of its last four is missing; such rows are
# left out, since ours goes by the cases that were reported.
farrington_flexible <- function(s, S, n, skip) {
  sets <- list(
    list(5, 3, 1, 3, 2.58, 0.05, "delta", "2/3", 0.05),
    list(5, 3, 10, 26, 2.58, 1, "nbPlugin", "2/3", 0.005),
    list(4, 2, 5, 10, 1, 0.05, "delta", "1/2", 0.025),
    list(3, 3, 12, 26, 1.5, 0.3, "muan", "2/3", 0.01),
    list(2, 4, 8, 4, 2, 1, "nbPlugin", "2/3", 0.05),
    list(4, 0, 3, 52, 2.58, 1, "delta", "none", 0.01),
    list(3, 5, 1, 0, 1, 1, "nbPlugin", "2/3", 0.1),
    list(5, 3, 27, 30, 2.58, 0.05, "muan", "2/3", 0.05))
  if (S@freq == 365) {
    sets <- list(list(2, 3, 10, 30, 2.58, 1, "nbPlugin", "2/3", 0.01),
                 list(2, 20, 1, 5, 1, 0.05, "delta", "2/3", 0.05))
  }
  for (p in sets) {
    rg <- max(p[[1]] * S@freq + p[[2]] + 1, n - 45):n
    r <- try(farringtonFlexible(S, control = list(range = rg, b = p[[1]], w = p[[2]],
      noPeriods = p[[3]], pastWeeksNotIncluded = p[[4]], weightsThreshold = p[[5]],
      pThresholdTrend = p[[6]], thresholdMethod = p[[7]], powertrans = p[[8]],
      alpha = p[[9]], glmWarnings = FALSE)), silent = TRUE)
    if (inherits(r, "try-error")) { message(s, ": ", r); next }
    add(s, rg, "r-farrington-flexible",
        sprintf("b=%g w=%g periods=%g past=%g weights=%g p_trend=%g threshold=%s power=%s alpha=%g start=%d",
                p[[1]], p[[2]], p[[3]], p[[4]], p[[5]], p[[6]], p[[7]], p[[8]], p[[9]], rg[1]),
        as.numeric(upperbound(r)), as.numeric(r@control$pvalue), alarms(r),
        as.numeric(r@control$expected), thin = 3, skip = skip,
        p = as.numeric(r@control$pvalue))
  }
}

farrington_original <- function(s, D, n) {
  sets <- list(list(5, 3, 0.05, "2/3", 250), list(3, 2, 0.01, "1/2", n - 60),
                 list(2, 5, 0.1, "none", n - 40), list(6, 1, 0.02, "2/3", n - 40))
  if (D$freq == 365) sets <- list(list(2, 10, 0.05, "2/3", n - 60))
  for (p in sets) {
    rg <- p[[5]]:n
    r <- try(algo.farrington(D, control = list(range = rg, b = p[[1]], w = p[[2]],
                             alpha = p[[3]], powertrans = p[[4]])), silent = TRUE)
    if (inherits(r, "try-error")) { message(s, ": ", r); next }
    add(s, rg, "r-farrington", sprintf("b=%g w=%g alpha=%g power=%s start=%d", p[[1]], p[[2]],
        p[[3]], p[[4]], rg[1]), as.numeric(r$upperbound), NA, r$alarm, thin = 5)
  }
}

for (s in names(series)) {
  x <- series[[s]]; n <- length(x); weekly <- startsWith(s, "w-"); holes <- anyNA(x)
  fq <- if (weekly) 52 else 365
  S <- sts(observed = matrix(x, ncol = 1), start = c(2001, 1), frequency = fq)
  D <- create.disProg(week = 1:n, observed = x, state = rep(0, n), start = c(2001, 1), freq = fq)
  if (n < 400) ears(s, S, n)
  # a chart from a mean of 0 is unknown to us; R divides by it
  if (!holes && sum(x[1:29]) > 0 && n < 400) charts(s, S, D, x, n)
  if (s == "d-years") {
    windows(s, D, n, holes)
    farrington_flexible(s, S, n, NULL)
    farrington_original(s, D, n)
  }
  if (!weekly) next
  windows(s, D, n, holes)
  farrington_flexible(s, S, n, unlist(lapply(which(is.na(x)), function(i) i:(i + 3))))
  if (!holes) farrington_original(s, D, n)
}

o <- do.call(rbind, out)
for (c in c("expected", "upper", "statistic", "p"))
  o[[c]] <- ifelse(is.finite(o[[c]]), trimws(formatC(o[[c]], digits = 11, format = "g")), "NA")
write.csv(o, args[2], row.names = FALSE, quote = FALSE, na = "NA")
d <- do.call(rbind, lapply(names(series), function(s)
  data.frame(series = s, t = seq_along(series[[s]]), count = series[[s]])))
write.csv(d, args[1], row.names = FALSE, quote = FALSE, na = "NA")
