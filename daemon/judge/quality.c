/*
 * States of sites by their calendars, and what senders did, see quality.h.
 */
#include "daemon/judge/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/judge/names.h"

#define NEW_DAYS (JUDGE_SETTLED_DAYS / 2)
#define NEW_WEEKS (JUDGE_SETTLED_WEEKS / 2)
#define SENDERS_MAX 200000 /* without keys anybody may name any number */

const struct conf_key quality_conf_keys[] = {
	{ .name = "due_days",
	  .type = CONF_INT,
	  .offset = offsetof(struct quality_conf, due_days),
	  .def = "1",
	  .max = 60,
	  .help = "A report about a day is due by the end of this many days "
		  "after it; then the site is late." },
	{ .name = "week_due_days",
	  .type = CONF_INT,
	  .offset = offsetof(struct quality_conf, week_due_days),
	  .def = "3",
	  .max = 60,
	  .help = "The same for a report about a week, after its Sunday." },
	{ .name = "silent_after",
	  .type = CONF_INT,
	  .offset = offsetof(struct quality_conf, silent_after),
	  .def = "3",
	  .min = 1,
	  .max = 60,
	  .help = "So many due reports missing in a row, and the site is "
		  "silent: the operator is alerted." },
	{ .name = "back_fill_days",
	  .type = CONF_INT,
	  .offset = offsetof(struct quality_conf, back_fill_days),
	  .def = "7",
	  .min = 1,
	  .max = 400,
	  .help = "A site that sends first reports of days longer ago than "
		  "this is back-filling on that day." },
	{ .name = "refused_percent",
	  .type = CONF_INT,
	  .offset = offsetof(struct quality_conf, refused_percent),
	  .def = "20",
	  .min = 1,
	  .max = 100,
	  .help = "Share of a sender's counts of one day that, refused, "
		  "alerts the operator; at least 10 counts." },
	{ .name = "wal",
	  .type = CONF_SIZE,
	  .offset = offsetof(struct quality_conf, wal_bytes),
	  .def = "512MiB",
	  .min = 67108864,
	  .max = 1e12,
	  .help = "Size of the database's write-ahead log that alerts the "
		  "operator; up to 64 MiB of it, and no more than "
		  "store.reserve, are kept for use again." },
	{ .name = "first_look",
	  .type = CONF_DURATION,
	  .offset = offsetof(struct quality_conf, first_look_ms),
	  .def = "10m",
	  .max = 86400000,
	  .help = "How long after a start silence and feeds are left alone, so "
		  "that senders may hand in what they kept." },
	{ 0 },
};

/* The site's days when it last sent days long past; or DAY_NONE. */
struct filled {
	int32_t back;	 /* beyond back_fill_days */
	int32_t history; /* beyond QUALITY_HISTORY_DAYS */
};

struct quality {
	const struct quality_conf *conf;
	const struct registry *registry;
	const struct judge *judge;
	struct filled *filled; /* of a site */
	size_t sites;
	struct names codes; /* number = index of sender */
	struct quality_sender *sender;
	size_t senders_cap;
};

const char *
quality_state_str(enum quality_state state)
{
	static const char *const name[QUALITY_STATES] = {
		[QUALITY_WITHDRAWN] = "withdrawn",
		[QUALITY_BACK_FILLING] = "back-filling",
		[QUALITY_SILENT] = "silent",
		[QUALITY_LATE] = "late",
		[QUALITY_NEW] = "new",
		[QUALITY_ON_TIME] = "on-time",
	};

	return name[state];
}

struct quality *
quality_new(const struct quality_conf *conf, const struct registry *registry,
	    const struct judge *judge)
{
	struct quality *q = calloc(1, sizeof(*q));

	if (q == NULL) {
		log_error("quality: out of memory");
		return NULL;
	}
	q->conf = conf;
	q->registry = registry;
	q->judge = judge;
	return q;
}

void
quality_free(struct quality **pq)
{
	struct quality *q = *pq;

	*pq = NULL;
	if (q == NULL)
		return;
	free(q->filled);
	free(q->sender);
	names_fini(&q->codes);
	free(q);
}

const struct quality_conf *
quality_conf(const struct quality *q)
{
	return q->conf;
}

/* A site, seen through all of its series or through one. */
struct look {
	const struct quality *q;
	uint32_t site, series; /* REG_NONE = all series of the site */
	int period;
	int32_t first, last; /* of the reports in memory; DAY_NONE = none */
};

/* The series after this one; REG_NONE at the end. */
static uint32_t
next_series(const struct look *l, uint32_t series)
{
	return l->series != REG_NONE
		       ? REG_NONE
		       : registry_series_at(l->q->registry, series)->next_of_site;
}

