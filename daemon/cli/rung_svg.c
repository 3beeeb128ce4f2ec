/*
 * The chart of a back-test as SVG: a lane a place, a bar an episode, its
 * colours from the day on which they were reached.
 */
#include <string.h>

#include "base/day.h"
#include "daemon/cli/rung.h"

enum {
	WIDTH = 1000,
	LEFT = 190,
	RIGHT = 20,
	LANE = 22,
	HEAD = 66, /* title, rate and years of a trigger */
	TOP = 46,
	FOOT = 12,
	LEAST_BAR = 4,
	TICK = 50, /* room for a date */
	TEXT_BYTES = 512
};

static const char *const fill[] = { "#ffffff", "#3f7fd0", "#f3c53b", "#ee8624",
				    "#cf3535" };

struct picture {
	const struct rung *r;
	FILE *out;
	int y;
};

static void
text(FILE *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*s, out);
		}
	}
}

static double
x_of(const struct rung *r, int32_t day)
{
	double days = (double)(r->last - r->first + 1);

	return LEFT + (double)(day - r->first) / days * (WIDTH - LEFT - RIGHT);
}

static void
put_text(const struct picture *p, double x, int y, const char *class,
	 const char *s)
{
	fprintf(p->out, "<text x=\"%.1f\" y=\"%d\" class=\"%s\">", x, y, class);
	text(p->out, s);
	fputs("</text>\n", p->out);
}

/* Lines at the beginnings of years, and of quarters where there is room. */
static void
put_grid(const struct picture *p, int lanes)
{
	int months = p->r->last - p->r->first > 2200 ? 12 : 3;
	int year, month, day, bottom = p->y + lanes * LANE;
	char label[16];

	day_to_civil(p->r->first, &year, &month, &day);
	month = (month - 1) / months * months + 1;
	for (;;) {
		int32_t at;

		month += months;
		year += (month - 1) / 12;
		month = (month - 1) % 12 + 1;
		at = day_from_civil(year, month, 1);
		if (at > p->r->last)
			break;
		fprintf(p->out,
			"<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\""
			" class=\"%s\"/>\n",
			x_of(p->r, at), x_of(p->r, at), p->y, bottom,
			month == 1 ? "year" : "quarter");
		if ((month != 1 && p->r->last - p->r->first > 800) ||
		    x_of(p->r, at) > WIDTH - RIGHT - TICK)
			continue;
		snprintf(label, sizeof(label),
			 month == 1 ? "%04d" : "%04d-%02d", year, month);
		put_text(p, x_of(p->r, at) + 2, p->y - 4, "tick", label);
	}
}

/* One colour of a bar, from the day it was reached to the next one's. */
static void
put_part(const struct picture *p, const struct rung_episode *e, enum colour c,
	 int32_t end)
{
	int32_t to = end;
	double x, wide;

	for (int next = COLOUR_RED; next > (int)c; next--) {
		if (e->since[next] != DAY_NONE)
			to = e->since[next];
	}
	if (e->since[c] == DAY_NONE || to <= e->since[c])
		return;
	x = x_of(p->r, e->since[c]);
	wide = x_of(p->r, to) - x;
	if (c == e->grade && wide < LEAST_BAR)
		wide = LEAST_BAR;
	fprintf(p->out,
		"<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\""
		" fill=\"%s\"/>\n",
		x, p->y + 4, wide, LANE - 8, fill[c]);
}

static void
put_bar(const struct picture *p, const struct rung_episode *e)
{
	int32_t end = e->ended != DAY_NONE ? e->ended : p->r->last + 1;
	char opened[DAY_TEXT_BYTES], ended[DAY_TEXT_BYTES], points[24];
	char key[32], line[TEXT_BYTES];

	snprintf(key, sizeof(key), "colour.%s", colour_str(e->grade));
	snprintf(points, sizeof(points), "%zu", e->points);
	fprintf(p->out, "<g><title>%s</title>\n",
		catalogue_format(
			p->r->catalogue, p->r->lang,
			e->ended != DAY_NONE ? "rung.bar" : "rung.bar_on", line,
			sizeof(line),
			(const char *[]){
				"from", day_format(rung_opened(e), opened),
				"colour", rung_say(p->r, key), "points", points,
				"to",
				day_format(e->ended != DAY_NONE ? e->ended
								: p->r->last,
					   ended),
				NULL }));
	for (int c = COLOUR_BLUE; c <= COLOUR_RED; c++)
		put_part(p, e, (enum colour)c, end);
	fputs("</g>\n", p->out);
}

