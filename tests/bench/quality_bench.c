/*
 * bench-quality: scores every method on the two published simulation designs
 * and prints the tables of docs/quality.md.  Methods run as their callers run
 * them, through det_judge(); the one yardstick that no method can be given is
 * a test of each period alone that knows the true mean and dispersion.
 */
#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detectors/detect.h"
#include "tests/bench/designs.h"
#include "tests/bench/score.h"

#define SEED 20240601
#define THRESHOLDS 3 /* as it comes, FPR 1%, FPR 2.7% */
#define MAX_ENTRIES 128
#define MAX_SETTINGS 8

struct setting {
	const char *name;
	const char *value;
};

/* A line of the table: a method with some parameters set, or the yardstick. */
struct entry {
	char label[160];
	const struct det_method *method; /* NULL: the yardstick */
	double p[DET_MAX_PARAMS];
	struct score_row *row[THRESHOLDS];
	struct score total[THRESHOLDS];
	double judged;	/* percent of scored periods with a verdict */
	double seconds; /* a verdict took */
};

/* What else than a method's defaults is scored, by design. */
static const struct variant {
	enum det_period period;
	const char *method;
	struct setting set[MAX_SETTINGS];
} variants[] = {
	{ DET_WEEK,
	  "r-farrington-flexible",
	  { { "b", "5" },
	    { "w", "3" },
	    { "periods", "10" },
	    { "past", "26" },
	    { "weights", "2.58" },
	    { "p_trend", "1" },
	    { "threshold", "nbPlugin" },
	    { "alpha", "0.01" } } },
	{ DET_WEEK, "ears-c2", { { "baseline", "28" }, { "min_sigma", "1" } } },
	{ DET_DAY, "ears-c2", { { "baseline", "28" }, { "min_sigma", "1" } } },
	{ DET_DAY, "ears-c2", { { "min_sigma", "0.1" } } },
	{ DET_DAY, "w2", { { "baseline", "28" }, { "min_sigma", "1" } } },
};

struct bench {
	const struct design *design;
	size_t series;	  /* how many */
	size_t draws;	  /* of the bootstrap */
	const char *only; /* comma-separated part names, or NULL */
	struct entry *entry[MAX_ENTRIES];
	size_t entries;
};

