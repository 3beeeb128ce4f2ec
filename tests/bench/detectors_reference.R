# Judged periods per second of R's surveillance and, where RNSSP names the
# folder of its three files, of Rnssp, on series like those of the bench.
# usage: Rscript detectors_reference.R [RNSSP] > reference.csv
suppressMessages(library(surveillance))
options(warn = -1)
set.seed(1)
dir <- commandArgs(TRUE)[1]
days <- rpois(1460, rep(c(15, 15, 15, 15, 15, 6, 6), length.out = 1460))
weeks <- rpois(624, 10 + 6 * sin((0:623) * .1208))
daily <- sts(observed = matrix(days), start = c(2001, 1), frequency = 365)
weekly <- sts(observed = matrix(weeks), start = c(2001, 1), frequency = 52)
prog <- create.disProg(week = 1:624, observed = weeks, state = rep(0, 624), start = c(2001, 1), freq = 52)
rate <- function(method, n, f) {
	f()
	times <- 0
	t0 <- proc.time()[["user.self"]]
	repeat {
		f(); times <- times + 1
		t <- proc.time()[["user.self"]] - t0
		if (t > .5) break
	}
	cat(sprintf("%s,%.1f\n", method, n * times / t))
}
for (m in c("C1", "C2", "C3"))
	for (ours in c("ears-", "r-ears-"))
		rate(paste0(ours, tolower(m)), 1450, function() earsC(daily, control = list(method = m)))
rg <- 157:624
for (ours in c("cusum", "r-cusum"))
	rate(ours, length(rg), function() algo.cusum(prog, control = list(range = rg)))
for (i in 1:3) {
	rate(paste0("r-bayes", i), length(rg), function() get(paste0("algo.bayes", i))(prog, control = list(range = rg)))
	rate(paste0("r-rki", i), length(rg), function() get(paste0("algo.rki", i))(prog, control = list(range = rg)))
}
for (ch in c("lr", "glr"))
	rate(paste0("r-", ch), length(rg), function() glrnb(weekly, control = list(range = rg, c.ARL = 5,
		mu0 = rep(mean(weeks[1:156]), length(rg)), alpha = 0, Mtilde = 1, M = -1, change = "intercept",
		theta = if (ch == "lr") log(2) else NULL, ret = "value")))
rf <- 380:420
rate("r-farrington-flexible", length(rf), function() farringtonFlexible(weekly, control = list(range = rf,
	b = 4, w = 3, noPeriods = 10, thresholdMethod = "nbPlugin", pastWeeksNotIncluded = 26,
	weightsThreshold = 2.58, pThresholdTrend = 1, alpha = .01, glmWarnings = FALSE)))
rate("r-farrington", length(rf), function() algo.farrington(prog, control = list(range = rf, b = 5, w = 3)))
rate("r-cdc", length(rf), function() algo.cdc(prog, control = list(range = rf)))
if (!is.na(dir)) suppressMessages(try(silent = TRUE, {
	for (p in c("dplyr", "magrittr", "rlang", "tidyr", "purrr", "lubridate", "slider")) library(p, character.only = TRUE)
	for (f in list.files(dir, "^alert_.*[.]R$", full.names = TRUE)) source(f)
	d <- data.frame(date = as.Date("2020-01-01") + seq_along(days) - 1, count = days)
	for (m in c("ewma", "regression", "switch"))
		rate(paste0("rnssp-", m), length(days), function() get(paste0("alert_", m))(d, t = date, y = count))
}))
