/*
 * Receivers: their blocks, their wishes, their words.
 */
#include "daemon/notify/receiver_own.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/log.h"
#include "daemon/console/explain_operator.h"
#include "daemon/notify/digest.h"
#include "daemon/notify/rota_slot.h"

#define RECEIVERS_MAX 64
#define LAST_MINUTE (24 * 60 - 1)

struct receivers {
	const struct registry *registry;
	struct rotas *rotas;
	struct receiver *at;
	size_t n;
};

static const char *const types[] = { "webhook", "email", "command", "journal",
				     NULL };
static const char *const formats[] = { "tocsin", "alertmanager", NULL };
static const char *const grades[] = { "blue", "yellow", "orange", "red", NULL };
static const char *const routes[] = { "officer", "operator", "both", NULL };
static const char *const languages[] = { "en", "zh-CN", NULL };

#define AT(field) offsetof(struct notify_receiver, field)

const struct conf_key notify_receiver_keys[] = {
	{ "type", CONF_CHOICE, AT(type), NULL, 0, 0, types, false,
	  "How the receiver is told: webhook, email, command or journal." },
	{ "format", CONF_CHOICE, AT(format), "tocsin", 0, 0, formats, false,
	  "Body of a webhook: our own, or that of Alertmanager's webhook v4." },
	{ "url", CONF_STRING, AT(url), "", 0, 0, NULL, false,
	  "webhook: http:// or https:// address; email: smtp://HOST:PORT or "
	  "smtps://HOST:PORT of the mail server." },
	{ "secret_file", CONF_STRING, AT(secret_file), "", 0, 0, NULL, false,
	  "File whose first line is the webhook's signing secret, whsec_ and "
	  "base64, or the mail password." },
	{ "user", CONF_STRING, AT(user), "", 0, 0, NULL, false,
	  "email: who signs in at the mail server, over TLS only." },
	{ "from", CONF_STRING, AT(from), "", 0, 0, NULL, false,
	  "email: address of the sender." },
	{ "to", CONF_LIST, AT(to), "", 0, 0, NULL, false,
	  "email: addresses of those who are told." },
	{ "command", CONF_LIST, AT(command), "", 0, 0, NULL, false,
	  "command: program and arguments; it gets the notice as JSON on its "
	  "standard input and says with exit status 0 that it is delivered." },
	{ "areas", CONF_LIST, AT(areas), "", 0, 0, NULL, false,
	  "Codes of areas whose alerts are told, and those of all areas below; "
	  "what several areas below ring is told once, by the merged alert of "
	  "the area. Empty: every alert of every area by itself." },
	{ "routes", CONF_LIST, AT(routes), "", 0, 0, NULL, false,
	  "Triggers that are told, by their key tell, as duty or education; "
	  "empty: all triggers." },
	{ "tell", CONF_CHOICE, AT(tell), "officer", 0, 0, routes, false,
	  "Whose alerts are told: officer, signals of triggers; operator, "
	  "what is wrong with the reports or the centre; or both." },
	{ "min_grade", CONF_CHOICE, AT(min_grade), "blue", 0, 0, grades, true,
	  "The lowest signal colour that is told; operators' alerts have "
	  "none." },
	{ "enabled", CONF_BOOL, AT(enabled), "yes", 0, 0, NULL, true,
	  "Is it told at all? no: of nothing; what waits for it is given up." },
	{ "digest", CONF_STRING, AT(digest), "", 0, 0, NULL, true,
	  "Time of the day in the centre's zone, as \"08:00\", at which the "
	  "signals that waited are told in one message, a line an alert; "
	  "empty: "
	  "nothing waits." },
	{ "digest_below", CONF_CHOICE, AT(digest_below), "orange", 0, 0, grades,
	  true,
	  "Signals below this colour wait for the digest; statutory rules, "
	  "operators' alerts and missed clocks never do." },
	{ "language", CONF_CHOICE, AT(language), "en", 0, 0, languages, false,
	  "Language of the texts." },
	{ "give_up", CONF_DURATION, AT(give_up_ms), "24h", 1000,
	  30.0 * 86400 * 1000, NULL, false,
	  "Time after which a notice that nobody takes is a dead letter." },
	{ NULL, CONF_STRING, 0, NULL, 0, 0, NULL, false, NULL },
};

