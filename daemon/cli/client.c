/*
 * HTTP to the daemon by libcurl.
 */
#include "daemon/cli/client.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/cli.h"

enum { MAX_REPLY_BYTES = 64 * 1024 * 1024, PATH_BYTES = 2048 };

struct buffer {
	char *at;
	size_t len;
};

/* A stream of events on its way to the caller. */
struct follower {
	struct buffer line;
	int (*each)(void *arg, const json_t *event);
	void *arg;
	bool stopped;
};

enum catalogue_language
client_language(void)
{
	const char *lang = getenv("LC_ALL");

	if (lang == NULL || lang[0] == '\0')
		lang = getenv("LC_MESSAGES");
	if (lang == NULL || lang[0] == '\0')
		lang = getenv("LANG");
	return catalogue_language(lang);
}

/* 0, or a status to exit with. */
static int
init(struct client *c)
{
	const char *socket = getenv("TOCSIN_SOCKET");

	*c = (struct client){ .timeout_s = 60 };
	c->socket = socket != NULL && socket[0] != '\0' ? socket : CLIENT_SOCKET;
	c->lang = client_language();
	c->catalogue = catalogue_new();
	if (c->catalogue != NULL && curl_global_init(CURL_GLOBAL_ALL) == 0)
		return 0;
	cli_error("out of memory");
	catalogue_free(&c->catalogue);
	return CLI_EX_FAILURE;
}

/*
 * One option that every client command takes.  0; 1: --help was asked for;
 * -1: not one of ours, or a bad value, already said.
 */
static int
take_option(struct client *c, int option, char **argv)
{
	char *end;

	switch (option) {
	case 'S':
		c->socket = optarg;
		return 0;
	case 'J':
		c->json = true;
		return 0;
	case 'C':
		c->csv = true;
		return 0;
	case 'L':
		c->lang = catalogue_language(optarg);
		return 0;
	case 'T':
		c->timeout_s = strtol(optarg, &end, 10);
		if (end != optarg && *end == '\0' && c->timeout_s > 0)
			return 0;
		cli_error("--timeout %s: not a number of seconds", optarg);
		return -1;
	case 'h':
		return 1;
	default:
		cli_error("what is '%s'? Try --help", argv[optind - 1]);
		return -1;
	}
}

enum { FIRST_OWN = 256 };

/* Returns 0, 1 for --help, or -1 after an error line. */
static int
read_options(struct client *c, const struct client_own *own, int argc, char **argv)
{
	static const struct option common[] = {
		{ "socket", required_argument, NULL, 'S' },
		{ "json", no_argument, NULL, 'J' },
		{ "csv", no_argument, NULL, 'C' },
		{ "lang", required_argument, NULL, 'L' },
		{ "timeout", required_argument, NULL, 'T' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct option options[CLIENT_MAX_OWN + sizeof(common) / sizeof(*common)];
	int n = 0, o, rc = 0;

	for (; own != NULL && own[n].name != NULL && n < CLIENT_MAX_OWN; n++)
		options[n] = (struct option){ own[n].name, required_argument,
					      NULL, FIRST_OWN + n };
	memcpy(options + n, common, sizeof(common));
	opterr = 0;
	optind = 1;
	while (rc == 0 && (o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o >= FIRST_OWN)
			*own[o - FIRST_OWN].to = optarg;
		else
			rc = take_option(c, o, argv);
	}
	return rc;
}

/* May it be asked for CSV, if it was?  An error line where not. */
static bool
may_list(const struct client *c, const struct client_command *command,
	 const char *name, const char *word)
{
	if (!c->csv)
		return true;
	if (c->json) {
		cli_error("--json or --csv, but not both");
		return false;
	}
	for (const char *const *list = command->lists;
	     list != NULL && *list != NULL; list++) {
		if (strcmp(*list, word) == 0)
			return true;
	}
	cli_error("--csv is for lists; '%s%s%s' prints none", name,
		  word[0] != '\0' ? " " : "", word);
	return false;
}

int
client_run(struct client *c, const struct client_command *command, int argc,
	   char **argv, void *arg)
{
	int rc = init(c);

	if (rc != 0)
		return rc;
	if (command->timeout_s > 0)
		c->timeout_s = command->timeout_s;
	rc = read_options(c, command->own, argc, argv);
	if (rc > 0) {
		fputs(command->help, stdout);
		rc = cli_finish();
	} else if (rc < 0 || !may_list(c, command, argv[0],
				       optind < argc ? argv[optind] : "")) {
		rc = CLI_EX_USAGE;
	} else {
		rc = command->work(arg, argc - optind, argv + optind);
	}
	catalogue_free(&c->catalogue);
	curl_global_cleanup();
	return rc;
}

static size_t
keep(char *data, size_t size, size_t n, void *arg)
{
	struct buffer *b = arg;
	char *grown;

	if (b->len + size * n > MAX_REPLY_BYTES)
		return 0;
	grown = realloc(b->at, b->len + size * n + 1);
	if (grown == NULL)
		return 0;
	b->at = grown;
	memcpy(b->at + b->len, data, size * n);
	b->len += size * n;
	b->at[b->len] = '\0';
	return size * n;
}

static CURL *
prepare(const struct client *c, const char *path, char *url, size_t cap)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL) {
		cli_error("out of memory");
		return NULL;
	}
	snprintf(url, cap, "http://localhost%s", path);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	return curl;
}

