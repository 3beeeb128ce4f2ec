/*
 * tocsin site add, key and token: who may send.  What is printed once, an
 * invitation or a token, is kept by the daemon as a hash only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"

enum { PATH_BYTES = 512, TABLE_BYTES = 2048 };

struct site {
	struct client client;
	const char *verb, *code;
	/* Of a new site. */
	const char *kind, *area, *name, *gateway, *zone, *calendar;
	const char *add, *revoke; /* of a key */
};

static const char help[] =
	"Usage: tocsin site add SITE [--kind KIND --area AREA] [OPTION]...\n"
	"       tocsin site key SITE [--add KEY | --revoke FINGERPRINT]\n"
	"       tocsin site token SITE\n"
	"\n"
	"add prints an invitation, good once and for a week: the site runs\n"
	"'tocsin-collect enroll INVITATION' and may push from then on. With\n"
	"--kind and --area, perhaps --name, --gateway, --zone (its time zone,\n"
	"as Asia/Shanghai) and --calendar (as cn), a new site is made known\n"
	"first. SITE may also be the gateway that some sites name.\n"
	"\n"
	"key lists the keys of the site. A site may have two: enroll the new\n"
	"one, then revoke the old one.\n"
	"\n"
	"token prints a token with which the site may post its counts over\n"
	"HTTP; one that it had before ends.\n" CLIENT_HELP;

static int
post(const struct site *s, const char *what, const char *body, json_t **reply)
{
	char path[PATH_BYTES];
	struct client_request req = { .method = "POST",
				      .path = path,
				      .type = "application/json",
				      .body = body,
				      .len = strlen(body) };

	snprintf(path, sizeof(path), "/api/v1/sites/%s/%s", s->code, what);
	return client_call(&s->client, &req, reply);
}

/* A field of a CSV row, quoted. */
static size_t
put_field(char *out, size_t at, const char *text)
{
	out[at++] = '"';
	for (; text != NULL && *text != '\0' && at < TABLE_BYTES - 8; text++) {
		if (*text == '"')
			out[at++] = '"';
		out[at++] = *text;
	}
	out[at++] = '"';
	out[at++] = ',';
	return at;
}

/* Makes the site known, as an import of one row. */
static int
make_known(const struct site *s)
{
	char table[TABLE_BYTES];
	const char *const field[] = {
		s->code,    s->kind,
		s->area,    s->name != NULL ? s->name : s->code,
		s->gateway, s->zone,
		s->calendar
	};
	struct client_request req = { .method = "POST",
				      .path = "/api/v1/sites",
				      .type = "text/csv",
				      .body = table };
	json_t *reply = NULL;
	size_t at;
	int rc;

	strcpy(table, "site,kind,area,name,gateway,zone,calendar\n");
	at = strlen(table);
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		if (field[i] != NULL && strlen(field[i]) > 300) {
			cli_error("'%.20s...' is too long", field[i]);
			return CLI_EX_USAGE;
		}
		at = put_field(table, at, field[i]);
	}
	table[at - 1] = '\n';
	req.len = at;
	rc = client_call(&s->client, &req, &reply);
	json_decref(reply);
	return rc;
}

static int
show(const struct site *s, int rc, json_t *reply, const char *key)
{
	if (rc == 0 && s->client.json)
		rc = client_print_json(reply);
	else if (rc == 0) {
		printf("%s\n", client_text(reply, key));
		rc = cli_finish();
	}
	json_decref(reply);
	return rc;
}

static int
add(const struct site *s)
{
	json_t *reply = NULL;
	int rc = 0;

	if ((s->kind == NULL) != (s->area == NULL)) {
		cli_error("site add: a new site needs both --kind and --area");
		return CLI_EX_USAGE;
	}
	if (s->kind != NULL)
		rc = make_known(s);
	if (rc != 0)
		return rc;
	rc = post(s, "invitation", "{}", &reply);
	if (rc == 0 && !s->client.json)
		fprintf(stderr,
			"Good once, until %s, at the site with "
			"tocsin-collect enroll INVITATION:\n",
			client_text(reply, "ends"));
	return show(s, rc, reply, "invitation");
}

static int
list_keys(const struct site *s)
{
	char path[PATH_BYTES];
	json_t *reply = NULL;
	const json_t *row;
	size_t i;
	int rc;

	snprintf(path, sizeof(path), "/api/v1/sites/%s/keys", s->code);
	rc = client_get(&s->client, path, &reply);
	if (rc == 0 && s->client.json) {
		rc = client_print_json(reply);
	} else if (rc == 0 && s->client.csv) {
		rc = client_print_csv(&sheet_keys, reply);
	} else if (rc == 0) {
		json_array_foreach (json_object_get(reply, "keys"), i, row) {
			printf("%s %s%s\n", client_text(row, "fingerprint"),
			       client_text(row, "key"),
			       json_is_true(json_object_get(row, "revoked"))
				       ? " revoked"
				       : "");
		}
		rc = cli_finish();
	}
	json_decref(reply);
	return rc;
}

static int
revoke(const struct site *s)
{
	char path[PATH_BYTES];
	struct client_request req = { .method = "DELETE", .path = path };
	json_t *reply = NULL;
	int rc;

	snprintf(path, sizeof(path), "/api/v1/keys/%s", s->revoke);
	rc = client_call(&s->client, &req, &reply);
	return show(s, rc, reply, "revoked");
}

static int
key(const struct site *s)
{
	json_t *body, *reply = NULL;
	char *text;
	int rc;

	if (s->revoke != NULL)
		return revoke(s);
	if (s->add == NULL)
		return list_keys(s);
	body = json_pack("{s:s}", "key", s->add);
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (text == NULL)
		return CLI_EX_FAILURE;
	rc = post(s, "keys", text, &reply);
	free(text);
	return show(s, rc, reply, "fingerprint");
}

static int
token(const struct site *s)
{
	json_t *reply = NULL;
	int rc = post(s, "token", "{}", &reply);

	return show(s, rc, reply, "token");
}

static int
work(void *arg, int n, char **word)
{
	struct site *s = arg;

	s->verb = n > 0 ? word[0] : "";
	s->code = n > 1 ? word[1] : NULL;
	if (n != 2) {
		cli_error("site %s: one site's code is wanted", s->verb);
		return CLI_EX_USAGE;
	}
	/* It becomes part of a path. */
	if (strpbrk(s->code, "/?#% ") != NULL) {
		cli_error("site %s: '%s' is not a site's code", s->verb, s->code);
		return CLI_EX_USAGE;
	}
	if (strcmp(s->verb, "add") == 0)
		return add(s);
	return strcmp(s->verb, "key") == 0 ? key(s) : token(s);
}

int
cli_site_access(int argc, char **argv)
{
	struct site s = { 0 };
	const struct client_own own[] = {
		{ "kind", &s.kind }, { "area", &s.area },
		{ "name", &s.name }, { "gateway", &s.gateway },
		{ "zone", &s.zone }, { "calendar", &s.calendar },
		{ "add", &s.add },   { "revoke", &s.revoke },
		{ NULL, NULL },
	};
	static const char *const lists[] = { "key", NULL };
	const struct client_command command = {
		.help = help, .lists = lists, .own = own, .work = work
	};

	return client_run(&s.client, &command, argc, argv, &s);
}
