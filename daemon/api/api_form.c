/*
 * JSON or CSV: what a request asks for, and its answer in that form.
 */
#include "daemon/api/api_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/console/sheet.h"

#define API_PATH "/api/v1/"

/* How much Accept wants just this media type: 0 where it is not named. */
static double
wish(const char *accept, const char *type)
{
	size_t n = strlen(type);
	double most = 0;

	while (*accept != '\0') {
		size_t len = strcspn(accept, ",");
		const char *weight = memmem(accept, len, "q=", 2);
		double q = weight == NULL ? 1 : strtod(weight + 2, NULL);

		if (strncasecmp(accept, type, n) == 0 &&
		    strcspn(accept, "; \t,") == n && q > most)
			most = q;
		accept += len;
		accept += strspn(accept, ", \t");
	}
	return most;
}

static bool
wants_csv(const struct http_req *req)
{
	const char *format = http_query(req, "format");
	const char *accept = http_header(req, "Accept");
	double csv;

	if (http_sheet(req) == NULL)
		return false;
	if (format != NULL)
		return strcmp(format, "csv") == 0;
	if (accept == NULL)
		return false;
	csv = wish(accept, "text/csv");
	return csv > 0 && csv >= wish(accept, "application/json");
}

bool
api_form_offered(struct http_req *req)
{
	const char *format = http_query(req, "format");

	if (format == NULL || strcmp(format, "json") == 0 ||
	    strncmp(http_path(req), API_PATH, strlen(API_PATH)) != 0)
		return true;
	if (strcmp(format, "csv") != 0)
		http_problem(req, 400, NULL,
			     "There is no format \"%.40s\"; there are json and "
			     "csv.",
			     format);
	else if (http_sheet(req) == NULL)
		http_problem(req, 400, NULL,
			     "%s has no rows for csv; leave format away.",
			     http_path(req));
	else
		return true;
	return false;
}

/* "next" of a page, which CSV has no place for, as RFC 8288 has it. */
static void
link_next(struct http_req *req, const json_t *next)
{
	char after[32], *query, *link = NULL;

	if (!json_is_integer(next))
		return;
	snprintf(after, sizeof(after), "%lld",
		 (long long)json_integer_value(next));
	query = http_query_with(req, "after", after);
	if (query != NULL && asprintf(&link, "<%s%s>; rel=\"next\"",
				      http_path(req), query) >= 0) {
		http_add_header(req, "Link", link);
		free(link);
	}
	free(query);
}

static void
reply_csv(struct http_req *req, const json_t *body)
{
	const char *bom = http_query(req, "bom");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out != NULL) {
		if (bom != NULL && strcmp(bom, "yes") == 0)
			fputs("\xef\xbb\xbf", out);
		sheet_print(http_sheet(req), body, SHEET_CRLF, out);
	}
	if (out == NULL || fclose(out) != 0) {
		http_problem(req, 500, NULL, "There is no memory for it.");
	} else {
		link_next(req, json_object_get(body, "next"));
		http_add_header(req, "Cache-Control", "no-store");
		http_reply_data(req, 200, SHEET_TYPE, text, len);
	}
	free(text);
}

void
api_reply(struct http_req *req, int status, json_t *body)
{
	if (status != 200 || body == NULL || !wants_csv(req)) {
		http_reply_json(req, status, body);
		return;
	}
	reply_csv(req, body);
	json_decref(body);
}
