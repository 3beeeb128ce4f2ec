/* Errors of the command line. */
#include "daemon/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
