/*
 * What machines and browsers ask for: metrics, health, the page.
 */
#include "daemon/api/api_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/api/metrics.h"
#include "daemon/console/assets.h"
#include "daemon/console/explain_operator.h"

#define FILE_MAX (4 * 1024 * 1024)

static void
put_http(struct metrics *m, const struct http *h)
{
	static const char *const class_name[] = { "?",	 "1xx", "2xx",
						  "3xx", "4xx", "5xx" };
	struct http_stats s;

	http_stats(h, &s);
	metrics_name(m, "http_replies_total", "Replies by class of status.");
	for (size_t i = 1; i < 6; i++)
		metrics_value(m, "class", class_name[i], (double)s.by_class[i]);
	metrics_one(m, "http_connections", "Open connections.",
		    (double)s.connections);
	metrics_one(m, "http_streams", "Clients of the event stream.",
		    (double)s.streams);
	metrics_one(m, "http_deadline_cut_total",
		    "Connections cut because no whole request came in time.",
		    (double)s.deadline_cut);
}

static void
put_judge(struct metrics *m, struct judge *j)
{
	struct judge_stats s;

	judge_stats(j, &s);
	metrics_one(m, "judge_cells_total", "Cells set.", (double)s.cells_set);
	metrics_one(m, "judge_verdicts_total", "Verdicts given.",
		    (double)s.verdicts);
	metrics_one(m, "judge_series", "Series with a window.", (double)s.series);
	metrics_one(m, "judge_dirty_series", "Series that wait to be judged.",
		    (double)s.dirty);
	metrics_one(m, "judge_bytes", "Memory of the windows.", (double)s.bytes);
}

/* An operator's alert whose fault is not over. */
static bool
is_unsettled(const json_t *alert)
{
	const char *signal =
		json_string_value(json_object_get(alert, "signal"));

	return signal != NULL && strcmp(signal, "active") == 0;
}

static void
put_alerts(struct metrics *m, const struct desk *d)
{
	static const char *const grade[] = { "blue", "yellow", "orange", "red" };
	size_t n[4] = { 0 }, unseen = 0, operators = 0;

	for (size_t i = 0; i < desk_alerts(d); i++) {
		const char *g = "", *state = "";

		if (explain_is_operator(desk_alert_at(d, i))) {
			operators += is_unsettled(desk_alert_at(d, i));
			continue;
		}
		if (json_unpack((json_t *)desk_alert_at(d, i), "{s:s,s:s}",
				"grade", &g, "state", &state) < 0)
			continue;
		unseen += strcmp(state, "open") == 0;
		if (strcmp(state, "closed") == 0 ||
		    strcmp(state, "discarded") == 0)
			continue;
		for (size_t k = 0; k < 4; k++)
			n[k] += strcmp(g, grade[k]) == 0;
	}
	metrics_name(m, "alerts", "Alerts that are not closed, by grade.");
	for (size_t k = 0; k < 4; k++)
		metrics_value(m, "grade", grade[k], (double)n[k]);
	metrics_one(m, "alerts_unacknowledged",
		    "Alerts that nobody has acknowledged.", (double)unseen);
	metrics_one(m, "operator_alerts",
		    "Operators' alerts whose fault is not over.",
		    (double)operators);
}

static void
put_quality(struct metrics *m, const struct api_env *e)
{
	const struct zone_now now = e->now(e->arg);
	size_t n[QUALITY_STATES];

	quality_count(e->quality, &now, n);
	metrics_name(m, "sites_reporting", "Sites by how they report.");
	for (int i = 0; i < QUALITY_STATES; i++)
		metrics_value(m, "state",
			      quality_state_str((enum quality_state)i),
			      (double)n[i]);
}

void
api_get_metrics(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct api_env *e = &a->env;
	struct metrics *m = metrics_new();
	const char *text;
	size_t len;

	if (m == NULL) {
		http_problem(req, 503, NULL, "Out of memory.");
		return;
	}
	metrics_name(m, "build_info", "Always 1; the version is the label.");
	metrics_value(m, "version", TOCSIN_VERSION, 1);
	metrics_one(m, "start_time_seconds", "Start, since 1970.",
		    (double)a->started_ms / 1000);
	metrics_one(m, "areas", "Areas known.",
		    (double)registry_areas(e->registry));
	metrics_one(m, "sites", "Sites known.",
		    (double)registry_sites(e->registry));
	if (e->quality != NULL)
		put_quality(m, e);
	put_judge(m, e->judge);
	put_alerts(m, e->desk);
	put_http(m, a->http);
	if (e->metrics != NULL)
		e->metrics(e->arg, m);
	text = metrics_text(m, &len);
	http_reply_data(req, 200, "text/plain; version=0.0.4; charset=utf-8",
			text, len);
	metrics_free(&m);
}

