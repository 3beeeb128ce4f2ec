/*
 * One new period of many series at once, tile by tile.  What does not fit
 * goes the plain way.
 */
#include "detectors/batch.h"

#include "detectors/batch_rows.h"
#include "detectors/cells.h"
#include "detectors/cusum.h"
#include "detectors/cusum_table.h"
#include "detectors/ears.h"
#include "detectors/methods.h"
#include "detectors/normal_tail.h"
#include "detectors/zeros.h"

#include <string.h>

#define LARGEST_Z 37.5
#define MAX_BASELINE ZEROS_WORD /* of cusum */
#define MAX_CELLS 1200		/* of a series judged the plain way */
#define MAX_SCRATCH 1024	/* its work space, in doubles */

static const double inverse_factorial[] = { 1,
					    1,
					    1 / 2.0,
					    1 / 6.0,
					    1 / 24.0,
					    1 / 120.0,
					    1 / 720.0,
					    1 / 5040.0,
					    1 / 40320.0,
					    1 / 362880.0,
					    1 / 3628800.0,
					    1 / 39916800.0 };

/* z of row r against the `want` rows that end `guard` rows before it. */
static void
standardise(const struct batch_tile *t, const double *p, size_t r,
	    struct batch_sums *s, double *restrict z)
{
	size_t want = (size_t)p[EARS_BASELINE];
	double n = (double)want;
	double least = p[EARS_MIN_SIGMA];
	const int32_t *restrict x = batch_row_of(t, r);

	batch_add_rows(t, r - (size_t)p[EARS_GUARD] - want, want, s);
	batch_flag_row(t, r, s);
	for (size_t j = 0; j < t->n; j++) {
		double spread = n * s->square[j] - s->sum[j] * s->sum[j];
		double sd = sqrt(spread / (n * (n - 1)));
		double sigma = sd > least ? sd : least;

		s->odd[j] |= sigma > 0 ? 0 : UINT32_MAX;
		z[j] = ((double)x[j] - s->sum[j] / n) / sigma;
	}
}

/*
 * Upper tail for |z| by the polynomial of normal_tail.h; exp(-a) by powers of
 * two and its series.
 */
void
det_batch_normal_tail(const double *z, double *p, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		double size = fabs(z[j]) < LARGEST_Z ? fabs(z[j]) : LARGEST_Z;
		double u = (size - NORMAL_TAIL_A) / (size + NORMAL_TAIL_A);
		double a = -0.5 * size * size;
		double shifted = a * 1.4426950408889634 + 6755399441055744.0;
		double whole = shifted - 6755399441055744.0;
		double r = (a - whole * 0.693147180369123816490) -
			   whole * 1.90821492927058770002e-10;
		double e = 1 / 479001600.0;
		double tail = normal_tail_poly[NORMAL_TAIL_TERMS - 1];
		int64_t bits;
		double power;

		for (int k = NORMAL_TAIL_TERMS - 2; k >= 0; k--)
			tail = tail * u + normal_tail_poly[k];
		for (int k = 11; k >= 0; k--)
			e = e * r + inverse_factorial[k];
		memcpy(&bits, &shifted, sizeof(bits));
		bits = (int64_t)((uint64_t)(bits + 1023) << 52);
		memcpy(&power, &bits, sizeof(power));
		tail = tail * e * power / (size + NORMAL_TAIL_A);
		p[j] = z[j] >= 0 ? tail : 1 - tail;
	}
}

/* The column of one series as a window of its last cells. */
static void
plain_window(const struct batch_tile *t, size_t j, size_t reach, double *count,
	     struct det_window *w)
{
	size_t n = t->b->rows < reach ? t->b->rows : reach;

	for (size_t r = 0; r < n; r++) {
		int32_t x = t->b->row[t->b->rows - n + r][t->first + j];

		count[r] = x < 0 ? NAN : (double)x;
	}
	*w = (struct det_window){ .count = count,
				  .n = n,
				  .first_t = 1,
				  .first_day = 4,
				  .period = DET_DAY };
}

