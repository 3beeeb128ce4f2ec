/*
 * tocsin-collect enroll: makes this site's key and has the centre that sent
 * the invitation register its public half.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <zmq.h>

#include "base/log.h"
#include "collectors/commands.h"
#include "collectors/keys.h"
#include "proto/enrol.h"

#define WAIT_MS 30000

static int
open_socket(void *sock, const struct enrol_invitation *in, const struct keys *keys)
{
	int none = 0, wait = WAIT_MS, handshake = 5000;
	int64_t max = 4096;

	if (zmq_setsockopt(sock, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
	    zmq_setsockopt(sock, ZMQ_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
	    zmq_setsockopt(sock, ZMQ_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
	    zmq_setsockopt(sock, ZMQ_HANDSHAKE_IVL, &handshake,
			   sizeof(handshake)) != 0 ||
	    zmq_setsockopt(sock, ZMQ_MAXMSGSIZE, &max, sizeof(max)) != 0 ||
	    zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, keys->public_key, 40) != 0 ||
	    zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, keys->secret_key, 40) != 0 ||
	    zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, in->key, 40) != 0 ||
	    zmq_connect(sock, in->enrol) != 0) {
		log_error("enroll: cannot connect to %s: %s", in->enrol,
			  zmq_strerror(errno));
		return -1;
	}
	return 0;
}

/* 0 = *reply is the centre's answer. */
static int
ask(void *sock, const struct enrol_invitation *in, const struct keys *keys,
    struct enrol_reply *reply)
{
	struct enrol_request q;
	char text[ENROL_TEXT_BYTES];
	size_t len;
	int n;

	memcpy(q.site, in->site, sizeof(q.site));
	memcpy(q.secret, in->secret, sizeof(q.secret));
	memcpy(q.key, keys->public_key, sizeof(q.key));
	len = enrol_request_write(&q, text, sizeof(text));
	if (len == 0 || zmq_send(sock, text, len, 0) < 0) {
		log_error("enroll: the centre at %s does not answer", in->enrol);
		return -1;
	}
	n = zmq_recv(sock, text, sizeof(text), 0);
	if (n < 0) {
		log_error("enroll: the centre at %s does not answer; is the "
			  "invitation its newest?",
			  in->enrol);
		return -1;
	}
	if (n > (int)sizeof(text) ||
	    enrol_reply_read(text, (size_t)n, reply) < 0) {
		log_error("enroll: the answer of %s is none we know", in->enrol);
		return -1;
	}
	return 0;
}

static int
talk(const struct enrol_invitation *in, const struct keys *keys,
     struct enrol_reply *reply)
{
	void *ctx = zmq_ctx_new();
	void *sock = ctx != NULL ? zmq_socket(ctx, ZMQ_DEALER) : NULL;
	int rc = -1;

	if (sock != NULL && open_socket(sock, in, keys) == 0)
		rc = ask(sock, in, keys, reply);
	if (sock != NULL)
		zmq_close(sock);
	if (ctx != NULL)
		zmq_ctx_term(ctx);
	return rc;
}

/* A text as the configuration's files have it; -1: it cannot be written. */
static int
quote(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (n + 3 > cap || (unsigned char)*text < ' ')
			return -1;
		if (*text == '"' || *text == '\\' || *text == '$')
			out[n++] = '\\';
		out[n++] = *text;
	}
	out[n] = '\0';
	return 0;
}

/* Remembers site and centre where settings_load() finds them. */
static int
remember(const char *state, const struct enrol_invitation *in)
{
	char site[2 * WIRE_MAX_CODE + 4], centre[2 * ENROL_MAX_ENDPOINT + 4];
	char key[2 * ENROL_KEY_TEXT + 4], text[1024], path[FILES_PATH_BYTES];
	int n;

	if (quote(in->site, site, sizeof(site)) < 0 ||
	    quote(in->centre, centre, sizeof(centre)) < 0 ||
	    quote(in->key, key, sizeof(key)) < 0) {
		log_error("enroll: the invitation has control characters");
		return -1;
	}
	n = snprintf(text, sizeof(text),
		     "# Written by tocsin-collect enroll.\n"
		     "site {\n\tcode = \"%s\"\n}\n"
		     "centre \"enrolled\" {\n\taddress = \"%s\"\n"
		     "\tkey = \"%s\"\n}\n",
		     site, centre, key);
	if (n < 0 || n >= (int)sizeof(text) ||
	    files_path(path, state, SETTINGS_ENROLLED) < 0)
		return -1;
	return files_write(path, text, (size_t)n);
}

static int
enroll(const char *state, const struct enrol_invitation *in)
{
	struct enrol_reply reply;
	struct keys keys;

	if (files_make_dir(state) < 0 || keys_make(state, &keys) < 0)
		return EX_CANTCREAT;
	if (talk(in, &keys, &reply) < 0)
		return EX_UNAVAILABLE;
	printf("%s: %s\n", reply.accepted ? "accepted" : "refused",
	       reply.sentence);
	if (!reply.accepted) {
		keys_drop(state);
		return EX_NOPERM;
	}
	if (keys_take(state) < 0 || remember(state, in) < 0)
		return EX_CANTCREAT;
	return EX_OK;
}

/*
 * The invitation that word is, or for "-" the one of standard input; what
 * stood on the command line is wiped, for everybody can list it.
 */
static int
read_invitation(char *word, struct enrol_invitation *in)
{
	char line[ENROL_TEXT_BYTES] = "";
	size_t n;
	int rc;

	if (strcmp(word, "-") == 0) {
		if (fgets(line, sizeof(line), stdin) == NULL)
			line[0] = '\0';
	} else {
		snprintf(line, sizeof(line), "%s", word);
		sodium_memzero(word, strlen(word));
	}
	n = strcspn(line, " \t\r\n");
	rc = enrol_invitation_read(line, n, in);
	sodium_memzero(line, sizeof(line));
	if (rc < 0)
		log_error("enroll: that is no invitation, or not a whole one");
	return rc;
}

int
command_enroll(const struct command_args *a)
{
	struct enrol_invitation in;
	struct settings s;
	int rc;

	if (a->files != 1) {
		log_error(
			"enroll: give it the invitation, one word that begins "
			"with tocsin1., or - to read it from standard input");
		return EX_USAGE;
	}
	if (read_invitation(a->file[0], &in) < 0)
		return EX_DATAERR;
	if (settings_load(&s, &a->flags, false) < 0)
		return EX_CONFIG;
	rc = enroll(s.state, &in);
	sodium_memzero(&in, sizeof(in));
	settings_free(&s);
	return rc;
}