static uint32_t
first_series(const struct look *l)
{
	return l->series != REG_NONE
		       ? l->series
		       : registry_site_at(l->q->registry, l->site)->first_series;
}

static bool
has_cell(const struct look *l, uint32_t series, int32_t day)
{
	struct judge_cell cell;

	judge_cell(l->q->judge, series, day, &cell);
	return !isnan(cell.value);
}

static bool
reported(const struct look *l, int32_t day)
{
	if (judge_closed(l->q->judge, l->site, day))
		return true;
	for (uint32_t i = first_series(l); i != REG_NONE; i = next_series(l, i)) {
		if (has_cell(l, i, day))
			return true;
	}
	return false;
}

static void
begin(struct look *l, const struct quality *q, uint32_t site, uint32_t series)
{
	*l = (struct look){ .q = q,
			    .site = site,
			    .series = series,
			    .period = registry_site_at(q->registry, site)->period,
			    .first = DAY_NONE,
			    .last = DAY_NONE };
	for (uint32_t i = first_series(l); i != REG_NONE; i = next_series(l, i)) {
		int32_t first, last;

		judge_span(q->judge, i, &first, &last);
		if (first == DAY_NONE)
			continue;
		if (l->first == DAY_NONE || first < l->first)
			l->first = first;
		if (l->last == DAY_NONE || last > l->last)
			l->last = last;
	}
}

/* Goes back from today to the last report and counts what is due. */
static void
count_missing(const struct look *l, int32_t today, struct quality_view *out)
{
	int64_t wait = l->period == 7 ? l->q->conf->week_due_days
				      : l->q->conf->due_days;

	for (int32_t d = today; d >= l->first; d--) {
		if (reported(l, d))
			return;
		if (today - d <= wait ||
		    !registry_expects(l->q->registry, l->site, d))
			continue;
		out->missing++;
		out->since = d;
	}
}

/* Has it reported often enough to be judged? */
static bool
is_known(const struct look *l)
{
	int need = l->period == 7 ? NEW_WEEKS : NEW_DAYS;

	for (uint32_t i = first_series(l); i != REG_NONE; i = next_series(l, i)) {
		int32_t first, last;
		int n = 0;

		judge_span(l->q->judge, i, &first, &last);
		if (first == DAY_NONE)
			continue;
		for (int32_t d = last; d >= first; d -= l->period) {
			n += has_cell(l, i, d);
			if (n >= need)
				return true;
		}
	}
	return false;
}

static bool
back_fills(const struct look *l, int32_t today)
{
	return l->site < l->q->sites && l->q->filled[l->site].back == today;
}

static void
look(const struct look *l, int32_t today, struct quality_view *out)
{
	*out = (struct quality_view){ .since = DAY_NONE, .last_day = l->last };
	if (l->first != DAY_NONE)
		count_missing(l, today, out);
	if (registry_site_at(l->q->registry, l->site)->withdrawn)
		out->state = QUALITY_WITHDRAWN;
	else if (back_fills(l, today))
		out->state = QUALITY_BACK_FILLING;
	else if (out->missing >= l->q->conf->silent_after)
		out->state = QUALITY_SILENT;
	else if (out->missing > 0)
		out->state = QUALITY_LATE;
	else
		out->state = is_known(l) ? QUALITY_ON_TIME : QUALITY_NEW;
}

void
quality_site(const struct quality *q, uint32_t site, const struct zone_now *now,
	     struct quality_view *out)
{
	struct look l;

	begin(&l, q, site, REG_NONE);
	look(&l, registry_today(q->registry, site, now), out);
}

void
quality_series(const struct quality *q, uint32_t series,
	       const struct zone_now *now, struct quality_view *out)
{
	uint32_t site = registry_series_at(q->registry, series)->site;
	struct look l;

	begin(&l, q, site, series);
	look(&l, registry_today(q->registry, site, now), out);
}

void
quality_count(const struct quality *q, const struct zone_now *now,
	      size_t n[QUALITY_STATES])
{
	memset(n, 0, QUALITY_STATES * sizeof(*n));
	for (uint32_t i = 0; i < registry_sites(q->registry); i++) {
		struct quality_view v;

		quality_site(q, i, now, &v);
		n[v.state]++;
	}
}