static void
put(const struct det_batch_out *out, size_t at, const struct det_verdict *v)
{
	out->statistic[at] = v->statistic;
	out->level[at] = (uint8_t)v->level;
	if (out->p != NULL)
		out->p[at] = v->p;
}

static void
plain_ears(const struct det_method *m, const double *p,
	   const struct batch_tile *t, size_t j, const struct det_batch_out *out)
{
	double count[MAX_CELLS];
	double scratch[MAX_SCRATCH];
	struct det_window w;
	struct det_verdict v;

	plain_window(t, j, m->reach(p), count, &w);
	m->judge(p, &w, w.n - 1, scratch, &v);
	put(out, t->first + j, &v);
}

static void
grade(const struct batch_tile *t, const double *restrict statistic,
      double yellow, double red, uint8_t *restrict level)
{
	const int32_t *restrict x = batch_row_of(t, t->b->rows - 1);

	for (size_t j = 0; j < t->n; j++) {
		int above = DET_NORMAL + (statistic[j] >= yellow) +
			    (statistic[j] >= red);

		level[j] = (uint8_t)(x[j] > 0 ? above : DET_NORMAL);
	}
}

/* Adds what the two periods before hand on to ears-c3. */
static void
add_carried(const struct batch_tile *t, const double *p, size_t today,
	    struct batch_sums *s, double *restrict statistic)
{
	size_t first = (size_t)p[EARS_BASELINE] + (size_t)p[EARS_GUARD];
	double z[BATCH_TILE];

	for (size_t back = 1; back <= 2 && today >= first + back; back++) {
		standardise(t, p, today - back, s, z);
		for (size_t j = 0; j < t->n; j++) {
			double part = z[j] - p[EARS_K];

			part = part > 0 ? part : 0;
			statistic[j] += part < EARS_RED - CELLS_TIE ? part : 0;
		}
	}
}

static void
ears_tile(const struct det_method *m, const double *p,
	  const struct batch_tile *t, const struct det_batch_out *out)
{
	double *restrict statistic = out->statistic + t->first;
	size_t today = t->b->rows - 1;
	double k = p[EARS_K];
	struct batch_sums s = { .odd = { 0 } };
	double z[BATCH_TILE];

	standardise(t, p, today, &s, z);
	for (size_t j = 0; j < t->n; j++)
		statistic[j] = z[j] > k ? z[j] - k : 0;
	if (m == &det_ears_c3)
		add_carried(t, p, today, &s, statistic);
	grade(t, statistic, EARS_YELLOW - CELLS_TIE, EARS_RED - CELLS_TIE,
	      out->level + t->first);
	if (out->p != NULL) {
		for (size_t j = 0; j < t->n; j++) {
			double low = z[j] < k ? z[j] : k;

			z[j] = statistic[j] > 0 ? k + statistic[j] : low;
		}
		det_batch_normal_tail(z, out->p + t->first, t->n);
	}
	for (size_t j = 0; j < t->n; j++) {
		if (s.odd[j] >> 31 != 0)
			plain_ears(m, p, t, j, out);
	}
}

int
det_batch_ears(const struct det_method *m, const double *p,
	       const struct det_batch *b, const struct det_batch_out *out)
{
	size_t needed = (size_t)p[EARS_BASELINE] + (size_t)p[EARS_GUARD] + 1;
	struct batch_tile t = { .b = b };

	if (m != &det_ears_c1 && m != &det_ears_c2 && m != &det_ears_c3)
		return DET_ERR_METHOD;
	for (; t.first < b->series; t.first += BATCH_TILE) {
		t.n = b->series - t.first < BATCH_TILE ? b->series - t.first
						       : BATCH_TILE;
		if (b->rows >= needed) {
			ears_tile(m, p, &t, out);
			continue;
		}
		for (size_t j = 0; j < t.n; j++) {
			struct det_verdict v = cells_unknown(DET_LEARNING);

			put(out, t.first + j, &v);
		}
	}
	return DET_OK;
}

