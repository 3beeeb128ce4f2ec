/*
 * The site's key pair.
 */
#include "collectors/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/log.h"
#include "collectors/files.h"

#define KEY_FILE "site.key"

static int
find(const char *state, char path[FILES_PATH_BYTES])
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	if (credentials != NULL) {
		if (files_path(path, credentials, KEY_FILE) < 0)
			return -1;
		if (access(path, R_OK) == 0)
			return 0;
	}
	return files_path(path, state, KEY_FILE);
}

/* Is the secret half the one of the public half? */
static bool
belongs(const struct keys *k)
{
	char derived[ZSOCK_KEY_TEXT];

	return zmq_curve_public(derived, k->secret_key) == 0 &&
	       strcmp(derived, k->public_key) == 0;
}

int
keys_load(const char *state, struct keys *out)
{
	char path[FILES_PATH_BYTES], text[256];
	struct stat st;

	if (find(state, path) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return 1;
	if (st.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) {
		log_error("keys: others may read %s: chmod 600 it, and "
			  "enroll anew if they may have",
			  path);
		return -1;
	}
	if (files_read(path, text, sizeof(text)) < 0)
		return -1;
	if (sscanf(text, "public %40s secret %40s", out->public_key,
		   out->secret_key) == 2 &&
	    belongs(out))
		return 0;
	log_error("keys: %s is no key pair", path);
	return -1;
}

int
keys_make(const char *state, struct keys *out)
{
	char path[FILES_PATH_BYTES], text[256];
	int rc = keys_load(state, out);

	if (rc <= 0)
		return rc;
	if (zmq_curve_keypair(out->public_key, out->secret_key) != 0) {
		log_error("keys: libzmq was built without encryption");
		return -1;
	}
	snprintf(text, sizeof(text), "public %s\nsecret %s\n", out->public_key,
		 out->secret_key);
	if (files_path(path, state, KEY_FILE) < 0)
		return -1;
	return files_write(path, text, strlen(text));
}
