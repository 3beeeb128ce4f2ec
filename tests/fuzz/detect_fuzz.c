/*
 * A method, its parameters and a window from bytes: whatever they are, every
 * cell gets a verdict that is one, or the call is refused by name, and
 * nothing is printed; a trail gives the same ones.
 *
 * Layout: method, flags, bytes of settings, the settings ("key=value\n"...),
 * then cells of 1 byte (small counts, 255 = missing, 254 = a double follows).
 */
#include "tests/fuzz/fuzz.h"

#include "detectors/detect.h"
#include "detectors/trail.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define MAX_CELLS 500
#define MAX_JUDGED 16 /* the last ones: some methods fit anew for each */

enum { WEEK = 1, DATED = 2, DENOM = 4, MARKS = 8, EARLY = 16 };

/* Stands before libc's, for libRmath to call: it prints its warnings. */
int __printf_chk(int flag, const char *format, ...);

static bool printed;

int
__printf_chk(int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	printed = true;
	va_start(args, format);
	n = vfprintf(stderr, format, args);
	va_end(args);
	return n;
}

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t
byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static const struct det_method *
choose_method(struct input *in)
{
	size_t n = 0;

	while (det_at(n) != NULL)
		n++;
	return det_at(byte(in) % n);
}

static void
set_one(const struct det_method *m, double *p, char *line)
{
	char *value = strchr(line, '=');
	double before[DET_MAX_PARAMS];
	int rc;

	if (value == NULL)
		return;
	*value++ = '\0';
	memcpy(before, p, sizeof(before));
	rc = det_params_set(m, p, line, value);
	FUZZ_CHECK(rc == DET_OK || rc == DET_ERR_PARAM || rc == DET_ERR_RANGE ||
		   rc == DET_ERR_CHOICE);
	FUZZ_CHECK(rc == DET_OK || memcmp(before, p, sizeof(before)) == 0);
	for (size_t i = 0; m->param[i].name != NULL; i++) {
		FUZZ_CHECK(p[i] >= m->param[i].min);
		FUZZ_CHECK(p[i] <= m->param[i].max);
	}
}

static void
set_params(const struct det_method *m, double *p, struct input *in)
{
	char text[256];
	size_t n = byte(in);
	char *rest = text;
	char *line;

	memset(p, 0, DET_MAX_PARAMS * sizeof(*p));
	det_params_default(m, p);
	if (n > in->left)
		n = in->left;
	memcpy(text, in->data, n);
	text[n] = '\0';
	in->data += n;
	in->left -= n;
	while ((line = strsep(&rest, "\n")) != NULL)
		set_one(m, p, line);
}

static double
cell(struct input *in)
{
	uint8_t b = byte(in);
	double x = b;

	if (b == 255)
		return NAN;
	if (b == 254 && in->left >= sizeof(x)) {
		memcpy(&x, in->data, sizeof(x));
		in->data += sizeof(x);
		in->left -= sizeof(x);
	}
	return x;
}

static double *
cells(struct input *in, size_t n)
{
	double *x = malloc(n * sizeof(*x) + 1);

	if (x == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		x[i] = cell(in);
	return x;
}

static void
check_verdicts(const struct det_window *w, size_t from,
	       const struct det_verdict *v)
{
	for (size_t i = from; i < w->n; i++) {
		const struct det_verdict *one = &v[i - from];

		FUZZ_CHECK(one->level <= DET_ALERT);
		FUZZ_CHECK((one->level == DET_UNKNOWN) ==
			   (one->reason != DET_JUDGED));
		FUZZ_CHECK(!isnan(w->count[i]) || one->level == DET_UNKNOWN);
		FUZZ_CHECK(isnan(one->p) || (one->p >= 0 && one->p <= 1));
	}
}

static void
run(const struct det_method *m, const double *p, const struct det_window *w,
    size_t from)
{
	void *scratch = malloc(m->scratch(p, w->n) + 1);
	struct det_verdict *v = malloc((w->n - from) * sizeof(*v) + 1);
	int rc;

	if (scratch == NULL || v == NULL)
		abort();
	FUZZ_CHECK(m->reach(p) >= 1);
	rc = det_judge(m, p, w, from, scratch, v);
	FUZZ_CHECK(rc == DET_OK || rc == DET_ERR_WINDOW);
	FUZZ_CHECK(!printed);
	if (rc == DET_OK)
		check_verdicts(w, from, v);
	free(scratch);
	free(v);
}

/*
 * A trail over the window, then with cell i missing: at every time the
 * verdicts of the window judged anew.
 */
static void
follow(const struct det_method *m, const double *p, const struct det_window *w,
       double *count, size_t i)
{
	struct det_trail t = { .method = m, .p = p, .every = 13, .cells = w->n };
	size_t bytes = w->n * sizeof(struct det_verdict) + 1;
	struct det_verdict *kept = malloc(bytes), *fresh = malloc(bytes);
	void *scratch = malloc(m->scratch(p, w->n) + 1);

	t.state = malloc(det_trail_bytes(m, w->n, t.every) + 1);
	if (kept == NULL || fresh == NULL || scratch == NULL || t.state == NULL)
		abort();
	for (int times = 0; times < 2; times++) {
		int rc = det_judge(m, p, w, 0, scratch, fresh);

		FUZZ_CHECK(det_trail_judge(&t, w, scratch, kept) == rc);
		if (rc != DET_OK)
			break;
		FUZZ_CHECK(memcmp(kept, fresh, bytes - 1) == 0);
		count[i] = NAN;
		det_trail_revise(&t, i);
	}
	free(kept);
	free(fresh);
	free(scratch);
	free(t.state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	const struct det_method *m = choose_method(&in);
	uint8_t flags = byte(&in);
	double p[DET_MAX_PARAMS];
	struct det_window w = { .first_t = 1, .first_day = 4 };
	double *count;
	double *denom = NULL;
	uint8_t *mark = NULL;
	size_t early;

	set_params(m, p, &in);
	w.n = in.left < MAX_CELLS ? in.left : MAX_CELLS;
	w.period = (flags & WEEK) != 0 ? DET_WEEK : DET_DAY;
	w.dated = (flags & DATED) != 0;
	if ((flags & EARLY) != 0)
		w.first_day = -719162;
	w.count = count = cells(&in, w.n);
	if ((flags & DENOM) != 0)
		w.denom = denom = cells(&in, w.n);
	if ((flags & MARKS) != 0) {
		w.mark = mark = malloc(w.n + 1);
		if (mark == NULL)
			abort();
		for (size_t i = 0; i < w.n; i++)
			mark[i] = byte(&in) & 15;
	}
	early = w.n > MAX_JUDGED ? w.n - MAX_JUDGED : 0;
	run(m, p, &w, early);
	run(m, p, &w, w.n > 0 ? w.n - 1 : 0);
	if (m->reach(p) == DET_REACH_ALL && w.n > 0)
		follow(m, p, &w, count, size % w.n);
	free(count);
	free(denom);
	free(mark);
	return 0;
}
