/*
 * Tables for people.
 */
#include "daemon/cli/grid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { GAP = 2, MIN_CUT = 8, DEFAULT_WIDTH = 80 };

struct grid {
	size_t columns, rows;
	char **cell; /* rows * columns; the first row has the names */
	size_t wide[GRID_COLUMNS];
	int right[GRID_COLUMNS];
};

/* Length in bytes and cells of the character at text; never beyond its end. */
static size_t
character(const char *text, size_t *cells)
{
	wchar_t wide = 0;
	mbstate_t state;
	size_t n;
	int w;

	memset(&state, 0, sizeof(state));
	n = mbrtowc(&wide, text, strlen(text), &state);
	if (n == 0 || n > 16) {
		*cells = 1;
		return 1;
	}
	w = wcwidth(wide);
	*cells = w > 0 ? (size_t)w : 0;
	return n;
}

size_t
grid_width(const char *text)
{
	size_t sum = 0, cells;

	while (*text != '\0') {
		text += character(text, &cells);
		sum += cells;
	}
	return sum;
}

bool
grid_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

size_t
grid_terminal(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

struct grid *
grid_new(const char *const *column)
{
	struct grid *g = calloc(1, sizeof(*g));
	const char *name[GRID_COLUMNS];

	if (g == NULL)
		return NULL;
	while (column[g->columns] != NULL && g->columns < GRID_COLUMNS) {
		size_t i = g->columns++;

		g->right[i] = column[i][0] == '>';
		name[i] = column[i] + g->right[i];
	}
	grid_add(g, name);
	return g;
}

void
grid_free(struct grid **pg)
{
	struct grid *g = *pg;

	*pg = NULL;
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->rows * g->columns; i++)
		free(g->cell[i]);
	free(g->cell);
	free(g);
}

void
grid_add(struct grid *g, const char *const *cell)
{
	size_t n = (g->rows + 1) * g->columns;
	char **grown = realloc(g->cell, n * sizeof(*grown));

	if (grown == NULL)
		return;
	g->cell = grown;
	for (size_t i = 0; i < g->columns; i++) {
		const char *text = cell[i] != NULL ? cell[i] : "";
		size_t w = grid_width(text);

		g->cell[g->rows * g->columns + i] = strdup(text);
		if (w > g->wide[i])
			g->wide[i] = w;
	}
	g->rows++;
}

/*
 * Takes what the line has too much from the widest columns, never from the
 * first: it says what the row is about.
 */
static void
fit(const struct grid *g, size_t width, size_t wide[GRID_COLUMNS])
{
	size_t sum = 0;

	for (size_t i = 0; i < g->columns; i++) {
		wide[i] = g->wide[i];
		sum += wide[i] + (i > 0 ? GAP : 0);
	}
	for (; sum > width; sum--) {
		size_t widest = 0;

		for (size_t i = 1; i < g->columns; i++) {
			if (widest == 0 || wide[i] >= wide[widest])
				widest = i;
		}
		if (widest == 0 || wide[widest] <= MIN_CUT)
			return;
		wide[widest]--;
	}
}

static void
pad(FILE *out, size_t n)
{
	while (n-- > 0)
		fputc(' ', out);
}

/* As much of the text as fits; returns the cells that it took. */
static size_t
print_head(FILE *out, const char *text, size_t width)
{
	size_t cells, used = 0;

	while (*text != '\0') {
		size_t bytes = character(text, &cells);

		if (used + cells > width)
			break;
		fwrite(text, 1, bytes, out);
		text += bytes;
		used += cells;
	}
	return used;
}

/* Of several words what stands first says most. */
static bool
has_words(const char *text)
{
	return strchr(text, ' ') != NULL || strstr(text, "、") != NULL;
}

/* Cut in the middle, for codes differ at either end; words at theirs. */
static void
print_cell(FILE *out, const char *text, size_t width, int right, bool fill)
{
	size_t full = grid_width(text), cells, used, tail;

	if (full <= width) {
		if (right)
			pad(out, width - full);
		fputs(text, out);
		if (!right && fill)
			pad(out, width - full);
		return;
	}
	tail = has_words(text) ? 0 : (width - 1) / 2;
	used = print_head(out, text, width - 1 - tail);
	while (full > tail) {
		text += character(text, &cells);
		full -= cells;
	}
	fprintf(out, "…%s", text);
	pad(out, fill ? width - used - 1 - full : 0);
}

void
grid_print(const struct grid *g, FILE *out, size_t width)
{
	size_t wide[GRID_COLUMNS];

	fit(g, width, wide);
	for (size_t r = 0; r < g->rows; r++) {
		for (size_t i = 0; i < g->columns; i++) {
			const char *text = g->cell[r * g->columns + i];

			if (i > 0)
				pad(out, GAP);
			/* Nothing is filled at the end of a line. */
			print_cell(out, text, wide[i], g->right[i],
				   i + 1 < g->columns);
		}
		fputc('\n', out);
	}
}
