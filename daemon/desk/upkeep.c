/*
 * Operators' alerts, see upkeep.h.  What is wrong now is compared with what
 * was wrong before: a new fault raises an alert, one that is over mends it,
 * and one of which nothing is known yet (after a start) leaves it as it is.
 */
#include "daemon/desk/upkeep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "daemon/desk/upkeep_rows.h"
#include "daemon/judge/quality_feed.h"

#define MANY_OF 10	 /* sites at least, to say that most are silent */
#define REFUSED_LEAST 10 /* counts */
#define FINE_LOOKS 60	 /* in a row, before a fault of the centre is over */

struct upkeep *
upkeep_new(const struct registry *registry, struct judge *judge,
	   const struct quality *quality, struct desk *desk)
{
	struct upkeep *u = calloc(1, sizeof(*u));

	if (u == NULL) {
		log_error("upkeep: out of memory");
		return NULL;
	}
	u->registry = registry;
	u->judge = judge;
	u->quality = quality;
	u->desk = desk;
	if (upkeep_restore(u) < 0)
		upkeep_free(&u);
	return u;
}

void
upkeep_free(struct upkeep **pu)
{
	struct upkeep *u = *pu;

	*pu = NULL;
	if (u == NULL)
		return;
	names_fini(&u->keys);
	free(u->row);
	names_fini(&u->gateways);
	free(u->gateway);
	free(u);
}

/* A fault of a site; facts are taken. */
static int
raise_site(struct upkeep *u, enum upkeep_cause cause, uint32_t site,
	   int32_t since, json_t *facts)
{
	const struct reg_site *s = registry_site_at(u->registry, site);
	const struct upkeep_fault f = { .cause = cause,
					.code = s->code,
					.site = site,
					.area = s->area,
					.since = since,
					.facts = facts };

	return upkeep_raise(u, &f);
}

static int
look_silence(struct upkeep *u, uint32_t site, const struct quality_view *v)
{
	const struct reg_site *s = registry_site_at(u->registry, site);
	uint32_t g = names_find(&u->gateways, s->gateway, strlen(s->gateway));
	bool told = u->many || (g != NAMES_NONE && u->gateway[g].wrong);

	if (v->state == QUALITY_SILENT && !told &&
	    !upkeep_is_on(u, UPKEEP_SILENCE, s->code))
		return raise_site(u, UPKEEP_SILENCE, site, v->since,
				  json_object());
	if (v->missing == 0 || v->state == QUALITY_WITHDRAWN)
		return upkeep_mend(u, UPKEEP_SILENCE, s->code);
	return 0;
}

static json_t *
feed_facts(const struct upkeep *u, const struct quality_feed *f)
{
	json_t *facts = json_object();
	char text[32];

	snprintf(text, sizeof(text), "%.0f", f->seen);
	json_object_set_new(facts, "seen", json_string(text));
	snprintf(text, sizeof(text), "%.0f", f->usual);
	json_object_set_new(facts, "usual", json_string(text));
	if (f->series != REG_NONE) {
		const struct reg_series *s =
			registry_series_at(u->registry, f->series);

		json_object_set_new(
			facts, "indicator",
			json_string(registry_indicator_at(u->registry, s->indicator)
					    ->code));
		json_object_set_new(facts, "stratum", json_string(s->stratum));
	}
	return facts;
}

/* The three questions about the site's feed. */
static int
look_feed(struct upkeep *u, uint32_t site)
{
	static const struct {
		enum upkeep_cause cause;
		bool (*ask)(const struct registry *, const struct judge *,
			    uint32_t, struct quality_feed *);
	} question[] = {
		{ UPKEEP_DROP, quality_withered },
		{ UPKEEP_STOPPED, quality_stopped },
		{ UPKEEP_JUMP, quality_jumped },
	};
	const char *code = registry_site_at(u->registry, site)->code;
	int rc = 0;

	for (size_t i = 0; i < sizeof(question) / sizeof(question[0]); i++) {
		enum upkeep_cause cause = question[i].cause;
		struct quality_feed f;

		if (!question[i].ask(u->registry, u->judge, site, &f))
			rc = upkeep_mend(u, cause, code);
		else if (!upkeep_is_on(u, cause, code))
			rc = raise_site(u, cause, site, f.since,
					feed_facts(u, &f));
		if (rc < 0)
			break;
	}
	return rc;
}

