/*
 * The chart of a back-test for a terminal: a lane a place, a letter where an
 * episode opened.
 */
#include <string.h>

#include "base/day.h"
#include "daemon/cli/grid.h"
#include "daemon/cli/rung.h"

enum { LABEL = 18, LEAST_CELLS = 20, MOST_CELLS = 400, LINE_BYTES = 512 };

struct chart {
	const struct rung *r;
	FILE *out;
	bool colour;
	int32_t step; /* days a cell */
	size_t cells;
};

static size_t
cell_of(const struct chart *c, int32_t day)
{
	size_t i = day <= c->r->first ? 0
				      : (size_t)((day - c->r->first) / c->step);

	return i < c->cells ? i : c->cells - 1;
}

/* The years over their first days; one that does not fit is left out. */
static void
print_years(const struct chart *c)
{
	char line[MOST_CELLS + 8];
	int year, month, day;
	size_t used = 0;

	memset(line, ' ', sizeof(line));
	day_to_civil(c->r->first, &year, &month, &day);
	for (int32_t at = c->r->first; at <= c->r->last;
	     at = day_from_civil(++year, 1, 1)) {
		size_t i = cell_of(c, at);
		char text[8];

		snprintf(text, sizeof(text), "%04d", year);
		if (i < used || i + 4 > c->cells)
			continue;
		memcpy(line + i, text, 4);
		used = i + 5;
	}
	line[used > 0 ? used - 1 : 0] = '\0';
	fprintf(c->out, "%*s %s\n", LABEL, "", line);
}

/*
 * The label, cut or filled to LABEL cells.  Codes of sites differ in their
 * ends, so these are cut in front.
 */
static void
print_label(const struct chart *c, const char *text, bool is_site)
{
	char cut[128];
	size_t len;

	while (is_site && *text != '\0' &&
	       (grid_width(text) > LABEL || (*text & 0xc0) == 0x80))
		text++;
	snprintf(cut, sizeof(cut), "%s", text);
	len = strlen(cut);
	while (len > 0 && (grid_width(cut) > LABEL || (cut[len] & 0xc0) == 0x80))
		cut[--len] = '\0';
	fprintf(c->out, "%s%*s ", cut, (int)(LABEL - grid_width(cut)), "");
}

static void
print_cells(const struct chart *c, const unsigned char *cell)
{
	static const char letter[] = { '.', 'B', 'Y', 'O', 'R', '-' };
	static const char *const code[] = { "",		  "\033[34;1m",
					    "\033[33;1m", "\033[38;5;208;1m",
					    "\033[31;1m", "" };

	for (size_t i = 0; i < c->cells; i++) {
		bool on = c->colour && code[cell[i]][0] != '\0';

		fprintf(c->out, "%s%c%s", on ? code[cell[i]] : "",
			letter[cell[i]], on ? "\033[0m" : "");
	}
	fputc('\n', c->out);
}

enum { GOES_ON = COLOUR_RED + 1 };

static void
print_lane(const struct chart *c, size_t from, size_t to)
{
	unsigned char cell[MOST_CELLS] = { 0 };
	char place[LINE_BYTES];

	for (size_t i = from; i < to; i++) {
		const struct rung_episode *e = &c->r->at[i];
		size_t at = cell_of(c, rung_opened(e));
		size_t end =
			cell_of(c, e->ended != DAY_NONE ? e->ended : c->r->last);

		if (cell[at] == 0 || cell[at] == GOES_ON ||
		    cell[at] < (unsigned char)e->grade)
			cell[at] = (unsigned char)e->grade;
		for (size_t k = at + 1; k <= end; k++)
			cell[k] = GOES_ON;
	}
	print_label(c, rung_place(c->r, &c->r->at[from], place, sizeof(place)),
		    c->r->at[from].site[0] != '\0' ||
			    c->r->at[from].each[0] != '\0');
	print_cells(c, cell);
}

/* The trigger, what it rang, and on a line of its own how often that is. */
static void
print_head(const struct rung *r, FILE *out, size_t trigger)
{
	char line[LINE_BYTES];

	fprintf(out, "%s\n", rung_title(r, trigger, line, sizeof(line)));
	fprintf(out, "%s\n", rung_openings(r, trigger, line, sizeof(line)));
	if (rung_rate(r, trigger, line, sizeof(line))[0] != '\0')
		fprintf(out, "%s\n", line);
}

/* What the letters mean, and how many days a cell is. */
static void
print_key(const struct chart *c)
{
	char line[LINE_BYTES], days[16];

	snprintf(days, sizeof(days), "%d", (int)c->step);
	fprintf(c->out, "\n%s\n%s\n", rung_say(c->r, "rung.key"),
		catalogue_format(c->r->catalogue, c->r->lang,
				 c->step == 1 ? "rung.cell" : "rung.cells",
				 line, sizeof(line),
				 (const char *[]){ "n", days, NULL }));
}

void
rung_print(const struct rung *r, FILE *out, size_t width, bool colour)
{
	size_t room = width > LABEL + 1 + LEAST_CELLS ? width - LABEL - 1
						      : LEAST_CELLS;
	int32_t days = r->last - r->first + 1;
	struct chart c = { .r = r, .out = out, .colour = colour };

	room = room > MOST_CELLS ? MOST_CELLS : room;
	c.step = (days + (int32_t)room - 1) / (int32_t)room;
	c.cells = (size_t)((days + c.step - 1) / c.step);
	for (size_t i = 0, end; i < r->n; i = end) {
		size_t t = r->at[i].trigger;

		end = rung_lane(r, i);
		if (i == 0 || r->at[i - 1].trigger != t) {
			fputs(i > 0 ? "\n" : "", out);
			print_head(r, out, t);
			print_years(&c);
		}
		print_lane(&c, i, end);
	}
	if (r->n == 0)
		fprintf(out, "%s\n", rung_say(r, "rung.nothing"));
	else
		print_key(&c);
}