static int
read_secret(struct receiver *r)
{
	FILE *f;

	if (r->conf->secret_file[0] == '\0')
		return 0;
	f = fopen(r->conf->secret_file, "re");
	if (f == NULL || fgets(r->secret, sizeof(r->secret), f) == NULL) {
		log_error("notify: receiver \"%s\": cannot read the secret %s: "
			  "%s",
			  r->name, r->conf->secret_file, strerror(errno));
		if (f != NULL)
			fclose(f);
		return -1;
	}
	fclose(f);
	r->secret[strcspn(r->secret, "\r\n")] = '\0';
	return 0;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What a block of this type lacks, or NULL. */
static const char *
lacks(const struct receiver *r)
{
	const struct notify_receiver *c = r->conf;

	if (c->type == NOTIFY_WEBHOOK && !begins(c->url, "http://") &&
	    !begins(c->url, "https://"))
		return "url must begin with http:// or https://";
	if (c->type == NOTIFY_EMAIL && !begins(c->url, "smtp://") &&
	    !begins(c->url, "smtps://"))
		return "url must begin with smtp:// or smtps://";
	if (c->type == NOTIFY_EMAIL && (c->from[0] == '\0' || c->to.n == 0))
		return "an email needs from and to";
	if (c->type == NOTIFY_COMMAND && c->command.n == 0)
		return "command names no program";
	if (c->type == NOTIFY_WEBHOOK && r->secret[0] != '\0' && r->key_len < 0)
		return "the secret is not whsec_ and base64 of 16 to 64 bytes";
	return NULL;
}

/* What is wrong with the switches, or NULL with them in *out. */
static const char *
read_switches(const struct notify_receiver *c, struct receiver_switches *out)
{
	*out = (struct receiver_switches){ .enabled = c->enabled,
					   .min_grade = c->min_grade,
					   .digest_at = -1,
					   .digest_below = c->digest_below };
	if (c->digest[0] == '\0')
		return NULL;
	if (strlen(c->digest) == 5)
		out->digest_at = rota_time_parse(c->digest, LAST_MINUTE);
	if (out->digest_at < 0)
		return "digest is no time of the day such as 08:00";
	if (c->tell == NOTIFY_OPERATOR)
		return "digest: it is told of operators' alerts only, and they "
		       "never wait";
	if (c->digest_below <= c->min_grade)
		return "digest: nothing it is told of is below digest_below; "
		       "min_grade must be lower";
	return NULL;
}

static void
say_wrong(const struct conf *conf, size_t i, const char *wrong)
{
	log_error("%s: receiver \"%s\": %s", conf_where(conf, "receiver", i),
		  conf_title(conf, "receiver", i), wrong);
}

static int
receiver_init(struct receiver *r, const struct conf *conf, size_t i)
{
	const char *wrong;

	r->name = conf_title(conf, "receiver", i);
	r->conf = conf_at(conf, "receiver", i);
	if (read_secret(r) < 0)
		return -1;
	if (r->conf->type == NOTIFY_WEBHOOK && r->secret[0] != '\0')
		r->key_len = hook_key_parse(r->secret, r->key);
	wrong = lacks(r);
	if (wrong == NULL)
		wrong = read_switches(r->conf, &r->on);
	if (wrong == NULL)
		return 0;
	say_wrong(conf, i, wrong);
	return -1;
}

static void
say_rota(void *arg, const char *message)
{
	(void)arg;
	log_error("config: %s", message);
}

struct receivers *
receivers_new(const struct conf *conf, const struct registry *registry)
{
	struct receivers *r = calloc(1, sizeof(*r));
	size_t n = conf_count(conf, "receiver");
	int bad = 0;

	if (r == NULL)
		return NULL;
	r->registry = registry;
	r->at = calloc(n + 1, sizeof(*r->at));
	if (r->at == NULL || n > RECEIVERS_MAX) {
		log_error("notify: more than %d receivers", RECEIVERS_MAX);
		receivers_free(&r);
		return NULL;
	}
	for (r->n = 0; r->n < n; r->n++)
		bad += receiver_init(&r->at[r->n], conf, r->n);
	r->rotas = rotas_new(conf, say_rota, NULL);
	if (bad < 0 || r->rotas == NULL)
		receivers_free(&r);
	return r;
}

void
receivers_free(struct receivers **rp)
{
	struct receivers *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	if (r->at != NULL)
		sodium_memzero(r->at, (r->n + 1) * sizeof(*r->at));
	rotas_free(&r->rotas);
	free(r->at);
	free(r);
}

const struct rotas *
receivers_rotas(const struct receivers *r)
{
	return r->rotas;
}

/* Are the receivers on duty known since the start? */
static bool
are_known(const struct receivers *r, const struct rotas *rotas,
	  const struct conf *conf)
{
	for (size_t i = 0; i < conf_count(conf, "receiver"); i++) {
		const char *name = conf_title(conf, "receiver", i);

		if (rotas_name(rotas, name) && receivers_find(r, name) == NULL) {
			log_error("%s: receiver \"%s\" is new; a rota can name "
				  "it after the next start",
				  conf_where(conf, "receiver", i), name);
			return false;
		}
	}
	return true;
}

/* False where some are wrong (logged). */
static bool
check_switches(const struct conf *conf)
{
	struct receiver_switches on;
	bool good = true;

	for (size_t i = 0; i < conf_count(conf, "receiver"); i++) {
		const char *wrong =
			read_switches(conf_at(conf, "receiver", i), &on);

		if (wrong != NULL)
			say_wrong(conf, i, wrong);
		good = good && wrong == NULL;
	}
	return good;
}

/* Those that came or went do so at the next start. */
static void
take_switches(struct receivers *r, const struct conf *conf)
{
	for (size_t i = 0; i < conf_count(conf, "receiver"); i++) {
		struct receiver *one =
			receivers_find(r, conf_title(conf, "receiver", i));

		if (one != NULL)
			(void)read_switches(conf_at(conf, "receiver", i),
					    &one->on);
	}
}

int
receivers_reload(struct receivers *r, const struct conf *conf)
{
	struct rotas *rotas = rotas_new(conf, say_rota, NULL);

	if (rotas == NULL)
		return -1;
	if (!are_known(r, rotas, conf) || !check_switches(conf)) {
		rotas_free(&rotas);
		return -1;
	}
	rotas_free(&r->rotas);
	r->rotas = rotas;
	take_switches(r, conf);
	return 0;
}

struct receiver *
receivers_find(const struct receivers *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->at[i].name, name) == 0)
			return &r->at[i];
	}
	return NULL;
}