/* Says why the daemon was not reached; an exit status. */
static int
unreachable(const struct client *c, CURLcode code)
{
	if (code == CURLE_COULDNT_CONNECT) {
		cli_error("no daemon answers at %s; is tocsind running? "
			  "(--socket names another)",
			  c->socket);
		return CLIENT_EX_DOWN;
	}
	cli_error("%s: %s", c->socket, curl_easy_strerror(code));
	return code == CURLE_OPERATION_TIMEDOUT ? CLI_EX_FAILURE : CLIENT_EX_DOWN;
}

/* Says what the daemon refused, row by row; an exit status. */
static int
refused(long status, const json_t *problem)
{
	const json_t *errors = json_object_get(problem, "errors"), *row;
	const char *detail = client_text(problem, "detail");
	size_t i;

	json_array_foreach (errors, i, row)
		cli_error("%s: %s", client_text(row, "at"),
			  client_text(row, "detail"));
	if (detail[0] == '\0')
		detail = client_text(problem, "title");
	if (detail[0] == '\0' && status == 413)
		detail = "this is more than the daemon takes at once "
			 "(http.max_body of its configuration, 4 MiB unless it "
			 "says otherwise): send it in parts, each with the "
			 "line of names";
	cli_error("%s", detail[0] != '\0' ? detail : "the daemon refused it");
	return status == 404 || status == 400 || status == 422 ? CLI_EX_USAGE
							       : CLI_EX_FAILURE;
}

int
client_call(const struct client *c, const struct client_request *req,
	    json_t **reply)
{
	struct curl_slist *headers = NULL;
	struct buffer body = { NULL, 0 };
	char url[PATH_BYTES], type[128];
	CURL *curl = prepare(c, req->path, url, sizeof(url));
	long status = 0;
	CURLcode code;

	*reply = NULL;
	if (curl == NULL)
		return CLI_EX_FAILURE;
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, c->timeout_s);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, req->method);
	if (req->body != NULL) {
		snprintf(type, sizeof(type), "Content-Type: %s", req->type);
		headers = curl_slist_append(headers, type);
		headers = curl_slist_append(headers, "Expect:");
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, req->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)req->len);
	}
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (body.at != NULL)
		*reply = json_loadb(body.at, body.len, 0, NULL);
	free(body.at);
	if (code != CURLE_OK)
		return unreachable(c, code);
	return status < 400 ? 0 : refused(status, *reply);
}

bool
client_answers(const struct client *c)
{
	char url[PATH_BYTES];
	CURL *curl = prepare(c, "/", url, sizeof(url));
	CURLcode code;

	if (curl == NULL)
		return false;
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	return code == CURLE_OK;
}

