/*
 * See trail.h.  The state before cell k * every lies in place k; place 0,
 * whose state the walk makes itself, is that before the first cell without a
 * verdict, and one more behind the last is for work.
 */
#include "detectors/trail.h"

#include "detectors/cells.h"

#include <string.h>

size_t
det_trail_bytes(const struct det_method *m, size_t cells, size_t every)
{
	return m->carry != NULL ? (cells / every + 2) * m->carry->bytes : 0;
}

void
det_trail_revise(struct det_trail *t, size_t i)
{
	if (i >= t->judged)
		return;
	if (t->low >= t->high) {
		t->low = i;
		t->high = i + 1;
	}
	t->low = i < t->low ? i : t->low;
	t->high = i >= t->high ? i + 1 : t->high;
}

static unsigned char *
place(const struct det_trail *t, size_t k)
{
	return t->state + k * t->method->carry->bytes;
}

/* Walks over cells begin..end-1 with the state in place `at`. */
static void
walk(struct det_trail *t, const struct det_window *w, struct det_walk *k,
     size_t begin, size_t end)
{
	k->begin = begin;
	k->end = end;
	t->method->carry->walk(t->p, w, k);
	if (k->out != NULL)
		cells_clamp(k->out, end - begin);
	t->steps += end - begin;
}

/*
 * Goes on from k->state, that before cell `begin`, saving states; ends at
 * `end`, or where nothing revised is read any more and the state is one that
 * was saved.  Returns the cell behind the last that was judged.
 */
static size_t
advance(struct det_trail *t, const struct det_window *w, struct det_walk *k,
	size_t begin, size_t end, struct det_verdict *out)
{
	const struct det_carry *carry = t->method->carry;

	while (begin < end) {
		size_t next = (begin / t->every + 1) * t->every;
		unsigned char *saved = place(t, next / t->every);

		k->out = out + begin;
		walk(t, w, k, begin, next < end ? next : end);
		begin = next;
		if (next > end)
			break;
		if (next <= t->judged &&
		    next - carry->behind(t->p, k->state, next) >= t->high &&
		    memcmp(saved, k->state, carry->bytes) == 0)
			return next;
		memcpy(saved, k->state, carry->bytes);
	}
	return end;
}

static void
judge_carried(struct det_trail *t, const struct det_window *w, void *scratch,
	      struct det_verdict *out)
{
	size_t bytes = t->method->carry->bytes;
	struct det_walk k = { .state = place(t, t->cells / t->every + 1),
			      .scratch = scratch };

	if (t->low < t->high) {
		size_t from = t->low / t->every;

		memcpy(k.state, place(t, from), bytes);
		walk(t, w, &k, from * t->every, t->low);
		if (advance(t, w, &k, t->low, t->judged, out) == t->judged)
			memcpy(place(t, 0), k.state, bytes);
	}
	t->high = 0;
	memcpy(k.state, place(t, 0), bytes);
	advance(t, w, &k, t->judged, w->n, out);
	memcpy(place(t, 0), k.state, bytes);
}

static int
judge_range(struct det_trail *t, const struct det_window *w, size_t from,
	    void *scratch, struct det_verdict *out)
{
	int rc;

	if (from >= w->n)
		return DET_OK;
	rc = t->method->judge(t->p, w, from, scratch, out + from);
	if (rc == DET_OK)
		cells_clamp(out + from, w->n - from);
	t->steps += w->n - from;
	return rc;
}

/* What a revised cell reaches, then what is new. */
static int
judge_reached(struct det_trail *t, const struct det_window *w, void *scratch,
	      struct det_verdict *out)
{
	size_t reach = t->method->reach(t->p);
	struct det_window part = *w;
	int rc = DET_OK;

	part.n = t->judged;
	if (t->low < t->high && reach < t->judged - t->high + 1)
		part.n = t->high + reach - 1;
	if (t->low < t->high)
		rc = judge_range(t, &part, t->low, scratch, out);
	if (rc == DET_OK)
		rc = judge_range(t, w, t->judged, scratch, out);
	return rc;
}

int
det_trail_judge(struct det_trail *t, const struct det_window *w, void *scratch,
		struct det_verdict *out)
{
	int rc = DET_OK;

	t->steps = 0;
	if (w->n < t->judged || w->first_t != t->first_t ||
	    w->first_day != t->first_day)
		t->judged = t->low = t->high = 0;
	if (w->n > t->cells || !cells_ok(w, t->low, t->high) ||
	    !cells_ok(w, t->judged, w->n))
		return DET_ERR_WINDOW;
	if (t->method->carry != NULL)
		judge_carried(t, w, scratch, out);
	else
		rc = judge_reached(t, w, scratch, out);
	if (rc != DET_OK)
		return rc;
	t->judged = w->n;
	t->low = t->high = 0;
	t->first_t = w->first_t;
	t->first_day = w->first_day;
	return DET_OK;
}
