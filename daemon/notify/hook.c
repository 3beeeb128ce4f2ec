/*
 * Bodies and signatures of webhooks.
 */
#include "daemon/notify/hook.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "daemon/notify/sms.h"

#define KEY_PREFIX "whsec_"

const char *
hook_time(int64_t ms, char buf[HOOK_TIME_TEXT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, HOOK_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
	return buf;
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

json_t *
hook_own(const struct hook_notice *n)
{
	char at[HOOK_TIME_TEXT], type[64], text[SMS_BYTES];
	const json_t *alerts = json_object_get(n->body, "alerts");

	snprintf(type, sizeof(type), "%s.%s",
		 alerts == NULL ? "alert" : "alerts", text_of(n->body, "event"));
	return json_pack("{s:s,s:s,s:{s:s,s:s,s:O,s:s,s:O*,s:O*,s:O*,s:O*}}",
			 "type", type, "timestamp",
			 hook_time(n->created_ms, at), "data", "title",
			 n->title, "text", sms_text(n->title, n->url, text),
			 "explanation", n->lines, "url", n->url, "alert",
			 json_object_get(n->body, "alert"), "escalation",
			 json_object_get(n->body, "escalation"), "alerts",
			 alerts, "more", json_object_get(n->body, "more"));
}

/* A label's value is text; whatever the alert lacks is empty. */
static json_t *
labels_of(const json_t *alert)
{
	const char *grade = text_of(alert, "grade");

	return json_pack("{s:s,s:s,s:s,s:s}", "alertname",
			 text_of(alert, "trigger"), "area",
			 text_of(alert, "area"), "level",
			 text_of(alert, "level"), "severity",
			 grade[0] != '\0' ? grade : text_of(alert, "route"));
}

static json_t *
joined(const json_t *lines)
{
	json_t *out;
	char text[4096] = "";
	size_t i, len = 0;
	const json_t *line;

	json_array_foreach (lines, i, line) {
		int n = snprintf(text + len, sizeof(text) - len, "%s%s",
				 i == 0 ? "" : "\n", json_string_value(line));

		if (n < 0 || (size_t)n >= sizeof(text) - len)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	out = json_string(text);
	return out;
}

/* One element of its "alerts"; labels and notes are taken over. */
static json_t *
one_alert(const struct hook_notice *n, const json_t *alert, bool ended,
	  json_t *labels, json_t *notes, const char *url)
{
	char at[HOOK_TIME_TEXT], ends[HOOK_TIME_TEXT];

	snprintf(ends, sizeof(ends), "%s",
		 ended ? hook_time(n->created_ms, at) : "0001-01-01T00:00:00Z");
	return json_pack(
		"{s:s,s:o,s:o,s:s,s:s,s:s,s:s}", "status",
		ended ? "resolved" : "firing", "labels", labels, "annotations",
		notes, "startsAt", hook_time(n->created_ms, at), "endsAt", ends,
		"generatorURL", url, "fingerprint", text_of(alert, "id"));
}

/* A digest's alerts, each with its line. */
static json_t *
all_alerts(const struct hook_notice *n)
{
	json_t *out = json_array();
	const json_t *alert;
	size_t i;

	json_array_foreach (json_object_get(n->body, "alerts"), i, alert) {
		bool ended = strcmp(text_of(alert, "signal"), "ended") == 0;
		json_t *notes = json_pack("{s:s,s:O}", "summary",
					  text_of(alert, "title"), "description",
					  json_array_get(n->lines, i));

		json_array_append_new(out, one_alert(n, alert, ended,
						     labels_of(alert), notes,
						     text_of(alert, "url")));
	}
	return out;
}

/* What the alerts of the message have in common. */
static json_t *
common_labels(const struct hook_notice *n)
{
	const json_t *alert = json_object_get(n->body, "alert");

	return alert != NULL ? labels_of(alert)
			     : json_pack("{s:s}", "alertname", "digest");
}

json_t *
hook_alertmanager(const struct hook_notice *n)
{
	const json_t *alert = json_object_get(n->body, "alert");
	bool ended = strcmp(text_of(n->body, "event"), "ended") == 0 ||
		     strcmp(text_of(n->body, "event"), "mended") == 0;
	bool digest = json_object_get(n->body, "alerts") != NULL;
	json_t *labels = common_labels(n);
	json_t *notes = json_pack("{s:s,s:o}", "summary", n->title,
				  "description", joined(n->lines));
	char group[160];

	snprintf(group, sizeof(group), "{}:{%s=\"%.120s\"}",
		 digest ? "digest" : "alert",
		 digest ? n->receiver : text_of(alert, "id"));
	return json_pack(
		"{s:s,s:s,s:I,s:s,s:s,s:{s:O*},s:o,s:o,s:s,s:o}", "version",
		"4", "groupKey", group, "truncatedAlerts",
		json_integer_value(json_object_get(n->body, "more")), "status",
		ended ? "resolved" : "firing", "receiver", n->receiver,
		"groupLabels", "alertname",
		json_object_get(labels, "alertname"), "commonLabels", labels,
		"commonAnnotations", notes, "externalURL", n->url, "alerts",
		digest ? all_alerts(n)
		       : json_pack("[o]",
				   one_alert(n, alert, ended, json_incref(labels),
					     json_incref(notes), n->url)));
}

int
hook_key_parse(const char *text, uint8_t key[HOOK_KEY_BYTES])
{
	size_t len;

	if (strncmp(text, KEY_PREFIX, sizeof(KEY_PREFIX) - 1) != 0)
		return -1;
	text += sizeof(KEY_PREFIX) - 1;
	if (sodium_base642bin(key, HOOK_KEY_BYTES, text, strlen(text), "\r\n ",
			      &len, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
		return -1;
	return len < 16 ? -1 : (int)len;
}

void
hook_sign(const uint8_t *key, size_t key_len, const char *message,
	  int64_t seconds, const char *body, size_t len,
	  char out[HOOK_SIGNATURE_TEXT])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state st;
	char head[160];
	int n;

	n = snprintf(head, sizeof(head), "%.100s.%lld.", message,
		     (long long)seconds);
	crypto_auth_hmacsha256_init(&st, key, key_len);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)head,
				      (unsigned long long)n);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)body, len);
	crypto_auth_hmacsha256_final(&st, mac);
	memcpy(out, "v1,", 3);
	sodium_bin2base64(out + 3, HOOK_SIGNATURE_TEXT - 3, mac, sizeof(mac),
			  sodium_base64_VARIANT_ORIGINAL);
}
