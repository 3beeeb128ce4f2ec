/*
 * tocsind: options, configuration, signals, the loop, and what it tells
 * systemd.  Everything else stands in centre.c.
 */
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/centre.h"
#include "daemon/check.h"
#include "daemon/judge/vocabulary.h"
#include "daemon/reload.h"

#define MAX_FILES 16
#define MAX_SETTINGS 64

struct program {
	const char *files[MAX_FILES + 1];
	size_t files_n;
	const char *settings[MAX_SETTINGS]; /* "block.key=value" */
	size_t settings_n;
	bool check_only, show, list;
	struct event_base *base;
	struct centre centre;
	uint64_t watchdog_us;
	bool ready_said;
};

static void
usage(FILE *out)
{
	fputs("usage: tocsind [-c FILE_OR_FOLDER]... [--state DIR]\n"
	      "               [--set BLOCK.KEY=VALUE]... [--check-config]\n"
	      "               [--show-config]\n"
	      "\n"
	      "  -c, --config PATH      read this file, or all *.conf of this\n"
	      "                         folder; without one the defaults "
	      "hold,\n"
	      "                         which listen on loopback only\n"
	      "      --state DIR        folder of the database, keys, tokens\n"
	      "      --set BLOCK.KEY=V  set one key, as tocsind.clock=manual;\n"
	      "                         stands above the files\n"
	      "      --check-config     read the configuration and end\n"
	      "      --show-config      print all its values and end\n"
	      "      --list-keys        print every key, its default and what\n"
	      "                         it means, by tabs, and end\n"
	      "  -V, --version          print the version and end\n"
	      "  -h, --help             print this and end\n"
	      "\n"
	      "Signals: TERM ends, HUP reads the configuration again, USR1\n"
	      "prints the state.\n",
	      out);
}

static void
say_conf(void *arg, const char *message)
{
	struct program *p = arg;

	reload_say(&p->centre.reloaded, message);
	log_error("config: %s", message);
}

/* Settings of the command line as the text of a configuration file. */
static int
write_setting(FILE *f, const char *setting)
{
	const char *dot = strchr(setting, '.');
	const char *is = strchr(setting, '=');

	if (dot == NULL || is == NULL || dot > is || dot == setting) {
		log_error("config: --set wants BLOCK.KEY=VALUE, not \"%s\"",
			  setting);
		return -1;
	}
	fprintf(f, "%.*s {\n%.*s = \"", (int)(dot - setting), setting,
		(int)(is - dot - 1), dot + 1);
	for (const char *c = is + 1; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', f);
		fputc(*c, f);
	}
	fputs("\"\n}\n", f);
	return 0;
}

/* The files and the settings; NULL when already reported. */
static struct conf *
read_conf(struct program *p)
{
	char path[64];
	char *text = NULL;
	size_t len = 0, n = p->files_n;
	FILE *f = open_memstream(&text, &len);
	struct conf *conf = NULL;
	int fd = -1, bad = f == NULL;

	for (size_t i = 0; !bad && i < p->settings_n; i++)
		bad = write_setting(f, p->settings[i]) < 0;
	if (f != NULL)
		fclose(f);
	if (!bad && len > 0) {
		fd = vocabulary_memory_file(text, len, path, sizeof(path));
		bad = fd < 0;
		p->files[n++] = path;
	}
	if (!bad)
		conf = conf_read(p->files, n, say_conf, p);
	if (fd >= 0)
		close(fd);
	free(text);
	return conf;
}

static int
add_setting(struct program *p, const char *setting)
{
	if (p->settings_n == MAX_SETTINGS) {
		log_error("config: more than %d settings", MAX_SETTINGS);
		return -1;
	}
	p->settings[p->settings_n++] = setting;
	return 0;
}

static int
add_file(struct program *p, const char *path)
{
	if (p->files_n == MAX_FILES) {
		log_error("config: more than %d files", MAX_FILES);
		return -1;
	}
	p->files[p->files_n++] = path;
	return 0;
}

