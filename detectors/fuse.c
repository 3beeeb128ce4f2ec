/*
 * Fusion of evidence, see fuse.h.
 */
#include "detectors/fuse.h"

#include <math.h>
#include <stdbool.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static double
clamp(double p)
{
	if (p < FUSE_P_MIN)
		return FUSE_P_MIN;
	return p > FUSE_P_MAX ? FUSE_P_MAX : p;
}

/* Sorts the known p to the front, smallest first; returns their number.
   Shell sort: no recursion, no heap, and n is a few hundred at most. */
static size_t
sort_known(double *p, size_t n)
{
	size_t known = 0, gap = 1;

	for (size_t i = 0; i < n; i++) {
		if (!isnan(p[i]))
			p[known++] = p[i];
	}
	while (gap < known / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3) {
		for (size_t i = gap; i < known; i++) {
			double x = p[i];
			size_t k = i;

			for (; k >= gap && p[k - gap] > x; k -= gap)
				p[k] = p[k - gap];
			p[k] = x;
		}
	}
	return known;
}

double
fuse_simes(double *p, size_t n)
{
	size_t known = sort_known(p, n);
	double best = NAN;

	for (size_t i = 0; i < known; i++) {
		double x = p[i] * (double)known / (double)(i + 1);

		if (isnan(best) || x < best)
			best = x;
	}
	return best;
}

/* tan((1/2 - p) pi); 1 / (p pi) is its limit where the tangent loses digits. */
static double
cauchy_score(double p)
{
	return p < 1e-10 ? 1 / (p * M_PI) : tan((0.5 - p) * M_PI);
}

double
fuse_cauchy(const double *p, const double *w, size_t n)
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < n; i++) {
		double wi = w == NULL ? 1 : w[i];

		if (isnan(p[i]) || !(wi > 0))
			continue;
		sum += wi * cauchy_score(clamp(p[i]));
		weight += wi;
	}
	if (weight <= 0)
		return NAN;
	sum /= weight;
	return sum > 1e10 ? 1 / (sum * M_PI) : 0.5 - atan(sum) / M_PI;
}

double
fuse_k_of_n(double *p, size_t n, size_t k)
{
	size_t known = sort_known(p, n);

	if (k == 0 || known < k)
		return NAN;
	return fmin(1, p[k - 1] * (double)known / (double)k);
}

double
fuse_votes(const double *p, const double *w, size_t n, double need, double *level)
{
	double all = 0;

	*level = NAN;
	for (size_t i = 0; i < n; i++) {
		double votes = 0;

		if (isnan(p[i]))
			continue;
		all += w[i];
		for (size_t k = 0; k < n; k++)
			votes += p[k] <= p[i] ? w[k] : 0;
		if (votes >= need && !(p[i] >= *level))
			*level = p[i];
	}
	return isnan(*level) ? NAN : fmin(1, *level * all / need);
}

double
fuse_score(double p)
{
	return isnan(p) ? NAN : qnorm(clamp(p), 0, 1, 0, 0);
}

double
fuse_upper(double z)
{
	return pnorm(z, 0, 1, 0, 0);
}

/* Lower Cholesky factor in place; false where a is not positive definite. */
static bool
factor(double a[FUSE_MAX_KINDS][FUSE_MAX_KINDS], size_t n)
{
	for (size_t j = 0; j < n; j++) {
		double d = a[j][j];

		for (size_t k = 0; k < j; k++)
			d -= a[j][k] * a[j][k];
		if (!(d > 1e-9))
			return false;
		a[j][j] = sqrt(d);
		for (size_t i = j + 1; i < n; i++) {
			double s = a[i][j];

			for (size_t k = 0; k < j; k++)
				s -= a[i][k] * a[j][k];
			a[i][j] = s / a[j][j];
		}
	}
	return true;
}