void
api_get_healthy(void *arg, struct http_req *req)
{
	(void)arg;
	http_reply_data(req, 200, "text/plain", "healthy\n", 8);
}

void
api_get_ready(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const char *why =
		a->env.not_ready == NULL ? NULL : a->env.not_ready(a->env.arg);

	if (why == NULL)
		http_reply_data(req, 200, "text/plain", "ready\n", 6);
	else
		http_problem(req, 503, NULL, "%s", why);
}

static void
add_page_headers(struct http_req *req)
{
	http_add_header(req, "Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src "
			"'self'; img-src 'self' data:; connect-src 'self'; "
			"font-src 'self'; base-uri 'none'; form-action "
			"'self'; frame-ancestors 'none'");
	http_add_header(req, "Cross-Origin-Opener-Policy", "same-origin");
	http_add_header(req, "Vary", "Accept-Encoding");
}

static void
reply_asset(struct http_req *req, const struct asset *asset)
{
	const char *seen = http_header(req, "If-None-Match");
	const char *coding = http_header(req, "Accept-Encoding");
	bool index = strcmp(asset->path, "/") == 0;

	add_page_headers(req);
	http_add_header(req, "ETag", asset->etag);
	http_add_header(req, "Cache-Control",
			index ? "no-cache"
			      : "public, max-age=31536000, immutable");
	if (seen != NULL && strcmp(seen, asset->etag) == 0) {
		http_reply_data(req, 304, asset->type, "", 0);
		return;
	}
	if (coding != NULL && strstr(coding, "gzip") != NULL) {
		http_add_header(req, "Content-Encoding", "gzip");
		http_reply_static(req, asset->type, asset->gzip, asset->gzip_len);
		return;
	}
	http_reply_static(req, asset->type, asset->data, asset->len);
}

/* "/assets/HASH/app.js" in the built-in table; its type, or NULL. */
static const struct asset *
same_name(const char *path)
{
	const char *rest = strchr(path + strlen("/assets/"), '/');

	for (const struct asset *t = page_assets; t->path != NULL; t++) {
		const char *known =
			t->path[1] == '\0' ? NULL : strchr(t->path + 8, '/');

		if (rest != NULL && known != NULL && strcmp(rest, known) == 0)
			return t;
	}
	return NULL;
}

static char *
read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size < FILE_MAX)
		text = malloc((size_t)st.st_size + 1);
	if (text != NULL)
		n = read(fd, text, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		log_warn("api: cannot read %s: %s", path, strerror(errno));
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*len = (size_t)n;
	return text;
}

/* Sends the text with "@ASSETS@" as "/assets/0". */
static void
reply_index(struct http_req *req, const char *text)
{
	static const char mark[] = "@ASSETS@";
	char *out = malloc(2 * strlen(text) + 1), *end = out;
	const char *at = text, *next;

	if (out == NULL) {
		http_problem(req, 503, NULL, "Out of memory.");
		return;
	}
	while ((next = strstr(at, mark)) != NULL) {
		end = mempcpy(end, at, (size_t)(next - at));
		end = stpcpy(end, "/assets/0");
		at = next + sizeof(mark) - 1;
	}
	end = stpcpy(end, at);
	http_reply_data(req, 200, "text/html;charset=utf-8", out,
			(size_t)(end - out));
	free(out);
}

/*
 * A file of the folder "webroot", which is daemon/console or a copy of it.
 * Only names of the built-in table are looked for, so that no path can lead
 * out of it.
 */
static void
reply_webroot(struct api *a, struct http_req *req)
{
	const struct asset *asset = NULL;
	char path[4096], *text;
	const char *name = "index.html", *folder = "page";
	size_t len;

	if (strcmp(http_path(req), "/") != 0) {
		asset = same_name(http_path(req));
		name = asset == NULL ? "" : strchr(asset->path + 8, '/') + 1;
		if (strncmp(name, "vendor/", 7) == 0)
			folder = ".";
		else if (strcmp(asset == NULL ? "" : asset->type,
				"application/json") == 0)
			folder = "catalogue";
	}
	snprintf(path, sizeof(path), "%s/%s/%s", a->conf->webroot, folder, name);
	text = name[0] == '\0' ? NULL : read_file(path, &len);
	add_page_headers(req);
	http_add_header(req, "Cache-Control", "no-store");
	if (text == NULL)
		http_problem(req, 404, NULL, "No such file of the page.");
	else if (asset == NULL)
		reply_index(req, text);
	else
		http_reply_data(req, 200, asset->type, text, len);
	free(text);
}

void
api_get_page(void *arg, struct http_req *req)
{
	struct api *a = arg;
	const struct asset *asset;

	if (a->conf->webroot[0] != '\0') {
		reply_webroot(a, req);
		return;
	}
	asset = asset_find(page_assets, http_path(req));
	if (asset == NULL)
		http_problem(req, 404, NULL, "No such file of the page.");
	else
		reply_asset(req, asset);
}