static int
look_site(struct upkeep *u, uint32_t site)
{
	struct quality_view v;

	quality_site(u->quality, site, &u->now, &v);
	if (look_silence(u, site, &v) < 0)
		return -1;
	/* What a silent site sent last says nothing new. */
	return v.state == QUALITY_SILENT || v.state == QUALITY_WITHDRAWN
		       ? 0
		       : look_feed(u, site);
}

/* The tally of the gateway, made if it is new; NULL without memory. */
static struct upkeep_gateway *
gateway_of(struct upkeep *u, const char *code)
{
	uint32_t i = names_add(&u->gateways, code, strlen(code));

	if (i != NAMES_NONE && i >= u->gateways_cap) {
		size_t cap = u->gateways_cap == 0 ? 16 : u->gateways_cap * 2;
		struct upkeep_gateway *all =
			realloc(u->gateway, cap * sizeof(*all));

		if (all == NULL) {
			log_error("upkeep: no memory for gateways");
			return NULL;
		}
		memset(all + u->gateways_cap, 0,
		       (cap - u->gateways_cap) * sizeof(*all));
		u->gateway = all;
		u->gateways_cap = cap;
	}
	return i == NAMES_NONE ? NULL : &u->gateway[i];
}

/* Counts a site that has reported before. */
static void
tally(struct upkeep *u, uint32_t site)
{
	const struct reg_site *s = registry_site_at(u->registry, site);
	struct upkeep_gateway *g;
	struct quality_view v;

	quality_site(u->quality, site, &u->now, &v);
	if (v.last_day == DAY_NONE || v.state == QUALITY_WITHDRAWN)
		return;
	u->all.sites++;
	u->all.silent += v.state == QUALITY_SILENT;
	if (s->gateway[0] == '\0' || (g = gateway_of(u, s->gateway)) == NULL)
		return;
	g->area = s->area;
	g->sites++;
	g->silent += v.state == QUALITY_SILENT;
	if (g->since == DAY_NONE || v.since > g->since)
		g->since = v.since;
}

static json_t *
tally_facts(const struct upkeep_gateway *g)
{
	char n[24], of[24];

	snprintf(n, sizeof(n), "%zu", g->silent);
	snprintf(of, sizeof(of), "%zu", g->sites);
	return json_pack("{s:s, s:s}", "n", n, "of", of);
}

/* One fault of many sites is one alert. */
static int
look_gateway(struct upkeep *u, uint32_t i)
{
	struct upkeep_gateway *g = &u->gateway[i];
	struct upkeep_fault f = { .cause = UPKEEP_GATEWAY,
				  .code = u->gateways.at[i],
				  .site = REG_NONE,
				  .area = g->area,
				  .since = g->since };

	g->wrong = g->sites >= 2 && g->silent == g->sites;
	if (!g->wrong)
		return upkeep_mend(u, f.cause, f.code);
	if (u->many || upkeep_is_on(u, f.cause, f.code))
		return 0;
	f.facts = tally_facts(g);
	return upkeep_raise(u, &f);
}

static int
look_many(struct upkeep *u)
{
	struct upkeep_fault f = { .cause = UPKEEP_MANY,
				  .code = "",
				  .site = REG_NONE,
				  .area = upkeep_root(u),
				  .since = u->today };

	u->many = u->all.sites >= MANY_OF && u->all.silent * 2 > u->all.sites;
	if (!u->many)
		return upkeep_mend(u, f.cause, f.code);
	if (upkeep_is_on(u, f.cause, f.code))
		return 0;
	f.facts = tally_facts(&u->all);
	return upkeep_raise(u, &f);
}

static int
begin_round(struct upkeep *u)
{
	u->all = (struct upkeep_gateway){ 0 };
	for (size_t i = 0; i < u->gateways.n; i++)
		u->gateway[i] = (struct upkeep_gateway){ .since = DAY_NONE };
	for (uint32_t i = 0; i < registry_sites(u->registry); i++)
		tally(u, i);
	if (look_many(u) < 0)
		return -1;
	for (uint32_t i = 0; i < u->gateways.n; i++) {
		if (look_gateway(u, i) < 0)
			return -1;
	}
	return 0;
}

static int
raise_sender(struct upkeep *u, enum upkeep_cause cause,
	     const struct quality_sender *s, int32_t since, json_t *facts)
{
	struct upkeep_fault f = {
		.cause = cause, .code = s->code, .since = since, .facts = facts
	};

	upkeep_find_sender(u, s->code, &f);
	return upkeep_raise(u, &f);
}

