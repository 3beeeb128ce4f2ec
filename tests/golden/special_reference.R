# Reference results of w2, fixed, percentile and drop, written from their
# formulas in docs/detectors.md with R's own functions.
# usage: Rscript special_reference.R > special.csv    (R 4.2.2, seed inside)
set.seed(20240301)
options(digits = 15)
num <- function(x) ifelse(is.na(x), "", formatC(x, digits = 12, format = "g"))
row <- function(s, t, x, m, par, e, u, st, p, level)
	cat(sprintf("%s,%d,%s,%s,%s,%s,%s,%s,%s,%s\n", s, t, num(x), m, par,
		num(e), num(u), num(st), num(p), level))
unknown <- function(s, t, x, m, par) row(s, t, x, m, par, NA, NA, NA, NA, "unknown")
midp <- function(x, m, v, lower) {
	if (v > m * (1 + 1e-9)) {
		d <- dnbinom(x, size = m^2 / (v - m), mu = m)
		q <- pnbinom(x, size = m^2 / (v - m), mu = m, lower.tail = lower)
	} else {
		d <- dpois(x, m); q <- ppois(x, m, lower.tail = lower)
	}
	q + if (lower) -d / 2 else d / 2
}
grade <- function(alert, warning) ifelse(alert, "alert", ifelse(warning, "warning", "normal"))

w2 <- function(s, x, B, ms) {
	par <- sprintf("baseline=%d min_sigma=%g", B, ms)
	off <- (seq_along(x) - 1) %% 7 >= 5       # t = 1 is a Monday
	for (t in seq_along(x)) {
		b <- which(off == off[t] & !is.na(x) & seq_along(x) <= t - 3)
		b <- tail(b, B)
		if (is.na(x[t]) || length(b) < B || b[1] < t - 2 - ceiling(10.5 * B)) {
			unknown(s, t, x[t], "w2", par); next
		}
		m <- mean(x[b]); sg <- max(ms, sd(x[b])); z <- (x[t] - m) / sg
		row(s, t, x[t], "w2", par, m, m + 3 * sg, z, pnorm(z, lower.tail = FALSE),
			grade(x[t] > 0 && z >= 3 - 1e-9, x[t] > 0 && z >= 2.5 - 1e-9))
	}
}
fixed <- function(s, x, n, W) {
	par <- sprintf("n=%d window=%d", n, W)
	for (t in seq_along(x)) {
		if (is.na(x[t])) { unknown(s, t, x[t], "fixed", par); next }
		now <- x[max(1, t - W + 1):t]; sum <- sum(now, na.rm = TRUE)
		r <- sum(!is.na(now))
		past <- if (t > W) x[max(1, t - W - 363):(t - W)] else numeric(0)
		a <- sum(past, na.rm = TRUE) + .5; b <- sum(!is.na(past)) + W
		p <- pnbinom(sum, a, b / (b + r), lower.tail = FALSE) +
			dnbinom(sum, a, b / (b + r)) / 2
		row(s, t, x[t], "fixed", par, NA, max(0, n - 1 - (sum - x[t])), sum, p,
			grade(sum >= n, FALSE))
	}
}
percentile <- function(s, x, q) {
	par <- sprintf("percentile=%g", q)
	week <- startsWith(s, "w-")
	period <- function(t) {
		if (week) return(if (t < 1) NA else x[t])
		v <- if (t < 7) NA else x[(t - 6):t]
		if (sum(!is.na(v)) < 4) NA else mean(v, na.rm = TRUE) * 7
	}
	for (t in seq_along(x)) {
		v <- c()
		for (y in 1:5) for (k in -2:2)
			v <- c(v, period(t - y * (if (week) 52 else 365) + k * (if (week) 1 else 7)))
		v <- v[!is.na(v)]; now <- period(t)
		if (is.na(x[t]) || is.na(now) || 2 * length(v) < 25) {
			unknown(s, t, x[t], "percentile", par); next
		}
		u <- quantile(v, q / 100, type = 7, names = FALSE)
		m <- max(mean(v), .5 / length(v))
		p <- midp(floor(now), m, max(m, var(v)) * (1 + 1 / length(v)), FALSE)
		row(s, t, x[t], "percentile", par, median(v), u, now, p, grade(now > u, FALSE))
	}
}
drop <- function(s, x) {
	day <- (seq_along(x) - 1) %% 7 + 1
	for (t in seq_along(x)) {
		if (is.na(x[t])) { unknown(s, t, x[t], "drop", ""); next }
		now <- max(1, t - 6):t; past <- setdiff(max(1, t - 62):t, now)
		now <- now[!is.na(x[now])]; past <- past[!is.na(x[past])]
		n <- sapply(1:7, function(d) sum(day[past] == d))
		m <- sapply(1:7, function(d) mean(x[past][day[past] == d]))
		k <- sapply(1:7, function(d) sum(day[now] == d))
		fit <- past[m[day[past]] > 0]
		df <- length(fit) - sum(m > 0, na.rm = TRUE)
		phi <- if (df > 0) max(1, sum((x[fit] - m[day[fit]])^2 / m[day[fit]]) / df) else 1
		chi <- c()
		for (j in 1:8) {
			b <- (t - 6 - 7 * j):(t - 7 * j)
			if (b[1] < max(1, t - 62)) next
			b <- b[!is.na(x[b])]; eb <- sum(m[day[b]])
			if (eb > 0) chi <- c(chi, (sum(x[b]) - eb)^2 / eb)
		}
		if (length(chi) >= 3) phi <- max(phi, sum(chi) / (length(chi) - 1))
		on <- k > 0
		e <- sum((k * m)[on]); v <- sum((phi * m * k * (1 + k / n))[on])
		if (any(n[on] < 3) || !(e > 0)) { unknown(s, t, x[t], "drop", ""); next }
		p <- midp(sum(x[now]), e, v, TRUE)
		row(s, t, x[t], "drop", "", e, NA, qnorm(p, lower.tail = FALSE), p,
			grade(p <= .01, p <= .05))
	}
}
cat("series,t,count,method,params,expected,upper,statistic,p,level\n")
daily <- rnbinom(200, mu = rep(c(20, 16, 15, 15, 18, 4, 3), length.out = 200), size = 8)
daily[c(40, 41, 90:99, 150)] <- NA; daily[171:190] <- rpois(20, 5)
rare <- rpois(200, .03)
years <- rpois(6 * 365 + 40, 3 + 2 * sin(2 * pi * seq_len(6 * 365 + 40) / 365))
years[c(400:420, 1000:1003)] <- NA
weeks <- rnbinom(340, mu = 8 + 5 * cos(2 * pi * (1:340) / 52), size = 5)
for (s in c("d-clinic", "d-rare")) {
	x <- if (s == "d-clinic") daily else rare
	w2(s, x, 7, .5); w2(s, x, 14, 1)
	fixed(s, x, 1, 1); fixed(s, x, 3, 14); drop(s, x)
}
percentile("d-years", years, 80); percentile("w-weeks", weeks, 90)