static void
plain_cusum(const double *p, const struct batch_tile *t, size_t j, double *sum,
	    const struct det_batch_out *out)
{
	size_t reach =
		cells_reach((size_t)p[CUSUM_GUARD], (size_t)p[CUSUM_BASELINE]);
	double count[MAX_CELLS];
	double scratch[MAX_SCRATCH];
	struct det_window w;
	struct det_verdict v;

	plain_window(t, j, reach, count, &w);
	v = cusum_step(p, &w, w.n - 1, sum + t->first + j, scratch);
	put(out, t->first + j, &v);
}

/* A bit for every zero of the baseline, the last in the lowest. */
static void
zero_bits(const struct batch_tile *t, size_t from, size_t want,
	  uint32_t *restrict zeros)
{
	size_t r = from;

	memset(zeros, 0, BATCH_TILE * sizeof(*zeros));
	for (; r + 4 <= from + want; r += 4) {
		const int32_t *restrict x0 = batch_row_of(t, r);
		const int32_t *restrict x1 = batch_row_of(t, r + 1);
		const int32_t *restrict x2 = batch_row_of(t, r + 2);
		const int32_t *restrict x3 = batch_row_of(t, r + 3);

		for (size_t j = 0; j < t->n; j++)
			zeros[j] = zeros[j] << 4 | (uint32_t)(x0[j] == 0) << 3 |
				   (uint32_t)(x1[j] == 0) << 2 |
				   (uint32_t)(x2[j] == 0) << 1 |
				   (uint32_t)(x3[j] == 0);
	}
	for (; r < from + want; r++) {
		const int32_t *restrict x = batch_row_of(t, r);

		for (size_t j = 0; j < t->n; j++)
			zeros[j] = zeros[j] << 1 | (uint32_t)(x[j] == 0);
	}
}

/* How many bits of each are set. */
static void
count_zeros(const uint32_t *restrict zeros, size_t n, uint32_t *restrict all)
{
	for (size_t j = 0; j < n; j++) {
		uint32_t x = zeros[j];

		x -= x >> 1 & 0x55555555;
		x = (x & 0x33333333) + (x >> 2 & 0x33333333);
		x = (x + (x >> 4)) & 0x0f0f0f0f;
		x += x >> 8;
		all[j] = (x + (x >> 16)) & 0x3f;
	}
}

/* As long as the longest run of ones in each, or a little longer. */
static void
bound_runs(const uint32_t *restrict zeros, size_t n, uint8_t *restrict bound)
{
	for (size_t j = 0; j < n; j++) {
		uint32_t z = zeros[j];
		uint32_t two = z & z >> 1;
		uint32_t four = two & two >> 2;
		uint32_t six = four & two >> 4;
		uint32_t eight = four & four >> 4;
		uint32_t twelve = eight & four >> 8;
		uint32_t most = eight & eight >> 8;
		int low = (two != 0) + ((two & z >> 2) != 0) + (four != 0) +
			  ((four & z >> 4) != 0) + (six != 0) +
			  ((six & z >> 6) != 0);
		int high = (eight != 0) + ((eight & two >> 8) != 0) +
			   (twelve != 0) + ((twelve & two >> 12) != 0);

		bound[j] = (uint8_t)(1 + low + 2 * high + (most != 0 ? 17 : 0));
	}
}