/* -1 = go on, else the exit status. */
static int
read_options(struct program *p, int argc, char **argv)
{
	enum { STATE = 256, SET, CHECK, SHOW, LIST };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, STATE },
		{ "set", required_argument, NULL, SET },
		{ "check-config", no_argument, NULL, CHECK },
		{ "show-config", no_argument, NULL, SHOW },
		{ "list-keys", no_argument, NULL, LIST },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static char state[4200];
	int opt, rc = 0;

	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			rc = add_file(p, optarg);
			break;
		case STATE:
			snprintf(state, sizeof(state), "tocsind.state=%s",
				 optarg);
			rc = add_setting(p, state);
			break;
		case SET:
			rc = add_setting(p, optarg);
			break;
		case CHECK:
			p->check_only = true;
			break;
		case SHOW:
			p->show = true;
			break;
		case LIST:
			p->list = true;
			break;
		case 'V':
			puts("tocsind " TOCSIN_VERSION);
			return EX_OK;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			rc = -1;
		}
	}
	if (rc == 0 && optind == argc)
		return -1;
	usage(stderr);
	return EX_USAGE;
}

static void
on_term(evutil_socket_t sig, short what, void *arg)
{
	struct program *p = arg;

	(void)what;
	log_info("tocsind: ending on %s", strsignal(sig));
	sd_notify(0, "STOPPING=1");
	event_base_loopbreak(p->base);
}

static void
on_hup(evutil_socket_t sig, short what, void *arg)
{
	struct program *p = arg;
	struct timespec now;
	struct conf *conf;

	(void)sig;
	(void)what;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	reload_begin(&p->centre);
	conf = read_conf(p);
	reload_take(&p->centre, conf);
	sd_notify(0, "READY=1");
}

static void
on_usr1(evutil_socket_t sig, short what, void *arg)
{
	struct program *p = arg;

	(void)sig;
	(void)what;
	centre_dump(&p->centre, stderr);
	fflush(stderr);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct program *p = arg;
	bool healthy = centre_tick(&p->centre);

	(void)fd;
	(void)what;
	if (p->centre.ready && !p->ready_said) {
		p->ready_said = true;
		log_info("tocsind: ready");
		sd_notify(0, "READY=1");
	}
	if (healthy && p->watchdog_us > 0)
		sd_notify(0, "WATCHDOG=1");
}

/* Until a signal ends it. */
static int
run(struct program *p)
{
	const struct timeval second = { .tv_sec = 1 };
	const struct timeval soon = { .tv_usec = 10000 };
	struct event *ev[5] = {
		evsignal_new(p->base, SIGTERM, on_term, p),
		evsignal_new(p->base, SIGINT, on_term, p),
		evsignal_new(p->base, SIGHUP, on_hup, p),
		evsignal_new(p->base, SIGUSR1, on_usr1, p),
		event_new(p->base, -1, EV_PERSIST, on_tick, p),
	};
	int rc = 0;

	for (size_t i = 0; i < 5; i++) {
		if (ev[i] == NULL || event_add(ev[i], i == 4 ? &second : NULL))
			rc = -1;
	}
	if (rc == 0) {
		event_base_once(p->base, -1, EV_TIMEOUT, on_tick, p, &soon);
		rc = event_base_dispatch(p->base);
	}
	for (size_t i = 0; i < 5; i++) {
		if (ev[i] != NULL)
			event_free(ev[i]);
	}
	return rc < 0 ? EX_OSERR : EX_OK;
}

static int
serve(struct program *p, struct conf *conf)
{
	int rc = EX_CONFIG;

	signal(SIGPIPE, SIG_IGN);
	sd_watchdog_enabled(0, &p->watchdog_us);
	p->base = event_base_new();
	if (p->base == NULL)
		fatal(EX_OSERR, "tocsind: no event base");
	if (centre_init(&p->centre, conf, p->base) == 0)
		rc = run(p);
	centre_fini(&p->centre);
	event_base_free(p->base);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct program program;
	struct program *p = &program;
	const struct conf_main *m;
	struct conf *conf;
	int rc = read_options(p, argc, argv);

	if (rc >= 0)
		return rc;
	if (sodium_init() < 0)
		fatal(EX_OSERR, "tocsind: libsodium cannot start");
	if (p->list) {
		conf_list_keys(stdout);
		return EX_OK;
	}
	conf = read_conf(p);
	if (conf == NULL)
		return EX_CONFIG;
	m = conf_get(conf, "tocsind");
	if (p->show)
		conf_show(conf, stdout);
	if (p->show || p->check_only) {
		rc = p->check_only && !check_all(conf) ? EX_CONFIG : EX_OK;
		conf_free(&conf);
		return rc;
	}
	(void)log_set_level_name(m->log_level);
	if (m->zone[0] != '\0')
		setenv("TZ", m->zone, 1);
	tzset();
	return serve(p, conf);
}
