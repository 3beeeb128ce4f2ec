/*
 * One alert as a person reads it: plain words first, then the figures, the
 * clocks, the tasks, the evidence and what was done.
 */
#include "daemon/cli/alert_show.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/grid.h"
#include "daemon/console/explain_escalation.h"
#include "daemon/console/telling.h"

const char *
alert_colour(const char *grade)
{
	static const char *const grades[] = { "blue", "yellow", "orange", "red" };
	static const char *const codes[] = { "\033[34m", "\033[33m",
					     "\033[38;5;208m", "\033[31m" };

	for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++) {
		if (strcmp(grade, grades[i]) == 0)
			return codes[i];
	}
	return "";
}

bool
alert_is_operator(const json_t *alert)
{
	return strcmp(client_text(alert, "route"), "operator") == 0;
}

/* The name of what stands under key, in the language; else its code. */
static const char *
name_of(const struct client *c, const json_t *row, const char *key)
{
	char name[48];
	const char *text;

	snprintf(name, sizeof(name), "%s_name_zh", key);
	text = client_text(row, name);
	if (c->lang == CATALOGUE_ZH && text[0] != '\0')
		return text;
	snprintf(name, sizeof(name), "%s_name", key);
	text = client_text(row, name);
	return text[0] != '\0' ? text : client_text(row, key);
}

const char *
alert_area_name(const struct client *c, const json_t *row)
{
	return name_of(c, row, "area");
}

static void
print_number(char *buf, size_t cap, const json_t *v, const char *format)
{
	if (json_is_number(v))
		snprintf(buf, cap, format, json_number_value(v));
	else
		snprintf(buf, cap, "-");
}

/* Does a row before the i-th speak of the same new site? */
static bool
is_said(const json_t *evidence, size_t i)
{
	const char *site = client_text(json_array_get(evidence, i), "site");

	while (i-- > 0) {
		const json_t *row = json_array_get(evidence, i);

		if (json_is_object(json_object_get(row, "borrowed")) &&
		    strcmp(client_text(row, "site"), site) == 0)
			return true;
	}
	return false;
}

/* Below the table, whose counts the rows with an asterisk were judged by. */
static void
print_borrowed(const struct client *c, const json_t *evidence, size_t most)
{
	const json_t *row;
	size_t i;

	json_array_foreach (evidence, i, row) {
		const json_t *from = json_object_get(row, "borrowed");
		char peers[24], own[24], text[512];

		if (i == most)
			break;
		if (!json_is_object(from) || is_said(evidence, i))
			continue;
		snprintf(peers, sizeof(peers), "%.0f",
			 json_number_value(json_object_get(from, "peers")));
		snprintf(own, sizeof(own), "%.0f",
			 json_number_value(json_object_get(from, "own")));
		alert_print_wrapped(catalogue_format(
			c->catalogue, c->lang, "cli.borrowed", text, sizeof(text),
			(const char *[]){
				"site", name_of(c, row, "site"), "peers", peers,
				"kind", name_of(c, row, "kind"), "area",
				alert_area_name(c, from), "own", own, NULL }));
	}
}

/* "2026-03-09", or of a sum of cases "2026-03-03..03-09". */
static const char *
days_of(const json_t *row, char *buf, size_t cap)
{
	const char *day = client_text(row, "day");
	const char *first = client_text(row, "first_day");

	if (first[0] == '\0' || strcmp(first, day) == 0 || strlen(day) < 5)
		return day;
	snprintf(buf, cap, "%s..%s", first, day + 5);
	return buf;
}

/* At most so many rows; the strongest stand first. */
void
alert_print_evidence(const struct client *c, const json_t *evidence, size_t most)
{
	struct grid *g = grid_new((const char *[]){
		client_say(c, "col.day"), client_say(c, "cli.where"),
		client_say(c, "col.kind"), client_say(c, "col.indicator"),
		client_say(c, "cli.seen"), client_say(c, "cli.usual"), ">p",
		NULL });
	const json_t *row;
	size_t i;

	if (g == NULL)
		return;
	json_array_foreach (evidence, i, row) {
		char seen[32], usual[32], p[32], days[32];
		const char *site = client_text(row, "site");

		if (i == most)
			break;
		print_number(seen, sizeof(seen),
			     json_object_get(row, "observed"), "%.0f");
		print_number(usual, sizeof(usual),
			     json_object_get(row, "expected"),
			     json_is_object(json_object_get(row, "borrowed"))
				     ? "%.1f*"
				     : "%.1f");
		print_number(p, sizeof(p), json_object_get(row, "p"), "%.1g");
		grid_add(g, (const char *[]){ days_of(row, days, sizeof(days)),
					      site[0] != '\0'
						      ? name_of(c, row, "site")
						      : alert_area_name(c, row),
					      name_of(c, row, "kind"),
					      name_of(c, row, "indicator"),
					      seen, usual, p });
	}
	grid_print(g, stdout, grid_terminal());
	grid_free(&g);
	print_borrowed(c, evidence, most);
	if (json_array_size(evidence) > most) {
		char n[24], text[128];

		snprintf(n, sizeof(n), "%zu", json_array_size(evidence) - most);
		puts(catalogue_format(c->catalogue, c->lang, "cli.more", text,
				      sizeof(text),
				      (const char *[]){ "n", n, NULL }));
	}
}