static int
look_refused(struct upkeep *u, const struct quality_sender *s)
{
	uint64_t all = s->kept + s->refused;
	int64_t percent = quality_conf(u->quality)->refused_percent;
	char n[24], refused[24];

	if (s->refused < REFUSED_LEAST ||
	    s->refused * 100 < all * (uint64_t)percent)
		return s->kept > 0 ? upkeep_mend(u, UPKEEP_REFUSED, s->code) : 0;
	if (upkeep_is_on(u, UPKEEP_REFUSED, s->code))
		return 0;
	snprintf(n, sizeof(n), "%llu", (unsigned long long)all);
	snprintf(refused, sizeof(refused), "%llu",
		 (unsigned long long)s->refused);
	return raise_sender(u, UPKEEP_REFUSED, s, s->day,
			    json_pack("{s:s, s:s, s:s}", "n", n, "refused",
				      refused, "detail", s->reason));
}

/* Have counts of the sender been kept since its last fork? */
static bool
fork_is_over(const struct upkeep *u, const struct upkeep_row *row,
	     const char *code)
{
	const struct quality_sender *s = quality_sender(u->quality, code);

	if (s == NULL)
		return false;
	if (s->fork_day != DAY_NONE)
		return s->fork_day < u->today && s->kept_since_fork;
	/* It was before the start. */
	return s->kept > 0 && s->day > row->opened;
}

/* A fork or gap of a day before. */
static int
look_back(struct upkeep *u, const struct upkeep_row *row, const char *code)
{
	if (row->opened >= u->today ||
	    (row->cause == UPKEEP_FORK && !fork_is_over(u, row, code)))
		return 0;
	return upkeep_mend(u, row->cause, code);
}

static int
end_round(struct upkeep *u)
{
	for (size_t i = 0; i < quality_senders(u->quality); i++) {
		if (look_refused(u, quality_sender_at(u->quality, i)) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < u->keys.n; i++) {
		const struct upkeep_row *row = &u->row[i];

		if ((row->cause == UPKEEP_GAP || row->cause == UPKEEP_FORK) &&
		    look_back(u, row, strchr(u->keys.at[i], ' ') + 1) < 0)
			return -1;
	}
	return 0;
}

int
upkeep_look(struct upkeep *u, const struct zone_now *now, size_t most)
{
	u->now = *now;
	u->today = now->day;
	if (u->next == 0 && begin_round(u) < 0)
		return -1;
	for (size_t i = 0; i < most; i++) {
		if (u->next >= registry_sites(u->registry)) {
			u->next = 0;
			return end_round(u);
		}
		if (look_site(u, u->next++) < 0)
			return -1;
	}
	return 0;
}

int
upkeep_look_all(struct upkeep *u, const struct zone_now *now)
{
	u->next = 0;
	return upkeep_look(u, now, SIZE_MAX);
}

int
upkeep_look_senders(struct upkeep *u, int32_t today)
{
	u->today = today;
	for (size_t i = 0; i < quality_senders(u->quality); i++) {
		const struct quality_sender *s = quality_sender_at(u->quality, i);
		char n[24];
		int rc = 0;

		if (s->fork_day == today && !upkeep_is_on(u, UPKEEP_FORK, s->code))
			rc = raise_sender(u, UPKEEP_FORK, s, today,
					  json_object());
		snprintf(n, sizeof(n), "%llu", (unsigned long long)s->gap_frames);
		if (rc == 0 && s->gap_day == today &&
		    !upkeep_is_on(u, UPKEEP_GAP, s->code))
			rc = raise_sender(u, UPKEEP_GAP, s, today,
					  json_pack("{s:s}", "n", n));
		if (rc < 0)
			return -1;
	}
	return 0;
}

int
upkeep_centre(struct upkeep *u, enum upkeep_cause cause, bool wrong,
	      const char *detail, int32_t today)
{
	struct upkeep_fault f = { .cause = cause,
				  .code = "",
				  .site = REG_NONE,
				  .area = upkeep_root(u),
				  .since = today };

	u->today = today;
	if (wrong) {
		u->fine[cause] = 0;
		if (upkeep_is_on(u, cause, ""))
			return 0;
		f.facts = json_pack("{s:s}", "detail", detail);
		return upkeep_raise(u, &f);
	}
	if (u->fine[cause] < FINE_LOOKS) {
		u->fine[cause]++;
		return 0;
	}
	return upkeep_mend(u, cause, "");
}
