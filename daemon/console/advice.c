/* Advice on budgets in words, see advice.h. */
#include "daemon/console/advice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/console/telling.h"

struct figure {
	char text[32];
};

/* NaN, of null, is "–". */
static struct figure
figure(double x)
{
	struct figure f;

	snprintf(f.text, sizeof(f.text), isnan(x) ? "–" : "%.6g", x);
	return f;
}

static void
tell_found(const struct telling *t)
{
	double closed = telling_number(t->about, "closed");
	double outbreaks = telling_number(t->about, "outbreaks");
	struct figure all = figure(closed), with = figure(outbreaks);
	struct figure without = figure(closed - outbreaks);
	struct figure share =
		figure(round(100 * telling_number(t->about, "share")));
	struct figure low =
		figure(round(100 * telling_number(t->about, "low")));
	struct figure high =
		figure(round(100 * telling_number(t->about, "high")));
	const char *args[] = { "closed", all.text,     "outbreaks", with.text,
			       "others", without.text, "share",	    share.text,
			       "low",	 low.text,     "high",	    high.text,
			       NULL };

	telling_add(t, closed > 0 ? "advise.found" : "advise.none", args);
}

/* The row of budgets[] that has the budget advised. */
static const json_t *
row_of(const json_t *advice, double budget)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(advice, "budgets"), i, row) {
		if (telling_number(row, "budget") == budget)
			return row;
	}
	return NULL;
}

static void
tell_smaller(const struct telling *t)
{
	double budget = telling_number(t->about, "budget");
	double to = telling_number(t->about, "new_budget");
	const json_t *now = row_of(t->about, budget);
	const json_t *then = row_of(t->about, to);
	struct figure was = figure(budget), is = figure(to);
	struct figure others = figure(telling_number(now, "others"));
	struct figure with = figure(telling_number(now, "outbreaks"));
	struct figure gone = figure(telling_number(now, "others") -
				    telling_number(then, "others"));
	const char *args[] = { "to",	    is.text,	 "budget", was.text,
			       "others",    others.text, "gone",   gone.text,
			       "outbreaks", with.text,	 NULL };

	telling_add(t,
		    telling_number(now, "outbreaks") > 0 ? "advise.lower"
							 : "advise.lower_none",
		    args);
}

static void
tell_advice(const struct telling *t)
{
	const char *advice = telling_text(t->about, "advice");
	size_t n = json_array_size(json_object_get(t->about, "missed"));
	struct figure missed = figure((double)n);
	struct figure budget = figure(telling_number(t->about, "budget"));
	struct figure to = figure(telling_number(t->about, "new_budget"));
	struct figure least = figure(telling_number(t->about, "least"));
	const char *args[] = { "missed", missed.text,
			       "budget", budget.text,
			       "to",	 to.text,
			       "least",	 least.text,
			       "name",	 telling_text(t->about, "trigger"),
			       "file",	 telling_text(t->about, "file"),
			       NULL };

	if (n > 0)
		telling_add(t, "advise.missed", args);
	if (strcmp(advice, "norm") == 0)
		telling_add(t, "advise.norm", args);
	else if (strcmp(advice, "too-few") == 0)
		telling_add(t, "advise.too_few", args);
	else if (strcmp(advice, "raise") == 0)
		telling_add(t, "advise.raise", args);
	else if (strcmp(advice, "lower") == 0)
		tell_smaller(t);
	else
		telling_add(t, n > 0 ? "advise.keep_missed" : "advise.keep",
			    args);
	if (!isnan(telling_number(t->about, "new_budget")))
		telling_add(t,
			    telling_text(t->about, "file")[0] != '\0'
				    ? "advise.how"
				    : "advise.how_shipped",
			    args);
	if (!isnan(telling_number(t->about, "new_budget")) &&
	    telling_text(t->about, "area")[0] != '\0')
		telling_add(t, "advise.area", args);
}

json_t *
advice_words(const struct catalogue *c, enum catalogue_language lang,
	     const json_t *advice)
{
	struct telling t = { c, lang, NULL, advice, json_array() };

	if (t.lines == NULL)
		return NULL;
	tell_found(&t);
	tell_advice(&t);
	return t.lines;
}