int
client_get(const struct client *c, const char *path, json_t **reply)
{
	struct client_request req = { .method = "GET", .path = path };

	return client_call(c, &req, reply);
}

int
client_get_all(const struct client *c, char *path, size_t cap, const char *list,
	       json_t **rows)
{
	size_t len = strlen(path);
	json_t *reply, *next;
	char after[32] = "0";
	int rc;

	*rows = json_array();
	do {
		path[len] = '\0';
		client_query(path, cap, "after", after);
		rc = client_get(c, path, &reply);
		json_array_extend(*rows, json_object_get(reply, list));
		next = json_object_get(reply, "next");
		snprintf(after, sizeof(after), "%lld",
			 (long long)json_integer_value(next));
		next = json_is_integer(next) ? next : NULL;
		json_decref(reply);
	} while (rc == 0 && next != NULL);
	return rc;
}

/* One whole line of the stream. */
static void
take_line(struct follower *f, const char *line, size_t len)
{
	json_t *event;

	if (len < 6 || strncmp(line, "data: ", 6) != 0)
		return;
	event = json_loadb(line + 6, len - 6, 0, NULL);
	if (event != NULL && f->each(f->arg, event) != 0)
		f->stopped = true;
	json_decref(event);
}

static size_t
follow(char *data, size_t size, size_t n, void *arg)
{
	struct follower *f = arg;
	size_t from = 0;

	if (keep(data, size, n, &f->line) != size * n)
		return 0;
	for (size_t i = 0; i < f->line.len && !f->stopped; i++) {
		if (f->line.at[i] != '\n')
			continue;
		take_line(f, f->line.at + from, i - from);
		from = i + 1;
	}
	memmove(f->line.at, f->line.at + from, f->line.len - from);
	f->line.len -= from;
	return f->stopped ? 0 : size * n;
}

int
client_follow(const struct client *c, const char *path,
	      int (*each)(void *arg, const json_t *event), void *arg)
{
	struct follower f = { .each = each, .arg = arg };
	char url[PATH_BYTES];
	CURL *curl = prepare(c, path, url, sizeof(url));
	CURLcode code;

	if (curl == NULL)
		return CLI_EX_FAILURE;
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, follow);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &f);
	code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	free(f.line.at);
	if (f.stopped || code == CURLE_OK || code == CURLE_GOT_NOTHING ||
	    code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
		return 0; /* the daemon ended, which is no failure of ours */
	return unreachable(c, code);
}

void
client_query(char *path, size_t cap, const char *key, const char *value)
{
	size_t len = strlen(path);
	char *escaped;

	if (value == NULL || len >= cap)
		return;
	escaped = curl_easy_escape(NULL, value, 0);
	snprintf(path + len, cap - len, "%c%s=%s",
		 strchr(path, '?') == NULL ? '?' : '&', key,
		 escaped != NULL ? escaped : "");
	curl_free(escaped);
}

int
client_print_json(const json_t *reply)
{
	if (reply != NULL) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return cli_finish();
}

int
client_print_csv(const struct sheet *s, const json_t *reply)
{
	sheet_print(s, reply, SHEET_LF, stdout);
	return cli_finish();
}

int
client_print_rows(const struct sheet *s, json_t *rows)
{
	json_t *reply = json_pack("{s:O}", s->list[0], rows);
	int rc = client_print_csv(s, reply);

	json_decref(reply);
	return rc;
}

const char *
client_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

const char *
client_say(const struct client *c, const char *key)
{
	return catalogue_text(c->catalogue, c->lang, key);
}

const char *
client_word(const struct client *c, const char *prefix, const char *word)
{
	char key[128];
	const char *text;

	snprintf(key, sizeof(key), "%s.%s", prefix, word);
	text = catalogue_text(c->catalogue, c->lang, key);
	return strcmp(text, key) == 0 ? word : text;
}

const char *
client_moment(int64_t ms, char *buf, size_t cap)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	if (localtime_r(&s, &tm) == NULL ||
	    strftime(buf, cap, "%Y-%m-%d %H:%M", &tm) == 0)
		buf[0] = '\0';
	return buf;
}