static void *
must(void *p)
{
	if (p == NULL) {
		fputs("bench-quality: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

/* Whether a label holds one of the parts asked for. */
static int
wanted(const struct bench *b, const char *label)
{
	char parts[512], *save = NULL;

	if (b->only == NULL)
		return 1;
	snprintf(parts, sizeof(parts), "%s", b->only);
	for (char *part = strtok_r(parts, ",", &save); part != NULL;
	     part = strtok_r(NULL, ",", &save)) {
		if (strstr(label, part) != NULL)
			return 1;
	}
	return 0;
}

static void
add_entry(struct bench *b, const struct det_method *m,
	  const struct setting *set, const char *label)
{
	struct entry *e = must(calloc(1, sizeof(*e)));
	size_t used = (size_t)snprintf(e->label, sizeof(e->label), "%s", label);

	e->method = m;
	if (m != NULL)
		det_params_default(m, e->p);
	for (size_t i = 0; set != NULL && i < MAX_SETTINGS; i++) {
		if (set[i].name == NULL)
			break;
		if (det_params_set(m, e->p, set[i].name, set[i].value) != 0) {
			fprintf(stderr, "bench-quality: %s: bad %s\n", label,
				set[i].name);
			exit(1);
		}
		used += (size_t)snprintf(e->label + used, sizeof(e->label) - used,
					 " %s=%s", set[i].name, set[i].value);
	}
	if (!wanted(b, e->label) || b->entries == MAX_ENTRIES) {
		free(e);
		return;
	}
	b->entry[b->entries++] = e;
}

static void
add_entries(struct bench *b)
{
	add_entry(b, NULL, NULL, "true parameters, each period alone");
	for (size_t i = 0; det_at(i) != NULL; i++)
		add_entry(b, det_at(i), NULL, det_at(i)->name);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		const struct det_method *m = det_find(variants[i].method);

		if (m != NULL && variants[i].period == b->design->period)
			add_entry(b, m, variants[i].set, m->name);
	}
}

/* Mid-p of a count given the true mean and dispersion of what was drawn. */
static double
true_p(const struct design_series *s, size_t i)
{
	double mu = s->mean[i], low, high;

	if (mu <= 0.0)
		return 1.0;
	low = ceil((s->count[i] - 0.5) * s->div) - 1.0;
	high = ceil((s->count[i] + 0.5) * s->div) - 1.0;
	if (s->phi <= 1.0)
		return 0.5 * (ppois(low, mu, 0, 0) + ppois(high, mu, 0, 0));
	return 0.5 * (pnbinom_mu(low, mu / (s->phi - 1.0), mu, 0, 0) +
		      pnbinom_mu(high, mu / (s->phi - 1.0), mu, 0, 0));
}

static void
judge_series(const struct bench *b, const struct entry *e,
	     const struct design_series *s, struct det_verdict *out)
{
	struct det_window w = design_window(b->design, s);
	void *scratch;

	if (e->method == NULL) {
		for (size_t i = s->test; i < s->n; i++) {
			struct det_verdict v = { .p = true_p(s, i),
						 .level = DET_NORMAL };

			if (v.p < 0.01)
				v.level = DET_ALERT;
			out[i - s->test] = v;
		}
		return;
	}
	scratch = must(malloc(e->method->scratch(e->p, s->n) + 1));
	if (det_judge(e->method, e->p, &w, s->test, scratch, out) != DET_OK)
		abort();
	free(scratch);
}

/* All verdicts of one entry, kept to be scored at several thresholds. */
struct verdicts {
	size_t n;  /* a series */
	double *p; /* 2 where there is none */
	uint8_t *alert;
	uint8_t *sick;
};

static void
judge_all(const struct bench *b, struct entry *e, struct verdicts *v)
{
	static struct design_series s;
	static struct det_verdict out[DESIGN_MAX];
	struct timespec t0, t1;
	size_t judged = 0;

	for (size_t k = 0; k < b->series; k++) {
		design_make(b->design, SEED, k, &s);
		v->n = s.n - s.test;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
		judge_series(b, e, &s, out);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
		e->seconds += (double)(t1.tv_sec - t0.tv_sec) +
			      1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
		for (size_t i = 0; i < v->n; i++) {
			size_t at = k * v->n + i;

			judged += out[i].level != DET_UNKNOWN;
			v->p[at] = isnan(out[i].p) ? 2.0 : out[i].p;
			v->alert[at] = out[i].level == DET_ALERT;
			v->sick[at] = s.outbreak[s.test + i];
		}
	}
	e->judged = 100.0 * (double)judged / (double)(b->series * v->n);
	e->seconds /= (double)(b->series * v->n);
}

static double
threshold_at(const struct verdicts *v, size_t cells, double fpr)
{
	double *p = must(malloc(cells * sizeof(*p))), t;
	size_t n = 0;

	for (size_t i = 0; i < cells; i++) {
		if (!v->sick[i])
			p[n++] = v->p[i];
	}
	t = score_threshold(p, n, fpr);
	free(p);
	return t;
}

static void
score_entry(const struct bench *b, struct entry *e, const struct verdicts *v)
{
	static const double fpr[THRESHOLDS] = { 0, 0.01, 0.027 };
	uint8_t flag[DESIGN_MAX];

	for (int t = 0; t < THRESHOLDS; t++) {
		double limit = threshold_at(v, b->series * v->n, fpr[t]);

		e->row[t] = must(calloc(b->series, sizeof(*e->row[t])));
		for (size_t k = 0; k < b->series; k++) {
			size_t at = k * v->n;

			for (size_t i = 0; i < v->n; i++)
				flag[i] = t == 0 ? v->alert[at + i]
						 : v->p[at + i] <= limit;
			e->row[t][k] = score_series(flag, v->sick + at, v->n);
		}
		e->total[t] = score_sum(e->row[t], NULL, b->series);
	}
}

static void
run(struct bench *b)
{
	size_t cells = b->series * DESIGN_MAX;
	struct verdicts v = { 0 };

	v.p = must(malloc(cells * sizeof(*v.p)));
	v.alert = must(malloc(cells));
	v.sick = must(malloc(cells));
	for (size_t i = 0; i < b->entries; i++) {
		judge_all(b, b->entry[i], &v);
		score_entry(b, b->entry[i], &v);
		fprintf(stderr, "%s: %s\n", b->design->name, b->entry[i]->label);
	}
	free(v.p);
	free(v.alert);
	free(v.sick);
}

static void
print_table(const struct bench *b, int t, const char *title)
{
	printf("\n#### %s, %s\n\n"
	       "| method | judged %% | FPR %% | Se %% | POD %% | PPV %% | F1 "
	       "%% "
	       "| delay | timeliness | us |\n"
	       "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: "
	       "|\n",
	       b->design->name, title);
	for (size_t i = 0; i < b->entries; i++) {
		const struct entry *e = b->entry[i];
		const struct score *s = &e->total[t];

		printf("| %s | %.1f | %.2f | %.1f | %.1f | %.1f | %.1f | %.2f "
		       "| %.3f | %.2f |\n",
		       e->label, e->judged, s->fpr, s->se, s->pod, s->ppv,
		       s->f1, s->delay, s->timeliness, 1e6 * e->seconds);
	}
}

static void
print_gains(const struct bench *b, int t, const char *title)
{
	const struct entry *ours = NULL;

	for (size_t i = 0; i < b->entries; i++) {
		if (strcmp(b->entry[i]->label, "tocsin") == 0)
			ours = b->entry[i];
	}
	if (ours == NULL)
		return;
	printf("\n#### %s, %s: tocsin minus the other, 95%% interval\n\n"
	       "| other | POD | Se | F1 |\n| --- | --- | --- | --- |\n",
	       b->design->name, title);
	for (size_t i = 0; i < b->entries; i++) {
		struct score_gain g;

		if (b->entry[i] == ours)
			continue;
		g = score_compare(ours->row[t], b->entry[i]->row[t], b->series,
				  b->draws);
		printf("| %s | %+.1f .. %+.1f | %+.1f .. %+.1f | %+.1f .. "
		       "%+.1f |\n",
		       b->entry[i]->label, g.pod.low, g.pod.high, g.se.low,
		       g.se.high, g.f1.low, g.f1.high);
	}
}

static void
run_design(struct bench *b)
{
	static const char *const title[THRESHOLDS] = { "levels as they come",
						       "FPR 1%", "FPR 2.7%" };

	b->entries = 0;
	add_entries(b);
	run(b);
	printf("\n### %s design: %zu series, %d scenarios, seed %d\n",
	       b->design->name, b->series, b->design->scenarios, SEED);
	for (int t = 0; t < THRESHOLDS; t++)
		print_table(b, t, title[t]);
	for (int t = 1; t < THRESHOLDS; t++)
		print_gains(b, t, title[t]);
	for (size_t i = 0; i < b->entries; i++) {
		for (int t = 0; t < THRESHOLDS; t++)
			free(b->entry[i]->row[t]);
		free(b->entry[i]);
	}
}

static int
usage(void)
{
	fputs("usage: bench-quality [--design weekly|daily] [--reps N] "
	      "[--methods PART,..] [--draws N]\n"
	      "N reps: series a scenario (weekly), a signal and size "
	      "(daily)\n",
	      stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	const struct design *const all[] = { &design_weekly, &design_daily };
	const char *design = NULL;
	size_t reps = 0;
	struct bench b = { .draws = 2000 };

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return usage();
		if (strcmp(argv[i], "--design") == 0)
			design = argv[i + 1];
		else if (strcmp(argv[i], "--reps") == 0)
			reps = strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--methods") == 0)
			b.only = argv[i + 1];
		else if (strcmp(argv[i], "--draws") == 0)
			b.draws = strtoul(argv[i + 1], NULL, 10);
		else
			return usage();
	}
	for (int i = 0; i < 2; i++) {
		size_t per = all[i]->period == DET_WEEK ? 1 : 4;
		size_t n = reps > 0 ? reps : per == 1 ? 50 : 25;

		if (design != NULL && strcmp(design, all[i]->name) != 0)
			continue;
		b.design = all[i];
		b.series = n * per * (size_t)all[i]->scenarios;
		run_design(&b);
	}
	return 0;
}
