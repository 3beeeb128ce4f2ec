#ifndef TOCSIN_CLI_GRID_H
#define TOCSIN_CLI_GRID_H

/*
 * A table for people on a terminal: columns as wide as their widest cell,
 * Chinese characters counted as two, the widest columns but the first cut in
 * the middle, several words at their end, so that a line fits the terminal (80 where there is none).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { GRID_COLUMNS = 10 };

struct grid;

/* Names of the columns, NULL-terminated; a name that begins with '>' (not
   shown) is set flush right.  NULL: out of memory. */
struct grid *grid_new(const char *const *column);
void grid_free(struct grid **g);

/* One row of as many texts as columns; NULL is "".  Texts are copied. */
void grid_add(struct grid *g, const char *const *cell);

/* A row longer than width cells is cut in its widest columns. */
void grid_print(const struct grid *g, FILE *out, size_t width);

/* Is standard output a terminal? */
bool grid_is_terminal(void);

/* Cells of a text on a terminal. */
size_t grid_width(const char *text);

/* Cells of standard output's terminal; 80 where it is none. */
size_t grid_terminal(void);

#endif
