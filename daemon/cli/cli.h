#ifndef TOCSIN_CLI_H
#define TOCSIN_CLI_H

/*
 * What the commands of `tocsin` share: exit statuses and one clear line on
 * standard error.
 */

#include <stddef.h>

/* Exit statuses besides EXIT_SUCCESS. */
#define CLI_EX_FAILURE 1 /* the work failed: output, daemon, memory */
#define CLI_EX_USAGE 2	 /* unknown word, bad value, unreadable input */
#define CLI_EX_DATA 65	 /* bad rows, after all of them were named */

/*
 * One command of `tocsin`.  run() gets the words from the command's name on,
 * argv[0] being the name, and returns the exit status.
 */
struct cli_command {
	const char *name;
	const char *args; /* "[--json]", for the help */
	const char *help; /* one line, at most 60 characters */
	int (*run)(int argc, char **argv);
};

int cli_alert(int argc, char **argv);
int cli_area(int argc, char **argv);
int cli_clock(int argc, char **argv);
int cli_counts(int argc, char **argv);
int cli_backtest(int argc, char **argv);
int cli_calibrate(int argc, char **argv);
int cli_detect(int argc, char **argv);
int cli_mark(int argc, char **argv);
int cli_methods(int argc, char **argv);
int cli_rota(int argc, char **argv);
int cli_series(int argc, char **argv);
int cli_simulate(int argc, char **argv);
int cli_trigger(int argc, char **argv);
int cli_site(int argc, char **argv);
int cli_site_access(int argc, char **argv); /* add, key, token */
int cli_status(int argc, char **argv);

/* Prints "tocsin: " and the message as one line on standard error. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Flushes standard output.  Returns 0, or CLI_EX_FAILURE after saying why
 * what was printed did not get through.
 */
int cli_finish(void);

#endif