int
receiver_grade(const json_t *alert)
{
	const char *text = json_string_value(json_object_get(alert, "grade"));

	for (int i = 0; text != NULL && grades[i] != NULL; i++) {
		if (strcmp(grades[i], text) == 0)
			return i;
	}
	return 3;
}

/*
 * Does the list name the alert's area or one above it?  Not counted are those
 * from covered upwards, which are told by the merged alert of covered.
 */
static bool
covers(const struct receivers *r, const struct conf_list *areas,
       const json_t *alert, uint32_t covered)
{
	const char *code = json_string_value(json_object_get(alert, "area"));
	uint32_t area = code == NULL
				? REG_NONE
				: registry_area(r->registry, code, strlen(code));

	if (areas->n == 0 || area == REG_NONE)
		return true;
	for (size_t i = 0; i < areas->n; i++) {
		uint32_t above = registry_area(r->registry, areas->at[i],
					       strlen(areas->at[i]));

		if (above != REG_NONE &&
		    registry_area_within(r->registry, area, above) &&
		    (covered == REG_NONE ||
		     !registry_area_within(r->registry, covered, above)))
			return true;
	}
	return false;
}

/* Does the receiver look after that very area?  Who is on duty does, where
   there is a rota.  One without areas looks after the whole, that is the area
   above all. */