/* Values that stay without excess zeros; 0 below two positive ones. */
static void
kept_values(const struct batch_tile *t, const uint32_t *restrict zeros,
	    size_t want, double *restrict kept)
{
	uint8_t bound[BATCH_TILE];
	uint32_t all[BATCH_TILE];
	uint16_t some[BATCH_TILE]; /* series whose zeros may be too many */
	uint8_t least[ZEROS_WORD + 1];
	size_t n = 0;

	for (size_t i = 0; i <= want; i++)
		least[i] = (uint8_t)zeros_least_run(want, i);
	count_zeros(zeros, t->n, all);
	bound_runs(zeros, t->n, bound);
	for (size_t j = 0; j < t->n; j++) {
		kept[j] = all[j] + 2 <= want ? (double)(int32_t)want : 0;
		some[n] = (uint16_t)j;
		n += bound[j] >= least[all[j]];
	}
	for (size_t i = 0; i < n; i++) {
		size_t j = some[i];

		kept[j] -= (double)zeros_excess_of_word(zeros[j], want, all[j]);
	}
}

/* The new sums of a tile, as if no series were odd. */
static void
cusum_sums(const struct batch_tile *t, const double *p,
	   const struct batch_sums *s, const double *restrict before,
	   double *restrict statistic)
{
	size_t want = (size_t)p[CUSUM_BASELINE];
	size_t today = t->b->rows - 1;
	const int32_t *restrict x = batch_row_of(t, today);
	double reset = p[CUSUM_RESET];
	double least = p[CUSUM_MIN_SIGMA];
	double k = p[CUSUM_K];
	uint32_t zeros[BATCH_TILE];
	double kept[BATCH_TILE];

	zero_bits(t, today - (size_t)p[CUSUM_GUARD] - want, want, zeros);
	kept_values(t, zeros, want, kept);
	for (size_t j = 0; j < t->n; j++) {
		double n = kept[j] > 0 ? kept[j] : 2;
		double spread = n * s->square[j] - s->sum[j] * s->sum[j];
		double sd = sqrt(spread / (n * (n - 1)));
		double sigma = sd > least ? sd : least;
		double z = ((double)x[j] - s->sum[j] / n) / sigma - k;
		double carry = before[j] > reset ? reset / 2 : before[j];
		double next = carry + z > 0 ? carry + z : 0;

		statistic[j] = kept[j] > 0 ? next : (double)x[j];
	}
}

static void
cusum_tile(const double *p, const struct batch_tile *t, double *sum,
	   const struct det_batch_out *out)
{
	size_t want = (size_t)p[CUSUM_BASELINE];
	size_t today = t->b->rows - 1;
	double *restrict statistic = out->statistic + t->first;
	struct batch_sums s = { .odd = { 0 } };

	batch_add_rows(t, today - (size_t)p[CUSUM_GUARD] - want, want, &s);
	batch_flag_row(t, today, &s);
	cusum_sums(t, p, &s, sum + t->first, statistic);
	grade(t, statistic, cusum_limit(CUSUM_YELLOW_P * (1 + CELLS_TIE)),
	      cusum_limit(CUSUM_RED_P * (1 + CELLS_TIE)), out->level + t->first);
	for (size_t j = 0; j < t->n; j++) {
		if (s.odd[j] >> 31 != 0)
			plain_cusum(p, t, j, sum, out);
		else
			sum[t->first + j] = statistic[j];
	}
	for (size_t j = 0; out->p != NULL && j < t->n; j++)
		out->p[t->first + j] =
			isnan(statistic[j]) ? NAN : cusum_p(statistic[j]);
}

int
det_batch_cusum(const double *p, const struct det_batch *b, double *sum,
		const struct det_batch_out *out)
{
	size_t want = (size_t)p[CUSUM_BASELINE];
	struct batch_tile t = { .b = b };

	for (; t.first < b->series; t.first += BATCH_TILE) {
		t.n = b->series - t.first < BATCH_TILE ? b->series - t.first
						       : BATCH_TILE;
		if (b->rows > want + (size_t)p[CUSUM_GUARD] &&
		    want <= MAX_BASELINE) {
			cusum_tile(p, &t, sum, out);
			continue;
		}
		for (size_t j = 0; b->rows > 0 && j < t.n; j++)
			plain_cusum(p, &t, j, sum, out);
	}
	return DET_OK;
}
