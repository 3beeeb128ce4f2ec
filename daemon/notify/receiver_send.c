/* How a notice is put for a receiver, and sent. */
#include "daemon/notify/receiver_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/notify/mail.h"

static int
send_webhook(const struct receiver *r, struct sender *s,
	     const struct hook_notice *notice, int64_t now_ms, send_done *done,
	     void *arg)
{
	json_t *body = r->conf->format == NOTIFY_ALERTMANAGER
			       ? hook_alertmanager(notice)
			       : hook_own(notice);
	char *text = json_dumps(body, JSON_COMPACT);
	char id[160], stamp[64], sign[96], mac[HOOK_SIGNATURE_TEXT];
	const char *headers[] = { "Content-Type: application/json",
				  "User-Agent: tocsin/" TOCSIN_VERSION,
				  "Expect:",
				  id,
				  stamp,
				  r->key_len > 0 ? sign : NULL,
				  NULL };
	int64_t seconds = now_ms / 1000;
	int rc = -1;

	json_decref(body);
	if (text == NULL)
		return -1;
	snprintf(id, sizeof(id), "webhook-id: %.100s", notice->message);
	snprintf(stamp, sizeof(stamp), "webhook-timestamp: %lld",
		 (long long)seconds);
	if (r->key_len > 0) {
		hook_sign(r->key, (size_t)r->key_len, notice->message, seconds,
			  text, strlen(text), mac);
		snprintf(sign, sizeof(sign), "webhook-signature: %s", mac);
	}
	rc = sender_post(s, r->conf->url, headers, text, strlen(text), done, arg);
	free(text);
	return rc;
}

static int
send_email(const struct receiver *r, struct sender *s,
	   const struct catalogue *c, const struct hook_notice *notice,
	   int64_t now_ms, send_done *done, void *arg)
{
	enum catalogue_language lang = (enum catalogue_language)r->conf->language;
	const json_t *alert = json_object_get(notice->body, "alert");
	const char *thread = json_string_value(json_object_get(alert, "id"));
	const char *args[] = { "title", notice->title, "url", notice->url, NULL };
	const char **to = calloc(r->conf->to.n + 1, sizeof(*to));
	char subject[320], link[600] = "";
	struct mail m = { .from = r->conf->from,
			  .to = &r->conf->to,
			  .message = notice->message,
			  .thread = thread == NULL ? "" : thread,
			  .lines = notice->lines,
			  .link = link,
			  .at_ms = now_ms };
	struct send_mail out = { .url = r->conf->url,
				 .user = r->conf->user,
				 .password = r->secret,
				 .from = r->conf->from,
				 .to = to };
	char *text;
	int rc = -1;

	m.subject = catalogue_format(c, lang, "mail.subject", subject,
				     sizeof(subject), args);
	m.foot = catalogue_text(c, lang, "mail.foot");
	if (notice->url[0] != '\0')
		catalogue_format(c, lang,
				 alert != NULL ? "mail.link" : "mail.link_desk",
				 link, sizeof(link), args);
	text = mail_write(&m);
	for (size_t i = 0; to != NULL && i < r->conf->to.n; i++)
		to[i] = r->conf->to.at[i];
	out.text = text;
	if (text != NULL && to != NULL)
		rc = sender_mail(s, &out, done, arg);
	free(text);
	free(to);
	return rc;
}

static int
send_command(const struct receiver *r, struct sender *s,
	     const struct hook_notice *notice, send_done *done, void *arg)
{
	const struct conf_list *command = &r->conf->command;
	const char **argv = calloc(command->n + 1, sizeof(*argv));
	json_t *body = hook_own(notice);
	char *text = json_dumps(body, JSON_COMPACT);
	int rc = -1;

	for (size_t i = 0; argv != NULL && i < command->n; i++)
		argv[i] = command->at[i];
	if (argv != NULL && text != NULL)
		rc = sender_run(s, argv, text, strlen(text), done, arg);
	json_decref(body);
	free(text);
	free(argv);
	return rc;
}

/* Of a digest every line; an alert explains itself on the page. */
static void
log_to_journal(const struct hook_notice *notice)
{
	const json_t *line;
	size_t i;

	log_notice("notify: %s url=%s", notice->title, notice->url);
	if (json_object_get(notice->body, "alert") != NULL)
		return;
	json_array_foreach (notice->lines, i, line)
		log_notice("notify: %s", json_string_value(line));
}

int
receiver_send(const struct receiver *r, struct sender *s,
	      const struct catalogue *c, const struct hook_notice *notice,
	      int64_t now_ms, send_done *done, void *arg)
{
	const struct send_result told = { .sent = true };

	switch ((enum notify_type)r->conf->type) {
	case NOTIFY_WEBHOOK:
		return send_webhook(r, s, notice, now_ms, done, arg);
	case NOTIFY_EMAIL:
		return send_email(r, s, c, notice, now_ms, done, arg);
	case NOTIFY_COMMAND:
		return send_command(r, s, notice, done, arg);
	case NOTIFY_JOURNAL:
		break;
	}
	log_to_journal(notice);
	done(arg, &told);
	return 0;
}
