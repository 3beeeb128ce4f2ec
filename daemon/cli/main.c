/*
 * tocsin: the command line of the duty officer, the site integrator and the
 * operator.  Finds the command and hands over; every command is one function
 * in a file of its own.
 */
#include "daemon/cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

static const struct cli_command commands[] = {
	{ "status", "[--json]", "is the daemon ready, and what does it hold",
	  cli_status },
	{ "alert", "list|show ID|follow|ack ID|close ID...",
	  "the duty officer's alerts", cli_alert },
	{ "rota", "[--json]", "who is on duty now, and who is next", cli_rota },
	{ "area", "import FILE.csv|list", "the tree of areas", cli_area },
	{ "site", "import FILE.csv|list|add SITE|key SITE|token SITE",
	  "who reports, and who may send", cli_site },
	{ "counts", "post FILE", "post counts and wait until they are kept",
	  cli_counts },
	{ "series", "show SITE INDICATOR|list",
	  "what was reported and how it was judged", cli_series },
	{ "mark", "add|list|withdraw N",
	  "days whose counts have a known reason", cli_mark },
	{ "clock", "advance DATE", "go on with a manual clock", cli_clock },
	{ "backtest", "DIR [--triggers PATH] [--from DATE] [--to DATE]",
	  "what the triggers would have rung over a data set", cli_backtest },
	{ "calibrate", "[--triggers PATH] [--history DIR]",
	  "how often triggers ring by chance, and their thresholds",
	  cli_calibrate },
	{ "detect", "[--method NAME] [--set KEY=VALUE]... FILE.csv",
	  "judge the series of a file with one method", cli_detect },
	{ "methods", "[NAME] [--json]", "list the methods and their parameters",
	  cli_methods },
	{ "trigger", "list|test [PATH]...|explain AREA DATE|score",
	  "the rules, their mistakes, why (no) alert, what became of them",
	  cli_trigger },
	{ "simulate", "--out DIR [OPTION]...",
	  "write an invented province with labelled outbreaks", cli_simulate },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
print_help(FILE *out)
{
	fputs("Usage: tocsin COMMAND [ARGUMENT]...\n\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		fprintf(out, "  tocsin %s %s\n      %s\n", commands[i].name,
			commands[i].args, commands[i].help);
	}
	fputs("\ntocsin COMMAND --help tells more; tocsin --version.\n", out);
}

static int
unknown_command(const char *word)
{
	struct nearest near;

	nearest_begin(&near, word);
	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_offer(&near, commands[i].name);
	if (near.best != NULL)
		cli_error("unknown command '%s', did you mean '%s'?", word,
			  near.best);
	else
		cli_error("unknown command '%s'; 'tocsin help' lists them", word);
	return CLI_EX_USAGE;
}

int
main(int argc, char **argv)
{
	/* characters as wide as they are, numbers with a point */
	if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
	if (argc < 2) {
		print_help(stderr);
		return CLI_EX_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
		print_help(stdout);
		return cli_finish();
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("tocsin " TOCSIN_VERSION);
		return cli_finish();
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
