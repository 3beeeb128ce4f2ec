#ifndef TOCSIN_CLI_CLIENT_H
#define TOCSIN_CLI_CLIENT_H

/*
 * The command line's way to a running daemon: HTTP over its Unix socket,
 * where the peer's user is the actor and no token is needed.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/console/catalogue.h"
#include "daemon/console/sheet.h"

/* Where the installed daemon listens. */
#define CLIENT_SOCKET "/run/tocsin/tocsin.sock"

/* What every client command takes: --socket, --json, --csv, --lang, --timeout. */
struct client {
	const char *socket;
	bool json, csv; /* at most one of them */
	enum catalogue_language lang;
	struct catalogue *catalogue;
	long timeout_s;
};

#define CLIENT_HELP                                                            \
	"\n  --socket PATH  the daemon's Unix socket ($TOCSIN_SOCKET, or\n"    \
	"                 " CLIENT_SOCKET ")\n"                                \
	"  --json         the daemon's answer as it is\n"                      \
	"  --csv          the rows of a list, for spreadsheets and R\n"        \
	"  --lang LANG    en or zh-CN (from the locale)\n"                     \
	"  --timeout SEC  how long to wait for an answer (60)\n"

/* An option of a command's own: --name VALUE goes to *to. */
struct client_own {
	const char *name;
	const char **to;
};

#define CLIENT_MAX_OWN 10

struct client_command {
	const char *help;
	const struct client_own *own; /* up to a NULL name; NULL: none */
	long timeout_s;		      /* 0: the usual one */
	/*
	 * First words with which it prints a list and so knows --csv, "" for
	 * none, up to a NULL; NULL: it never does.
	 */
	const char *const *lists;
	/* The words that are left; returns the exit status. */
	int (*work)(void *arg, int n, char **word);
};

/*
 * What all client commands do: defaults from the environment into *c, the
 * options into it and into own, then --help, an error line or the work, with
 * everything given back.  Returns the exit status.
 */
int client_run(struct client *c, const struct client_command *command, int argc,
	       char **argv, void *arg);

struct client_request {
	const char *method; /* "GET" */
	const char *path;   /* "/api/v1/status", already escaped */
	const char *type;   /* of the body, or NULL */
	const char *body;
	size_t len;
};

/*
 * Asks and waits.  *reply gets the JSON of the answer (a new reference, NULL
 * where there is none).  0 for a status below 400; otherwise an exit status,
 * after a line on standard error that says what the daemon refused and why,
 * or that there is no daemon (CLIENT_EX_DOWN).
 */
int client_call(const struct client *c, const struct client_request *req,
		json_t **reply);

/* Does a daemon listen at the socket?  Says nothing. */
bool client_answers(const struct client *c);

/* GET of a path. */
int client_get(const struct client *c, const char *path, json_t **reply);

/*
 * GET of all pages of a list; path needs room for "&after=..".  *rows gets a
 * new array, also where it fails.
 */
int client_get_all(const struct client *c, char *path, size_t cap,
		   const char *list, json_t **rows);

/*
 * Follows a stream of server-sent events; each data line of JSON goes to
 * each() until it returns non-zero or the daemon ends.
 */
int client_follow(const struct client *c, const char *path,
		  int (*each)(void *arg, const json_t *event), void *arg);

/* Appends "&key=escaped" (or "?key=..") to path; nothing for NULL. */
void client_query(char *path, size_t cap, const char *key, const char *value);

/* Prints the reply as JSON; returns cli_finish(). */
int client_print_json(const json_t *reply);
/* Prints its rows as CSV; returns cli_finish(). */
int client_print_csv(const struct sheet *s, const json_t *reply);
/* The same of rows that have no reply around them; one list's name. */
int client_print_rows(const struct sheet *s, json_t *rows);

/* The language of LC_ALL, LC_MESSAGES or LANG. */
enum catalogue_language client_language(void);

/* The text of a key, "" where there is none; and of the catalogue. */
const char *client_text(const json_t *object, const char *key);
const char *client_say(const struct client *c, const char *key);
/* The catalogue's text of "prefix.word", or word itself. */
const char *client_word(const struct client *c, const char *prefix,
			const char *word);

#define CLIENT_MOMENT 32
/* "2025-03-09 08:30" in the time zone of the process; returns buf. */
const char *client_moment(int64_t ms, char *buf, size_t cap);

#define CLIENT_EX_DOWN 3 /* nobody listens at the socket */

#endif
