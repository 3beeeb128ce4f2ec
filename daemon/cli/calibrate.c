/*
 * tocsin calibrate: what the triggers ring by chance, and the thresholds that
 * keep them to their budgets.
 */
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/null.h"
#include "daemon/cli/replay.h"
#include "daemon/judge/calendar.h"

#define DAYS_A_YEAR 365.25

static const char help[] =
	"Usage: tocsin calibrate [OPTION]...\n"
	"\n"
	"Weighs the triggers in an invented province without outbreaks, or in\n"
	"a quiet history of your own, and prints how often each rings by\n"
	"chance, what p-values of each kind of source alone do by chance and\n"
	"the thresholds that keep the trigger to its budget (both as lines\n"
	"for its file), and what it would ring with them in years it was not\n"
	"fitted to.\n"
	"\n"
	"  --triggers PATH  a file or a folder of triggers (the shipped ones)\n"
	"  --trigger NAME   only this one\n"
	"  --history DIR    a quiet history in the back-test's format, "
	"instead\n"
	"                   of the simulation; its second half is the check\n"
	"  --calendar FILE  detectors know the holidays of its first "
	"calendar,\n"
	"                   as etc/calendars/cn.conf\n"
	"  --counties N     of the invented province (30)\n"
	"  --years N        simulated years, each with a seed of its own (4)\n"
	"  --seed N         the first seed (1)\n"
	"  --wide           only areas above the county, of which there are\n"
	"                   few: so more counties are affordable\n";

struct request {
	struct replay_triggers triggers;
	const char *only, *history, *calendar_file;
	struct calendar *calendar;
	int counties, years;
	uint64_t seed;
	bool wide;
};

static int
whole(const char *option, long min, long max, long *out)
{
	char *end;

	*out = strtol(optarg, &end, 10);
	if (*end == '\0' && end != optarg && *out >= min && *out <= max)
		return 0;
	cli_error("--%s %.40s: no whole number from %ld to %ld", option, optarg,
		  min, max);
	return -1;
}

static int
read_option(struct request *q, int c)
{
	long n = 0;
	int rc = 0;

	switch (c) {
	case 't':
		rc = replay_triggers_put(&q->triggers, optarg);
		break;
	case 'o':
		q->only = optarg;
		break;
	case 'd':
		q->history = optarg;
		break;
	case 'k':
		q->calendar_file = optarg;
		break;
	case 'c':
		rc = whole("counties", 2, SIM_MAX_COUNTIES, &n);
		q->counties = (int)n;
		break;
	case 'y':
		rc = whole("years", 1, 50, &n);
		q->years = (int)n;
		break;
	case 's':
		rc = whole("seed", 1, LONG_MAX, &n);
		q->seed = (uint64_t)n;
		break;
	case 'w':
		q->wide = true;
		break;
	default:
		cli_error("that is no option of calibrate, or it lacks its"
			  " value; see tocsin calibrate --help");
		rc = -1;
	}
	return rc;
}

