/* The judge as it would have been, see past.h. */
#include "daemon/past.h"

#include <math.h>

#include "base/day.h"
#include "daemon/desk/account.h"

#define SERIES_MAX 2000 /* judged again while the loop waits */
#define TURN 1000

static bool
is_within(const struct centre *c, uint32_t series, uint32_t area)
{
	const struct reg_series *s = registry_series_at(c->registry, series);
	uint32_t at = registry_site_at(c->registry, s->site)->area;

	return registry_area_within(c->registry, at, area);
}

static size_t
count_series(const struct centre *c, uint32_t area)
{
	size_t n = 0;

	for (uint32_t i = 0; i < registry_series_n(c->registry); i++)
		n += is_within(c, i, area);
	return n;
}

/* Hands over the cells of a series up to the day. */
static void
hand_over(const struct centre *c, struct judge *to, uint32_t series, int32_t day)
{
	const struct reg_series *s = registry_series_at(c->registry, series);
	int period = registry_site_at(c->registry, s->site)->period;
	int32_t first, last;

	judge_span(c->judge, series, &first, &last);
	if (first == DAY_NONE)
		return;
	for (int32_t d = first; d <= day && d <= last; d += period) {
		struct judge_cell cell;

		judge_cell(c->judge, series, d, &cell);
		/* A week that is not over was not known then. */
		if (!isnan(cell.value) && d + period - 1 <= day)
			judge_set(to, series, d, &cell);
	}
}

/*
 * Hands over the series outside the area that the new ones in it are judged
 * against: those of the kind where the last day's peers are.
 */
static void
hand_over_peers(const struct centre *c, struct judge *to, uint32_t area,
		uint32_t series, int32_t day)
{
	const struct reg_series *own = registry_series_at(c->registry, series);
	uint32_t kind = registry_site_at(c->registry, own->site)->kind;
	struct judge_borrowed from = { 0 };
	int32_t first, d = day;

	judge_span(c->judge, series, &first, &d);
	for (d = d < day ? d : day; d >= first && from.peers == 0; d--)
		judge_borrows(c->judge, series, d, &from);
	if (from.peers == 0 || from.peers > SERIES_MAX ||
	    registry_area_within(c->registry, from.area, area))
		return;
	for (uint32_t i = 0; i < registry_series_n(c->registry); i++) {
		const struct reg_series *s = registry_series_at(c->registry, i);
		int32_t known, last;

		judge_span(to, i, &known, &last);
		if (known == DAY_NONE && s->indicator == own->indicator &&
		    registry_site_at(c->registry, s->site)->kind == kind &&
		    is_within(c, i, from.area))
			hand_over(c, to, i, day);
	}
}

static json_t *
judge_again(struct centre *c, struct account_env *env, uint32_t area, int32_t day)
{
	struct judge *past = judge_new(&c->judge_conf, c->registry);
	json_t *out;

	if (past == NULL)
		return NULL;
	judge_set_marks(past, &c->marks);
	for (uint32_t i = 0; i < registry_series_n(c->registry); i++) {
		if (is_within(c, i, area))
			hand_over(c, past, i, day);
	}
	for (uint32_t i = 0; i < registry_series_n(c->registry); i++) {
		if (is_within(c, i, area))
			hand_over_peers(c, past, area, i, day);
	}
	while (judge_dirty(past, TURN) > 0)
		;
	env->judge = past;
	out = account_day(env, area, day);
	judge_free(&past);
	return out;
}

json_t *
past_account(struct centre *c, uint32_t area, int32_t day, const char **why)
{
	struct account_env env = { .registry = c->registry,
				   .judge = c->judge,
				   .triggers = c->triggers,
				   .desk = c->desk,
				   .marks = &c->marks };
	int32_t today = dayclock_today(&c->clock);

	*why = "there is no memory for it";
	if (today == DAY_NONE || day > today) {
		*why = "that day has not come yet";
		return NULL;
	}
	if (day <= today - c->judge_conf.history_days) {
		*why = "that day lies before what is kept in memory "
		       "(judge.history_days); 'tocsin trigger explain --data' "
		       "answers from files";
		return NULL;
	}
	if (day == today)
		return account_day(&env, area, day);
	if (count_series(c, area) > SERIES_MAX) {
		*why = "so many series are looked back upon for today only; "
		       "ask for a smaller area, or 'tocsin trigger explain "
		       "--data' with files";
		return NULL;
	}
	return judge_again(c, &env, area, day);
}