/* What the report makes of what is known of the site. */
static struct filled
filled_by(const struct quality *q, uint32_t series, int32_t day,
	  const struct zone_now *received)
{
	uint32_t site = registry_series_at(q->registry, series)->site;
	int period = registry_site_at(q->registry, site)->period;
	int32_t today = registry_today(q->registry, site, received);
	int32_t ago = today - (day + period - 1);
	struct filled f = { DAY_NONE, DAY_NONE };

	if (site < q->sites)
		f = q->filled[site];
	if (ago > q->conf->back_fill_days &&
	    (f.back == DAY_NONE || f.back < today))
		f.back = today;
	if (ago > QUALITY_HISTORY_DAYS &&
	    (f.history == DAY_NONE || f.history < today))
		f.history = today;
	return f;
}

bool
quality_is_late(const struct quality *q, uint32_t series, int32_t day,
		const struct zone_now *received)
{
	uint32_t site = registry_series_at(q->registry, series)->site;
	const struct filled f = filled_by(q, series, day, received);

	if (site >= q->sites)
		return f.back != DAY_NONE || f.history != DAY_NONE;
	return f.back != q->filled[site].back ||
	       f.history != q->filled[site].history;
}

void
quality_received(struct quality *q, uint32_t series, int32_t day,
		 const struct zone_now *received)
{
	uint32_t site = registry_series_at(q->registry, series)->site;
	size_t n = registry_sites(q->registry);

	if (!quality_is_late(q, series, day, received))
		return;
	if (site >= q->sites) {
		struct filled *all = realloc(q->filled, n * sizeof(*all));

		if (all == NULL) {
			log_error("quality: no memory for %zu sites", n);
			return;
		}
		for (size_t i = q->sites; i < n; i++)
			all[i] = (struct filled){ DAY_NONE, DAY_NONE };
		q->filled = all;
		q->sites = n;
	}
	q->filled[site] = filled_by(q, series, day, received);
}

bool
quality_was_history(const struct quality *q, uint32_t site, int32_t day)
{
	return site < q->sites && q->filled[site].history != DAY_NONE &&
	       day <= q->filled[site].history;
}

/* The sender's row, made if it is new; NULL when memory is short. */
static struct quality_sender *
sender_of(struct quality *q, const char *code)
{
	uint32_t i = names_find(&q->codes, code, strlen(code));
	struct quality_sender *s;

	if (i != NAMES_NONE)
		return &q->sender[i];
	if (q->codes.n == SENDERS_MAX)
		return NULL;
	if (q->codes.n == q->senders_cap) {
		size_t cap = q->senders_cap == 0 ? 64 : q->senders_cap * 2;

		s = realloc(q->sender, cap * sizeof(*s));
		if (s == NULL)
			goto fail;
		q->sender = s;
		q->senders_cap = cap;
	}
	i = names_add(&q->codes, code, strlen(code));
	if (i == NAMES_NONE)
		goto fail;
	s = &q->sender[i];
	*s = (struct quality_sender){ .code = q->codes.at[i],
				      .day = DAY_NONE,
				      .fork_day = DAY_NONE,
				      .gap_day = DAY_NONE };
	return s;
fail:
	log_error("quality: no memory for sender %s", code);
	return NULL;
}

void
quality_frame(struct quality *q, const struct quality_frame *f)
{
	struct quality_sender *s;

	if (f->kept + f->refused == 0)
		return;
	s = sender_of(q, f->sender);
	if (s == NULL)
		return;
	if (s->day == DAY_NONE || s->day < f->received) {
		s->day = f->received;
		s->kept = s->refused = 0;
		s->reason[0] = '\0';
	}
	s->kept += f->kept;
	s->refused += f->refused;
	s->kept_since_fork = s->kept_since_fork || f->kept > 0;
	if (f->refused > 0 && f->reason != NULL && s->reason[0] == '\0')
		snprintf(s->reason, sizeof(s->reason), "%s", f->reason);
}

void
quality_fork(struct quality *q, const char *sender, int32_t today)
{
	struct quality_sender *s = sender_of(q, sender);

	if (s == NULL)
		return;
	s->fork_day = today;
	s->kept_since_fork = false;
}

void
quality_gap(struct quality *q, const char *sender, int32_t today, uint64_t frames)
{
	struct quality_sender *s = sender_of(q, sender);

	if (s == NULL)
		return;
	if (s->gap_day != today)
		s->gap_frames = 0;
	s->gap_day = today;
	s->gap_frames += frames;
}

size_t
quality_senders(const struct quality *q)
{
	return q->codes.n;
}

const struct quality_sender *
quality_sender_at(const struct quality *q, size_t i)
{
	return &q->sender[i];
}

const struct quality_sender *
quality_sender(const struct quality *q, const char *code)
{
	uint32_t i = names_find(&q->codes, code, strlen(code));

	return i == NAMES_NONE ? NULL : &q->sender[i];
}