/* 0, CLI_EX_USAGE, or -1 for the help. */
static int
read_words(int argc, char **argv, struct request *q)
{
	static const struct option options[] = {
		{ "triggers", required_argument, NULL, 't' },
		{ "trigger", required_argument, NULL, 'o' },
		{ "history", required_argument, NULL, 'd' },
		{ "calendar", required_argument, NULL, 'k' },
		{ "counties", required_argument, NULL, 'c' },
		{ "years", required_argument, NULL, 'y' },
		{ "seed", required_argument, NULL, 's' },
		{ "wide", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return -1;
		if (read_option(q, c) < 0)
			return CLI_EX_USAGE;
	}
	if (optind != argc) {
		cli_error("'%.80s' is not wanted here; see tocsin calibrate"
			  " --help",
			  argv[optind]);
		return CLI_EX_USAGE;
	}
	return 0;
}

/*
 * Noise of the years in turn: how noisy somebody's counts are is not known
 * before, and a threshold that holds for a range of it is wanted.  The years
 * of the check have other noise, and other holidays.
 */
static const double fit_noise[] = { 1.1, 0.9, 1.3 };
static const double check_noise[] = { 1.2, 1.0, 1.2 };

/* What is played: the triggers as they are, and counts of their kinds; the
   same years with the kinds' tails fitted; other years. */
enum turn { TURN_FIRST, TURN_FIT, TURN_CHECK, TURNS };

/* Scores of years first..first+n-1, each a province of its own. */
static int
simulate_years(const struct request *q, const char *etc,
	       struct trigger_set *set, enum turn turn, struct null_scores *out)
{
	bool check = turn == TURN_CHECK;
	struct null_scores *year = calloc(2 * set->n + 1, sizeof(*year));
	int rc = year == NULL ? -1 : 0;

	for (int y = 0; y < q->years && rc == 0; y++) {
		const struct sim_conf conf = {
			.seed = q->seed + (uint64_t)(check ? y + 1000 : y),
			.first_day = day_from_civil(
				check ? 2013 + y % 10 : 2023 + y % 3, 1, 1),
			.days = NULL_WARM_DAYS + 366,
			.counties = q->counties,
			.size = 1,
			.noise = check ? check_noise[y % 3] : fit_noise[y % 3],
			.faults = true
		};
		struct history h;

		fprintf(stderr, "tocsin: a year with seed %llu ...\n",
			(unsigned long long)conf.seed);
		rc = null_simulate_for(&h, etc, &conf, set);
		if (rc == 0)
			registry_set_calendar(h.registry, q->calendar);
		if (rc == 0)
			rc = turn == TURN_FIRST
				     ? null_weigh_kinds(&h, set, INT32_MAX, year)
				     : null_weigh(&h, set, year);
		for (size_t t = 0; t < 2 * set->n && rc == 0; t++)
			rc = null_append(&out[t], &year[t]);
		for (size_t t = 0; t < 2 * set->n; t++)
			null_free(&year[t]);
		history_free(&h);
	}
	free(year);
	return rc;
}

/* Leaves the first or the second half of the days. */
static void
halve(struct null_scores *s, bool second)
{
	size_t days = s->days / 2;

	for (size_t a = 0; a < s->areas; a++)
		memmove(s->at + a * days,
			s->at + a * s->days + (second ? days : 0),
			days * sizeof(*s->at));
	s->days = days;
}

/* A quiet history: its first half is fitted to, the second is the check. */
static int
play_history(const struct request *q, const char *etc, struct trigger_set *set,
	     enum turn turn, struct null_scores *out)
{
	struct history h;
	int rc = history_read(&h, etc, q->history, history_say, NULL);
	int32_t from = h.first_received + NULL_WARM_DAYS;
	int32_t middle = from + (h.last_received - from) / 2;

	if (rc == 0)
		registry_set_calendar(h.registry, q->calendar);
	if (rc == 0)
		rc = turn == TURN_FIRST ? null_weigh_kinds(&h, set, middle, out)
					: null_weigh(&h, set, out);
	for (size_t t = 0; t < 2 * set->n && rc == 0; t++)
		halve(&out[t], turn == TURN_CHECK);
	history_free(&h);
	return rc != 0 ? -1 : 0;
}

/* Gives the kinds of all triggers the tails that were counted. */
static void
fit_tails(struct trigger_set *set, const struct null_scores *counted)
{
	for (size_t t = 0; t < 2 * set->n; t++) {
		struct calib_tail *of = set->at[t / 2].kind_tail[t % 2];

		for (size_t k = 0; k < counted[t].kinds; k++) {
			struct calib_tail tail;

			if (calib_fit_tail(&tail, &counted[t].kind[k]) == 0)
				of[k] = tail;
		}
	}
}

/* The level of area that the scores are of: the lowest that it looks at. */
static enum reg_level
level_of(const struct trigger *t, bool wide)
{
	int l = wide ? REG_CITY : REG_COUNTY;

	while (l > REG_NATION && (t->levels >> l & 1) == 0)
		l--;
	return (enum reg_level)l;
}

/* Openings per area-year of a colour or higher under a calibration. */
static double
realised(const struct trigger *t, const struct calib *c,
	 const struct null_scores *s, enum colour colour)
{
	double years = trigger_interval(t, level_of(t, s->wide), colour);
	double threshold = calib_score(calib_p(c, 1 / years));
	size_t n = 0;

	for (size_t a = 0; a < s->areas; a++)
		n += calib_openings(s->at + a * s->days, s->days, threshold,
				    (size_t)t->quiet_days);
	return (double)n * DAYS_A_YEAR / ((double)s->areas * (double)s->days);
}

static void
print_fitted(const struct calib *c, bool wide)
{
	printf("\tcalibration%s = { ", wide ? "_wide" : "");
	for (size_t i = 0; i < c->n; i++)
		printf("%s\"%.3f:%g\"", i > 0 ? ", " : "", c->at[i].score,
		       c->at[i].rate);
	printf(" }\n\ttail%s = %.3f\n", wide ? "_wide" : "", c->tail);
}

/* As lines for its file; a kind that it does not listen to has no tail. */
static void
print_tails(const struct trigger *t, const struct registry *r, bool wide)
{
	const char *before = "{ ";

	for (uint32_t k = 0; k < t->kinds; k++) {
		const struct calib_tail *tail = &t->kind_tail[wide][k];

		if (!(tail->score[0] > 0) || !(t->kind_weight[k] > 0))
			continue;
		if (before[0] == '{')
			printf("\tkind_tails%s = ", wide ? "_wide" : "");
		printf("%s\"%s:%.2f:%.2f:%.2f\"", before,
		       registry_kind_at(r, k)->code, tail->score[0],
		       tail->score[1], tail->score[2]);
		before = ", ";
	}
	if (before[0] != '{')
		puts(" }");
}

/* Openings that a budget needs behind it to be more than a guess; calib_fit()
   wants some more of each of its points. */
#define LEAST_BEHIND 30
#define WANTED_BEHIND 40.0

/* Says where the lines above stand on too little, and what mends it. */
static void
print_thin(const struct request *q, const struct calib *c, bool wide,
	   double behind)
{
	double times = fmax(2, ceil(WANTED_BEHIND / behind));

	if (c->n > 1 && behind >= LEAST_BEHIND)
		return;
	puts("  Too thin to rely on:");
	if (c->n == 1)
		printf("  - it has one point, and a tail of %.3f that is "
		       "assumed"
		       " and not fitted;\n",
		       c->tail);
	if (behind < LEAST_BEHIND)
		printf("  - only %.2g openings stand behind the budget, %g are"
		       " wanted: blue and\n"
		       "    all rarer colours are a guess.\n",
		       behind, WANTED_BEHIND);
	if (q->history != NULL)
		printf("  Give it a history %.0f times as long, or of as many"
		       " more areas.\n",
		       times);
	else
		printf("  Give it some %.0f times as many county-years "
		       "(--counties"
		       " %d, --years %d now)%s.\n",
		       times, q->counties, q->years,
		       q->wide || !wide
			       ? ""
			       : ";\n  --wide makes areas above the county"
				 " affordable");
}

/* One trigger, county and below or above; at[]: its scores by turn. */
static void
print_trigger(const struct request *q, const struct trigger *t,
	      const struct registry *r, const struct null_scores *const at[TURNS])
{
	static const double rates[] = { 24,  16, 12, 8,	 6,  4,	 3, 2,
					1.5, 1,	 .7, .5, .3, .2, .1 };
	const struct null_scores *fit = at[TURN_FIT];
	enum reg_level level = level_of(t, at[TURN_FIRST]->wide);
	bool wide = at[TURN_FIRST]->wide;
	double years = (double)fit->areas * (double)fit->days / DAYS_A_YEAR;
	struct calib c;
	bool fitted = fit->areas > 0 &&
		      calib_fit(&c, fit->at, fit->areas, fit->days,
				(size_t)t->quiet_days, rates,
				sizeof(rates) / sizeof(rates[0])) == 0;

	if (fit->areas == 0)
		return;
	printf("\n%s, %s: %.0f area-years, budget %g\n", t->name,
	       wide ? "above the county" : "county and below", years,
	       t->share[level]);
	puts("  colour   wanted   as it is   calibrated   in other years");
	for (enum colour k = COLOUR_BLUE; k <= COLOUR_RED; k++) {
		printf("  %-7s %7.3f  %9.3f", colour_str(k),
		       1 / trigger_interval(t, level, k),
		       realised(t, &t->calib[wide], at[TURN_FIRST], k));
		if (fitted)
			printf("  %11.3f  %15.3f", realised(t, &c, fit, k),
			       realised(t, &c, at[TURN_CHECK], k));
		putchar('\n');
	}
	if (!fitted) {
		puts("  too few days or openings to calibrate; give it more"
		     " counties or years");
		return;
	}
	print_fitted(&c, wide);
	if (t->share[level] > c.at[0].rate)
		printf("  The budget cannot be kept: it opens at most %g times "
		       "a"
		       " year, for at lower\n  thresholds one episode runs into"
		       " the next.  Shorter quiet_days make room.\n",
		       c.at[0].rate);
	print_tails(t, r, wide);
	print_thin(q, &c, wide, years * t->share[level]);
}

static int
play(const struct request *q, const char *etc, struct trigger_set *set,
     struct null_scores *scores[TURNS])
{
	for (int turn = TURN_FIRST; turn < TURNS; turn++) {
		int rc = q->history != NULL
				 ? play_history(q, etc, set, (enum turn)turn,
						scores[turn])
				 : simulate_years(q, etc, set, (enum turn)turn,
						  scores[turn]);

		if (rc < 0)
			return -1;
		if (turn == TURN_FIRST)
			fit_tails(set, scores[turn]);
	}
	return 0;
}

static int
calibrate(const struct request *q, const char *etc, struct trigger_set *set,
	  const struct registry *r)
{
	struct null_scores *scores[TURNS];
	int rc = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		scores[turn] = calloc(2 * set->n + 1, sizeof(**scores));
		if (scores[turn] == NULL)
			rc = -1;
	}
	if (rc == 0)
		rc = play(q, etc, set, scores);
	for (size_t t = 0; t < 2 * set->n && rc == 0; t++) {
		const struct trigger *of = &set->at[t / 2];
		const struct null_scores *const at[TURNS] = {
			&scores[TURN_FIRST][t], &scores[TURN_FIT][t],
			&scores[TURN_CHECK][t]
		};

		if (!of->statutory &&
		    (q->only == NULL || strcmp(q->only, of->name) == 0))
			print_trigger(q, of, r, at);
	}
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t t = 0; scores[turn] != NULL && t < 2 * set->n; t++)
			null_free(&scores[turn][t]);
		free(scores[turn]);
	}
	return rc < 0 ? CLI_EX_FAILURE : cli_finish();
}

