/*
 * Errors and suggestions of the command line.
 */
#include "daemon/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAX_WORD 63

void
cli_error(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *c = line; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	fprintf(stderr, "tocsin: %s\n", line);
}

int
cli_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	cli_error("cannot write the output: %s", strerror(errno));
	return CLI_EX_FAILURE;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

size_t
cli_distance(const char *word, const char *known)
{
	size_t row[MAX_WORD + 1];
	size_t n = strlen(word);
	size_t m = strlen(known);
	size_t allowed = 1 + m / 3;

	if (n > MAX_WORD || m > MAX_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t above = row[j];
			size_t change = word[i - 1] != known[j - 1];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + change);
			diagonal = above;
		}
	}
	return row[m] <= allowed ? row[m] : SIZE_MAX;
}
