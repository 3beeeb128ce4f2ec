/*
 * tocsin-collect: from what a site has to a centre's acknowledgement.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "collectors/commands.h"

struct command {
	const char *name;
	int (*run)(const struct command_args *a);
	const char *usage;
	const char *help;
};

static const struct command commands[] = {
	{ "push", command_push, "FILE...",
	  "take files of counts and wait until they are acknowledged" },
	{ "run", command_run, "",
	  "watch the drop folder and the other inputs; keep sending" },
	{ "status", command_status, "[--json]", "say how the outbox stands" },
	{ "check", command_check, "", "check the configuration and show it" },
	{ "enroll", command_enroll, "INVITATION",
	  "register this site's key at a centre" },
	{ "renew", command_renew, "",
	  "send everything again under a new name, after a restored copy" },
};

enum {
	OPT_CENTRE = 1000,
	OPT_KEY,
	OPT_KAFKA,
	OPT_SITE,
	OPT_COUNTY,
	OPT_STATE,
	OPT_DROP,
	OPT_WAIT,
	OPT_JSON
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "centre", required_argument, NULL, OPT_CENTRE },
	{ "centre-key", required_argument, NULL, OPT_KEY },
	{ "kafka", required_argument, NULL, OPT_KAFKA },
	{ "site", required_argument, NULL, OPT_SITE },
	{ "county", required_argument, NULL, OPT_COUNTY },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "drop", required_argument, NULL, OPT_DROP },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void
usage(FILE *out)
{
	fprintf(out, "usage: tocsin-collect [options] COMMAND\n\ncommands:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-7s%-12s %s\n", commands[i].name,
			commands[i].usage, commands[i].help);
	fprintf(out,
		"\noptions:\n"
		"  -c, --config FILE     configuration; etc/collect.conf is "
		"one\n"
		"  --centre ADDRESS      tcp://host:port, several in order of "
		"preference\n"
		"  --centre-key KEY      the centre's public key\n"
		"  --kafka BROKERS       send to Kafka instead\n"
		"  --site CODE           this site's code\n"
		"  --county CODE         code of its county (Kafka)\n"
		"  --state FOLDER        where the outbox is\n"
		"  --drop FOLDER         whose files run takes\n"
		"  --wait SECONDS        push: how long to wait for the "
		"centre\n"
		"  --json                status: as JSON\n"
		"  -h, --help  -V, --version\n");
}

static int
one_option(struct command_args *a, int option)
{
	struct settings_flags *f = &a->flags;
	char *end;
	double seconds;

	switch (option) {
	case 'c':
		f->conf = optarg;
		break;
	case OPT_CENTRE:
		if (f->centres == SETTINGS_CENTRES)
			return -1;
		f->centre[f->centres++] = optarg;
		break;
	case OPT_KEY:
		f->key = optarg;
		break;
	case OPT_KAFKA:
		f->kafka = optarg;
		break;
	case OPT_SITE:
		f->site = optarg;
		break;
	case OPT_COUNTY:
		f->county = optarg;
		break;
	case OPT_STATE:
		f->state = optarg;
		break;
	case OPT_DROP:
		f->drop = optarg;
		break;
	case OPT_WAIT:
		seconds = strtod(optarg, &end);
		if (*end != '\0' || !(seconds >= 0 && seconds <= 1e9))
			return -1;
		a->wait_ms = (int64_t)(seconds * 1000);
		break;
	case OPT_JSON:
		a->json = true;
		break;
	default:
		return -1;
	}
	return 0;
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	struct command_args a = { .wait_ms = -1 };
	const struct command *command;
	int option;

	while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return EX_OK;
		}
		if (option == 'V') {
			printf("tocsin-collect %s\n", TOCSIN_VERSION);
			return EX_OK;
		}
		if (one_option(&a, option) < 0) {
			fprintf(stderr,
				"tocsin-collect --help lists what there "
				"is\n");
			return EX_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return EX_USAGE;
	}
	command = find_command(argv[optind]);
	if (command == NULL) {
		fprintf(stderr,
			"tocsin-collect: no command %s; --help lists "
			"them\n",
			argv[optind]);
		return EX_USAGE;
	}
	a.file = argv + optind + 1;
	a.files = argc - optind - 1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN); /* somebody opens a file we look at */
	return command->run(&a);
}