void
alert_print_escalated(const struct client *c, const json_t *event)
{
	char text[768];

	puts(explain_escalated(c->catalogue, c->lang, event, text, sizeof(text)));
}

static void
print_events(const struct client *c, const json_t *events)
{
	const json_t *row;
	size_t i;

	json_array_foreach (events, i, row) {
		if (strcmp(client_text(row, "event"), "continued") == 0)
			continue;
		if (strcmp(client_text(row, "event"), "escalated") == 0) {
			printf("  %s  %s  ", client_text(row, "as_of"),
			       client_word(c, "event", "escalated"));
			alert_print_escalated(c, row);
			continue;
		}
		printf("  %s  %s  %s%s%s\n", client_text(row, "as_of"),
		       client_word(c, "event", client_text(row, "event")),
		       client_text(row, "actor")[0] != '\0'
			       ? client_text(row, "actor")
			       : client_word(c, "signal",
					     client_text(row, "grade")),
		       client_text(row, "note")[0] != '\0' ? ": " : "",
		       client_text(row, "note"));
	}
}

/* Bytes that stay on one line: a word, or one wide character with the
   punctuation that may not begin a line. */
static size_t
chunk(const char *text)
{
	static const char *const stays[] = { "，", "。", "：", "；",
					     "、", "”",	 "）", "》" };
	size_t n = 1;

	if ((unsigned char)text[0] < 0x80) {
		while (text[n] != '\0' && text[n] != ' ' &&
		       (unsigned char)text[n] < 0x80)
			n++;
		return n;
	}
	while (((unsigned char)text[n] & 0xC0) == 0x80)
		n++;
	for (size_t i = 0; i < sizeof(stays) / sizeof(stays[0]); i++) {
		if (strncmp(text + n, stays[i], strlen(stays[i])) == 0)
			return n + strlen(stays[i]);
	}
	return n;
}

static void
print_wrapped(const char *text, int indent, size_t width)
{
	size_t at = 0;

	while (*text != '\0') {
		size_t blanks = strspn(text, " "), n, cells;
		char word[256];

		text += blanks;
		if (*text == '\0')
			break;
		n = chunk(text);
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		cells = grid_width(word);
		if (at > 0 && at + (blanks > 0) + cells > width) {
			printf("\n%*s", indent, "");
			at = 0;
		}
		printf("%s%.*s", at > 0 && blanks > 0 ? " " : "", (int)n, text);
		at += cells + (at > 0 && blanks > 0);
		text += n;
	}
}

void
alert_print_wrapped(const char *text)
{
	alert_print_indented(text, 0);
}

void
alert_print_indented(const char *text, int indent)
{
	printf("%*s", indent, "");
	print_wrapped(text, indent, grid_terminal() - (size_t)indent);
	putchar('\n');
}

/* Which alerts belong to it, and to which it belongs. */
static void
print_relations(const struct client *c, const json_t *alert)
{
	static const char *const keys[] = { "parent", "part_of" };
	const json_t *row;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[32];

		if (client_text(alert, keys[i])[0] == '\0')
			continue;
		snprintf(text, sizeof(text), "cli.%s", keys[i]);
		printf("%s: %s\n", client_say(c, text),
		       client_text(alert, keys[i]));
	}
	if (json_array_size(json_object_get(alert, "below")) == 0)
		return;
	printf("\n%s\n", client_say(c, "cli.below"));
	json_array_foreach (json_object_get(alert, "below"), i, row)
		printf("  %s  %s\n", client_text(row, "id"),
		       alert_area_name(c, row));
}

static void
span(const struct client *c, int64_t minutes, char *buf, size_t cap)
{
	int64_t large = minutes < 48 * 60 ? minutes / 60 : minutes / 1440;
	int64_t small = minutes < 48 * 60 ? minutes % 60 : minutes / 60 % 24;
	const char *key = minutes < 60	      ? "clock.minutes"
			  : minutes < 48 * 60 ? "clock.hours"
					      : "clock.days";
	char many[24], few[24];

	snprintf(many, sizeof(many), "%lld", (long long)large);
	snprintf(few, sizeof(few), "%lld", (long long)small);
	catalogue_format(c->catalogue, c->lang, key, buf, cap,
			 (const char *[]){ "n", many, "m", few, NULL });
}

/* "in 3 h 20 min", "40 min late", "met"; what stands beside a clock. */
static const char *
clock_word(const struct client *c, const json_t *step, int64_t now_ms,
	   char *buf, size_t cap)
{
	int64_t due = json_integer_value(json_object_get(step, "due_ms"));
	const json_t *met = json_object_get(step, "met_ms");
	int64_t left = due - now_ms, minutes;
	const char *key = left < 0 ? "clock.late" : "clock.in";
	char time[64];

	if (json_is_integer(met))
		return client_say(c, json_integer_value(met) > due
					     ? "clock.met_late"
					     : "clock.met");
	if (json_is_true(json_object_get(step, "off")))
		return client_say(c, "clock.off");
	minutes = (left < 0 ? -left : left) / 60000;
	span(c, minutes, time, sizeof(time));
	return catalogue_format(c->catalogue, c->lang, key, buf, cap,
				(const char *[]){ "time", time, NULL });
}

