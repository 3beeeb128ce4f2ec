/*
 * Plain words for an operator's alert.  The texts are the catalogue's, by
 * cause; the alert's facts are put into them.
 */
#include "daemon/console/explain_operator.h"
#include "daemon/console/telling.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES 768
#define MAX_ARGS 40

/* Names and values in turn, ended by NULL, for catalogue_format(). */
struct facts {
	const struct catalogue *c;
	enum catalogue_language lang;
	const json_t *alert;
	const char *arg[MAX_ARGS + 1];
	size_t n;
	char stratum[128], phone[128];
};

bool
explain_is_operator(const json_t *alert)
{
	return strcmp(telling_text(alert, "route"), "operator") == 0;
}

static void
put(struct facts *f, const char *name, const char *value)
{
	if (f->n + 2 > MAX_ARGS)
		return;
	f->arg[f->n++] = name;
	f->arg[f->n++] = value;
	f->arg[f->n] = NULL;
}

/* The site's name, else the sender's code, else "the centre". */
static const char *
place_of(const struct facts *f, const struct registry *r)
{
	const char *site = telling_text(f->alert, "site");
	const char *sender = telling_text(f->alert, "sender");
	uint32_t i = registry_site(r, site, strlen(site));

	if (i != REG_NONE && registry_site_at(r, i)->name[0] != '\0')
		return registry_site_at(r, i)->name;
	if (site[0] != '\0')
		return site;
	if (sender[0] != '\0')
		return sender;
	return catalogue_text(f->c, f->lang, "operator.centre");
}

static const char *
area_of(const struct facts *f, const struct registry *r)
{
	const char *code = telling_text(f->alert, "area");
	uint32_t i = registry_area(r, code, strlen(code));
	const struct reg_area *a;

	if (i == REG_NONE)
		return code;
	a = registry_area_at(r, i);
	return f->lang == CATALOGUE_ZH && a->name_zh[0] != '\0' ? a->name_zh
								: a->name;
}

static const char *
indicator_of(const struct facts *f, const struct registry *r, const char *code)
{
	uint32_t i = registry_indicator(r, code, strlen(code));

	if (i == REG_NONE)
		return code;
	return f->lang == CATALOGUE_ZH ? registry_indicator_at(r, i)->zh
				       : registry_indicator_at(r, i)->en;
}

/* " (0576-1234)" of the site, where it has one. */
static const char *
phone_of(struct facts *f, const struct registry *r)
{
	const char *site = telling_text(f->alert, "site");
	uint32_t i = registry_site(r, site, strlen(site));

	if (i != REG_NONE && registry_site_at(r, i)->phone[0] != '\0')
		snprintf(f->phone, sizeof(f->phone), " (%.100s)",
			 registry_site_at(r, i)->phone);
	return f->phone;
}

static void
gather(struct facts *f, const struct registry *r)
{
	json_t *facts = json_object_get(f->alert, "facts");
	const char *stratum = telling_text(facts, "stratum"), *key;
	json_t *value;

	put(f, "place", place_of(f, r));
	put(f, "area", area_of(f, r));
	put(f, "phone", phone_of(f, r));
	put(f, "since", telling_text(f->alert, "first_day"));
	put(f, "indicator", indicator_of(f, r, telling_text(facts, "indicator")));
	if (stratum[0] != '\0')
		snprintf(f->stratum, sizeof(f->stratum), "(%.100s) ", stratum);
	put(f, "stratum", f->stratum);
	json_object_foreach (facts, key, value) {
		if (json_is_string(value) && strcmp(key, "indicator") != 0 &&
		    strcmp(key, "stratum") != 0)
			put(f, key, json_string_value(value));
	}
}

static const char *
say(const struct facts *f, const char *part, char *buf, size_t cap)
{
	char key[96];

	snprintf(key, sizeof(key), "operator.%.40s.%s",
		 telling_text(f->alert, "cause"), part);
	return catalogue_format(f->c, f->lang, key, buf, cap, f->arg);
}

const char *
explain_operator_title(const struct catalogue *c, enum catalogue_language lang,
		       const struct registry *r, const json_t *alert, char *buf,
		       size_t cap)
{
	struct facts f = { .c = c, .lang = lang, .alert = alert };

	gather(&f, r);
	return say(&f, "title", buf, cap);
}

/* Whether it lasts, and who has it. */
static const char *
state_key(const json_t *alert)
{
	const char *state = telling_text(alert, "state");

	if (strcmp(state, "closed") == 0 || strcmp(state, "discarded") == 0 ||
	    strcmp(state, "merged") == 0)
		return "operator.next.closed";
	if (strcmp(telling_text(alert, "signal"), "ended") == 0)
		return "operator.mended";
	if (strcmp(state, "open") == 0 || strcmp(state, "reopened") == 0)
		return "operator.next.open";
	return "operator.next.acknowledged";
}

json_t *
explain_operator(const struct catalogue *c, enum catalogue_language lang,
		 const struct registry *r, const json_t *alert)
{
	static const char *const part[] = { "title", "what", "means", "do" };
	struct facts f = { .c = c, .lang = lang, .alert = alert };
	json_t *lines = json_array();
	char line[LINE_BYTES];

	if (lines == NULL)
		return NULL;
	gather(&f, r);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		json_array_append_new(lines, json_string(say(&f, part[i], line,
							     sizeof(line))));
	json_array_append_new(
		lines, json_string(catalogue_text(c, lang, state_key(alert))));
	return lines;
}