static bool
looks_after(const struct receivers *r, const struct receiver *one,
	    const struct desk_event *event)
{
	const struct reg_area *at = registry_area_at(r->registry, *event->called);
	const struct conf_list *areas = &one->conf->areas;

	if (rotas_have(r->rotas, at->code))
		return rotas_on_duty(r->rotas, one->name, at->code, event->at_ms);
	for (size_t i = 0; i < areas->n; i++) {
		if (strcmp(areas->at[i], at->code) == 0)
			return true;
	}
	return areas->n == 0 && at->parent == REG_NONE;
}

/* Does the alert's trigger tell one of the routes?  No route: all do. */
static bool
takes_route(const struct conf_list *wanted, const json_t *tell)
{
	const json_t *word;
	size_t i;

	json_array_foreach (tell, i, word) {
		for (size_t k = 0; k < wanted->n; k++) {
			if (strcmp(wanted->at[k], json_string_value(word)) == 0)
				return true;
		}
	}
	return wanted->n == 0;
}

/* Is it on the receiver's route, and grave enough? */
static bool
wants(const struct receiver *one, const json_t *alert)
{
	const struct notify_receiver *c = one->conf;

	if (explain_is_operator(alert))
		return c->tell != NOTIFY_OFFICER;
	return c->tell != NOTIFY_OPERATOR &&
	       receiver_grade(alert) >= one->on.min_grade &&
	       takes_route(&c->routes, json_object_get(alert, "tell"));
}

/* Is it told of what rings in its areas, now?  Whom a rota names is while on
   duty. */
static bool
concerns(const struct receivers *r, const struct receiver *one,
	 const struct desk_event *event)
{
	return covers(r, &one->conf->areas, event->alert, event->covered) &&
	       (event->at_ms == 0 || !rotas_name(r->rotas, one->name) ||
		rotas_on_duty(r->rotas, one->name, NULL, event->at_ms));
}

size_t
receivers_plan(const struct receivers *r, const struct desk_event *event,
	       const char **out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n && n < cap; i++) {
		const struct receiver *one = &r->at[i];
		bool meant = event->called != NULL ? looks_after(r, one, event)
						   : concerns(r, one, event);

		if (one->on.enabled && meant && wants(one, event->alert))
			out[n++] = one->name;
	}
	return n;
}

void
receiver_failed(struct receiver *r, const char *error)
{
	log_fault_begin(&r->fault, "notify: cannot tell receiver=%s error=%s",
			r->name, error);
}

void
receiver_answered(struct receiver *r)
{
	log_fault_end(&r->fault, "notify: told again receiver=%s", r->name);
}

const char *
receiver_name(const struct receiver *r)
{
	return r->name;
}

const struct notify_receiver *
receiver_conf(const struct receiver *r)
{
	return r->conf;
}

bool
receiver_enabled(const struct receiver *r)
{
	return r->on.enabled;
}

int64_t
receiver_digest_ms(const struct receiver *r, const struct desk_event *event,
		   int64_t clock_ms)
{
	bool waits =
		r->on.digest_at >= 0 && event->called == NULL &&
		!explain_is_operator(event->alert) &&
		!json_is_true(json_object_get(event->alert, "statutory")) &&
		receiver_grade(event->alert) < r->on.digest_below;

	return waits ? digest_next_ms(r->on.digest_at, clock_ms) : 0;
}

const char *
receiver_digest_below(const struct receiver *r)
{
	return grades[r->on.digest_below];
}