/* Who above was told of a missed clock, and when. */
static void
print_escalated(const struct client *c, const json_t *step)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(step, "escalated"), i, row) {
		char at[32], text[256];

		client_moment(json_integer_value(json_object_get(row, "at_ms")),
			      at, sizeof(at));
		printf("    %s\n",
		       catalogue_format(
			       c->catalogue, c->lang,
			       json_is_string(json_object_get(row, "area"))
				       ? "clock.told"
				       : "clock.told_nobody",
			       text, sizeof(text),
			       (const char *[]){ "area", alert_area_name(c, row),
						 "time", at, NULL }));
	}
}

static void
print_deadlines(const struct client *c, const json_t *alert, int64_t now_ms)
{
	const json_t *all = json_object_get(alert, "deadlines"), *step;
	const char *basis;
	size_t i;

	if (json_array_size(json_object_get(all, "steps")) == 0)
		return;
	printf("\n%s\n", client_say(c, "cli.deadlines"));
	json_array_foreach (json_object_get(all, "steps"), i, step) {
		char word[96], at[32];

		printf("  %s  %s  %s\n",
		       client_moment(json_integer_value(
					     json_object_get(step, "due_ms")),
				     at, sizeof(at)),
		       client_word(c, "deadline", client_text(step, "step")),
		       clock_word(c, step, now_ms, word, sizeof(word)));
		print_escalated(c, step);
	}
	basis = telling_in(c->lang, all, "basis");
	if (basis[0] != '\0')
		alert_print_wrapped(basis);
}

static void
print_tasks(const struct client *c, const json_t *tasks, int64_t now_ms)
{
	const json_t *task;
	size_t i;

	if (json_array_size(tasks) == 0)
		return;
	printf("\n%s\n", client_say(c, "cli.tasks"));
	json_array_foreach (tasks, i, task) {
		const char *site = client_text(task, "site_name");
		bool done = strcmp(client_text(task, "state"), "done") == 0;
		const json_t *due = json_object_get(task, "due_ms");
		char word[96] = "";

		if (site[0] == '\0')
			site = client_text(task, "site");
		if (done)
			snprintf(word, sizeof(word), "%s",
				 client_text(task, "actor"));
		else if (json_is_integer(due))
			clock_word(c, task, now_ms, word, sizeof(word));
		printf("  %zu  %s  %s%s%s  %s%s%s\n", i + 1,
		       client_word(c, "task", client_text(task, "state")), site,
		       site[0] != '\0' ? ", " : "", alert_area_name(c, task),
		       word, done ? ": " : "", client_text(task, "note"));
	}
}

static void
print_figures(const struct client *c, const json_t *alert)
{
	const json_t *share = json_object_get(alert, "coverage");
	const json_t *p = json_object_get(alert, "p");
	char line[160] = "";

	/* A rule of the law has no p, and says what it stands on. */
	if (json_is_number(p))
		printf("p %.2g", json_number_value(p));
	if (json_is_number(share))
		snprintf(line, sizeof(line), "%s%s %.0f%%",
			 json_is_number(p) ? "  " : "",
			 client_say(c, "col.coverage"),
			 100 * json_number_value(share));
	puts(line);
	if (client_text(alert, "basis")[0] != '\0')
		alert_print_wrapped(telling_in(c->lang, alert, "basis"));
}

void
alert_print(const struct client *c, const json_t *alert, bool colour)
{
	int64_t now_ms = json_integer_value(json_object_get(alert, "now_ms"));
	const char *grade = client_text(alert, "grade");
	const json_t *line;
	size_t i;

	json_array_foreach (json_object_get(alert, "explanation"), i, line) {
		fputs(i == 0 && colour ? alert_colour(grade) : "", stdout);
		print_wrapped(json_string_value(line), 0, grid_terminal());
		puts(i == 0 && colour ? "\033[0m" : "");
	}
	printf("\n%s  %s%s%s  %s..%s\n", client_text(alert, "id"),
	       client_word(c, "signal", grade), grade[0] != '\0' ? "  " : "",
	       client_word(c, "state", client_text(alert, "state")),
	       client_text(alert, "first_day"), client_text(alert, "last_day"));
	if (!alert_is_operator(alert))
		print_figures(c, alert);
	print_relations(c, alert);
	print_deadlines(c, alert, now_ms);
	print_tasks(c, json_object_get(alert, "tasks"), now_ms);
	if (!alert_is_operator(alert)) {
		printf("\n%s\n", client_say(c, "cli.evidence"));
		alert_print_evidence(c, json_object_get(alert, "evidence"),
				     SIZE_MAX);
	}
	if (json_array_size(json_object_get(alert, "events")) > 0) {
		printf("\n%s\n", client_say(c, "cli.activity"));
		print_events(c, json_object_get(alert, "events"));
	}
}