static int
read_calendar(struct request *q)
{
	if (q->calendar_file != NULL)
		q->calendar = calendar_load(&q->calendar_file, 1, NULL,
					    history_say_conf, NULL);
	return q->calendar_file != NULL && q->calendar == NULL ? -1 : 0;
}

/* Is there such a trigger with a budget?  An error line where not. */
static bool
is_there(const struct trigger_set *set, const char *name)
{
	size_t i = name == NULL ? 0 : trigger_find(set, name);
	const char *near;

	if (name == NULL)
		return true;
	if (i < set->n && !set->at[i].statutory)
		return true;
	near = i < set->n ? NULL : trigger_near(set, name);
	if (i < set->n)
		cli_error("trigger \"%.80s\" goes by a norm and has no budget",
			  name);
	else
		cli_error("there is no trigger \"%.80s\"%s%s%s", name,
			  near != NULL ? ", did you mean \"" : "",
			  near != NULL ? near : "", near != NULL ? "\"?" : "");
	return false;
}

int
cli_calibrate(int argc, char **argv)
{
	struct request q = { .counties = 30, .years = 4, .seed = 1 };
	char buf[PATH_MAX];
	int rc = read_words(argc, argv, &q);
	const char *etc = rc == 0 ? history_etc(buf, sizeof(buf)) : NULL;
	struct trigger_set *set;
	struct history h;

	if (rc < 0) {
		fputs(help, stdout);
		return cli_finish();
	}
	if (etc == NULL || read_calendar(&q) < 0)
		return CLI_EX_USAGE;
	if (history_vocabulary(&h, etc, history_say, NULL) != 0) {
		history_free(&h);
		calendar_free(&q.calendar);
		return CLI_EX_USAGE;
	}
	set = replay_triggers_read(&q.triggers, etc, h.registry);
	for (size_t t = 0; q.wide && set != NULL && t < set->n; t++)
		set->at[t].levels &= (1u << REG_COUNTY) - 1;
	rc = set == NULL || !is_there(set, q.only)
		     ? CLI_EX_USAGE
		     : calibrate(&q, etc, set, h.registry);
	trigger_free(&set);
	history_free(&h);
	calendar_free(&q.calendar);
	return rc;
}