/* Solves L L' x = 1 for the factor L. */
static void
solve_ones(double l[FUSE_MAX_KINDS][FUSE_MAX_KINDS], size_t n, double *x)
{
	for (size_t i = 0; i < n; i++) {
		x[i] = 1;
		for (size_t k = 0; k < i; k++)
			x[i] -= l[i][k] * x[k];
		x[i] /= l[i][i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			x[i] -= l[k][i] * x[k];
		x[i] /= l[i][i];
	}
}

double
fuse_stouffer(const double *p, const double *r, size_t n)
{
	double a[FUSE_MAX_KINDS][FUSE_MAX_KINDS], w[FUSE_MAX_KINDS];
	size_t at[FUSE_MAX_KINDS], m = 0;
	double sum = 0, var = 0;

	for (size_t i = 0; i < n && i < FUSE_MAX_KINDS; i++) {
		if (!isnan(p[i]))
			at[m++] = i;
	}
	for (size_t i = 0; i < m; i++) {
		for (size_t k = 0; k < m; k++)
			a[i][k] = r[at[i] * n + at[k]];
	}
	if (m == 0 || !factor(a, m))
		return NAN;
	solve_ones(a, m, w);
	for (size_t i = 0; i < m; i++) {
		w[i] = fmax(w[i], 0);
		sum += w[i] * fuse_score(p[at[i]]);
	}
	for (size_t i = 0; i < m; i++) {
		for (size_t k = 0; k < m; k++)
			var += w[i] * w[k] * r[at[i] * n + at[k]];
	}
	return var > 0 ? fuse_upper(sum / sqrt(var)) : NAN;
}

/* Correlation of two columns; *days gets the days both are known on. */
static double
correlation(const double *z, size_t n, size_t m, size_t i, size_t k, double *days)
{
	double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, c = 0;

	for (size_t d = 0; d < m; d++) {
		double x = z[d * n + i], y = z[d * n + k];

		if (isnan(x) || isnan(y))
			continue;
		c++;
		sx += x;
		sy += y;
		sxx += x * x;
		syy += y * y;
		sxy += x * y;
	}
	*days = c;
	if (c < 3)
		return 0;
	sxx -= sx * sx / c;
	syy -= sy * sy / c;
	sxy -= sx * sy / c;
	return sxx > 1e-12 && syy > 1e-12 ? sxy / sqrt(sxx * syy) : 0;
}

void
fuse_correlation(const double *z, size_t n, size_t m, double common,
		 double worth, double *r)
{
	for (size_t i = 0; i < n; i++) {
		r[i * n + i] = 1;
		for (size_t k = 0; k < i; k++) {
			double days, c = correlation(z, n, m, i, k, &days);

			if (days < 3)
				days = 0;
			c = (c * days + common * worth) / (days + worth);
			r[i * n + k] = c;
			r[k * n + i] = c;
		}
	}
}

double
fuse_count_p(double x, double sum, double n)
{
	double size = sum + 0.5, prob = n / (n + 1);

	if (!(n >= 1) || isnan(x) || isnan(sum))
		return NAN;
	x = floor(x + 0.5);
	return pnbinom(x, size, prob, 0, 0) + dnbinom(x, size, prob, 0) / 2;
}

double
fuse_ebp(double observed, double expected)
{
	if (!(observed > expected))
		return 0;
	return observed * log(observed / expected) + expected - observed;
}

double
fuse_scan(const double *observed, const double *expected, size_t n,
	  size_t *order, size_t *best_n)
{
	double sum_c = 0, sum_b = 0, best = 0;
	size_t m = 0;

	*best_n = 0;
	for (size_t i = 0; i < n; i++) {
		size_t k;

		if (isnan(observed[i]) || !(expected[i] > 0))
			continue;
		for (k = m; k > 0; k--) {
			size_t o = order[k - 1];

			if (observed[o] * expected[i] >= observed[i] * expected[o])
				break;
			order[k] = o;
		}
		order[k] = i;
		m++;
	}
	for (size_t i = 0; i < m; i++) {
		double score;

		sum_c += observed[order[i]];
		sum_b += expected[order[i]];
		score = fuse_ebp(sum_c, sum_b);
		if (score > best) {
			best = score;
			*best_n = i + 1;
		}
	}
	return best;
}

double
fuse_scan_p(double score, size_t n)
{
	double p = 0;

	for (size_t k = 1; k <= n; k++)
		p += dbinom((double)k, (double)n, 0.5, 0) *
		     pchisq(2 * score, (double)k, 0, 0);
	return n == 0 ? NAN : p;
}
