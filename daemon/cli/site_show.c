/* tocsin site show: one site, what it should report and how it does. */
#include <stdio.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/site_show.h"

enum { PATH_BYTES = 512, WORDS_BYTES = 256 };

/* "Label: text", where there is one. */
static void
line(const struct client *c, const char *key, const char *text)
{
	if (text[0] != '\0')
		printf("%s: %s\n", client_say(c, key), text);
}

const char *
site_state(const struct client *c, const json_t *row, char *buf, size_t cap)
{
	json_int_t missing =
		json_integer_value(json_object_get(row, "missing"));
	const char *word = client_word(c, "reporting", client_text(row, "state"));

	if (missing > 0)
		snprintf(buf, cap, "%s %lld", word, (long long)missing);
	else
		snprintf(buf, cap, "%s", word);
	return buf;
}

static void
print_site(const struct client *c, const json_t *s)
{
	bool zh = c->lang == CATALOGUE_ZH;
	const char *area_zh = client_text(s, "area_name_zh");
	const char *zone = client_text(s, "zone");
	char text[WORDS_BYTES];

	printf("%s %s\n", client_text(s, "site"), client_text(s, "name"));
	line(c, "col.kind", client_text(s, "kind"));
	snprintf(text, sizeof(text), "%s %s", client_text(s, "area"),
		 zh && area_zh[0] != '\0' ? area_zh
					  : client_text(s, "area_name"));
	line(c, "col.area", text);
	line(c, "site.expects",
	     client_word(c, "reports_on", client_text(s, "reports_on")));
	line(c, "site.calendar", client_text(s, "calendar"));
	snprintf(text, sizeof(text), "%s%s%s%s", client_text(s, "today"),
		 zone[0] != '\0' ? " (" : "", zone, zone[0] != '\0' ? ")" : "");
	line(c, "site.today", text);
	line(c, "site.state", site_state(c, s, text, sizeof(text)));
	line(c, "site.missing_since", client_text(s, "missing_since"));
	line(c, "site.last_day", client_text(s, "last_day"));
	line(c, "site.closed_day", client_text(s, "closed_day"));
	snprintf(text, sizeof(text), "%lld",
		 (long long)json_integer_value(json_object_get(s, "series")));
	line(c, "col.series", text);
	line(c, "site.gateway", client_text(s, "gateway"));
	line(c, "site.phone", client_text(s, "phone"));
}

int
site_show(const struct client *c, const char *code)
{
	char path[PATH_BYTES] = "/api/v1/sites";
	const json_t *site;
	json_t *reply;
	int rc;

	client_query(path, sizeof(path), "site", code);
	rc = client_get(c, path, &reply);
	site = json_array_get(json_object_get(reply, "sites"), 0);
	if (rc == 0 && c->json) {
		rc = client_print_json(site);
	} else if (rc == 0) {
		print_site(c, site);
		rc = cli_finish();
	}
	json_decref(reply);
	return rc;
}