static int
lanes_of(const struct rung *r, size_t i)
{
	size_t trigger = r->at[i].trigger;
	int n = 0;

	for (; i < r->n && r->at[i].trigger == trigger; i = rung_lane(r, i))
		n++;
	return n;
}

static void
put_head(struct picture *p, size_t i)
{
	size_t trigger = p->r->at[i].trigger, len;
	char line[TEXT_BYTES], rate[TEXT_BYTES / 2];

	put_text(p, 12, p->y + 20, "title",
		 rung_title(p->r, trigger, line, sizeof(line)));
	rung_openings(p->r, trigger, line, sizeof(line));
	rung_rate(p->r, trigger, rate, sizeof(rate));
	len = strlen(line);
	snprintf(line + len, sizeof(line) - len, "%s%s",
		 rate[0] != '\0' ? rung_say(p->r, "rung.colon") : "", rate);
	put_text(p, 12, p->y + 38, "note", line);
	p->y += HEAD;
	put_grid(p, lanes_of(p->r, i));
}

static void
put_lane(struct picture *p, size_t from, size_t to)
{
	char place[TEXT_BYTES];

	put_text(p, 12, p->y + LANE - 7, "place",
		 rung_place(p->r, &p->r->at[from], place, sizeof(place)));
	fprintf(p->out,
		"<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\""
		" class=\"lane\"/>\n",
		LEFT, WIDTH - RIGHT, p->y + LANE / 2, p->y + LANE / 2);
	for (size_t i = from; i < to; i++)
		put_bar(p, &p->r->at[i]);
	p->y += LANE;
}

static int
height_of(const struct rung *r)
{
	int height = TOP + FOOT;

	for (size_t i = 0; i < r->n; i = rung_lane(r, i)) {
		height += LANE;
		if (i == 0 || r->at[i - 1].trigger != r->at[i].trigger)
			height += HEAD;
	}
	return height;
}

static void
put_legend(const struct picture *p)
{
	char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES], line[TEXT_BYTES];
	int x = WIDTH - 330;

	put_text(p, 12, 26, "title",
		 catalogue_format(
			 p->r->catalogue, p->r->lang, "rung.title", line,
			 sizeof(line),
			 (const char *[]){ "from",
					   day_format(p->r->first, first), "to",
					   day_format(p->r->last, last), NULL }));
	for (int c = COLOUR_BLUE; c <= COLOUR_RED; c++, x += 80) {
		fprintf(p->out,
			"<rect x=\"%d\" y=\"14\" width=\"14\" height=\"14\""
			" fill=\"%s\"/>\n",
			x, fill[c]);
		snprintf(line, sizeof(line), "colour.%s",
			 colour_str((enum colour)c));
		put_text(p, x + 19, 26, "note", rung_say(p->r, line));
	}
}

void
rung_svg(const struct rung *r, FILE *out)
{
	struct picture p = { .r = r, .out = out, .y = TOP };
	int height = height_of(r);

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\""
		" height=\"%d\" viewBox=\"0 0 %d %d\""
		" font-family=\"sans-serif\" font-size=\"12\">\n"
		"<style>.title{font-weight:bold;font-size:14px}"
		".note{fill:#444}.tick{fill:#666;font-size:10px}"
		".year{stroke:#aaa}.quarter{stroke:#e4e4e4}"
		".lane{stroke:#d8d8d8}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		WIDTH, height, WIDTH, height);
	put_legend(&p);
	for (size_t i = 0, end; i < r->n; i = end) {
		end = rung_lane(r, i);
		if (i == 0 || r->at[i - 1].trigger != r->at[i].trigger)
			put_head(&p, i);
		put_lane(&p, i, end);
	}
	if (r->n == 0)
		put_text(&p, 12, TOP + FOOT - 6, "note",
			 rung_say(r, "rung.nothing"));
	fputs("</svg>\n", out);
}
