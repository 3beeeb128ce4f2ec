/*
 * The site's key pair.
 */
#include "collectors/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/log.h"
#include "collectors/files.h"

#define KEY_FILE "site.key"

#define NEW_FILE "site.key.new" /* until the centre knows it */

/* 1 = path is the credential, 0 = there is none, -1. */
static int
find_credential(char path[FILES_PATH_BYTES])
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	if (credentials == NULL)
		return 0;
	if (files_path(path, credentials, KEY_FILE) < 0)
		return -1;
	return access(path, R_OK) == 0;
}

/* Is the secret half the one of the public half? */
static bool
belongs(const struct keys *k)
{
	char derived[ZSOCK_KEY_TEXT];

	return zmq_curve_public(derived, k->secret_key) == 0 &&
	       strcmp(derived, k->public_key) == 0;
}

static int
load(const char *path, struct keys *out)
{
	char text[256];
	struct stat st;

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
keys_load(const char *state, struct keys *out)
{
	char path[FILES_PATH_BYTES];
	int rc = find_credential(path);

	if (rc < 0 || (rc == 0 && files_path(path, state, KEY_FILE) < 0))
		return -1;
	return load(path, out);
}

int
keys_make(const char *state, struct keys *out)
{
	char path[FILES_PATH_BYTES], text[256];
	int rc = find_credential(path);

	if (rc != 0)
		return rc < 0 ? -1 : load(path, out);
	if (files_path(path, state, NEW_FILE) < 0)
		return -1;
	rc = load(path, out);
	if (rc <= 0)
		return rc;
	if (zmq_curve_keypair(out->public_key, out->secret_key) != 0) {
		log_error("keys: libzmq was built without encryption");
		return -1;
	}
	snprintf(text, sizeof(text), "public %s\nsecret %s\n", out->public_key,
		 out->secret_key);
	return files_write(path, text, strlen(text));
}

int
keys_take(const char *state)
{
	char from[FILES_PATH_BYTES], to[FILES_PATH_BYTES];

	if (files_path(from, state, NEW_FILE) < 0 ||
	    files_path(to, state, KEY_FILE) < 0)
		return -1;
	if (access(from, F_OK) < 0)
		return 0; /* a credential was used */
	return files_rename(from, to);
}

void
keys_drop(const char *state)
{
	char path[FILES_PATH_BYTES];

	if (files_path(path, state, NEW_FILE) == 0 && unlink(path) < 0 &&
	    errno != ENOENT)
		log_warn("keys: cannot remove %s: %m", path);
}
