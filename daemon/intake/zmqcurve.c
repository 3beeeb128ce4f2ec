/*
 * Keys of the centre.  The self-test is there because a CURVE socket of
 * libzmq without a working ZAP handler lets every key in.
 */
#include "daemon/intake/zmqcurve.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/log.h"

#define TEST_MS 4000

bool
zmqcurve_print(const char *z85, char print[KEYRING_PRINT_BYTES])
{
	uint8_t key[KEYRING_KEY_BYTES];

	if (strlen(z85) != ZSOCK_KEY_TEXT - 1 || zmq_z85_decode(key, z85) == NULL)
		return false;
	keyring_print(key, print);
	return true;
}

/* Both halves on two lines; 1 = read, 0 = there is no file, -1. */
static int
read_pair(struct zmqcurve *k, const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char derived[ZSOCK_KEY_TEXT];
	int n;

	if (f == NULL) {
		if (errno == ENOENT)
			return 0;
		log_error("curve: cannot read %s: %m", path);
		return -1;
	}
	n = fscanf(f, "%40s %40s", k->public_key, k->secret_key);
	if (fstat(fileno(f), &st) == 0 && (st.st_mode & 077) != 0)
		log_warn("curve: %s can be read by others; chmod 600", path);
	fclose(f);
	if (n != 2 || zmq_curve_public(derived, k->secret_key) != 0 ||
	    strcmp(derived, k->public_key) != 0) {
		log_error("curve: %s does not hold a key pair", path);
		return -1;
	}
	return 1;
}

static int
make_pair(struct zmqcurve *k, const char *path)
{
	char text[2 * ZSOCK_KEY_TEXT + 1];
	ssize_t len;
	int fd;

	if (zmq_curve_keypair(k->public_key, k->secret_key) != 0) {
		log_error("curve: no key pair: %s", zmq_strerror(errno));
		return -1;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_error("curve: cannot make %s: %m", path);
		return -1;
	}
	len = snprintf(text, sizeof(text), "%s\n%s\n", k->public_key,
		       k->secret_key);
	if (write(fd, text, (size_t)len) != len || fsync(fd) != 0) {
		log_error("curve: cannot write %s: %m", path);
		close(fd);
		unlink(path);
		return -1;
	}
	close(fd);
	sodium_memzero(text, sizeof(text));
	log_info("curve: made the centre's key pair in %s", path);
	return 0;
}

int
zmqcurve_load(struct zmqcurve *keys, const char *state)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char path[4200];
	int rc = 0;

	if (credentials != NULL) {
		snprintf(path, sizeof(path), "%s/curve.key", credentials);
		rc = read_pair(keys, path);
	}
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	snprintf(path, sizeof(path), "%s/curve.key", state);
	rc = read_pair(keys, path);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return make_pair(keys, path);
}

/* An address that is listened on as one to connect to. */
static void
reachable(const char *endpoint, char *out, size_t cap)
{
	const char *any = "tcp://0.0.0.0:";
	const char *any6 = "tcp://[::]:";

	if (strncmp(endpoint, any, strlen(any)) == 0)
		snprintf(out, cap, "tcp://127.0.0.1:%s", endpoint + strlen(any));
	else if (strncmp(endpoint, any6, strlen(any6)) == 0)
		snprintf(out, cap, "tcp://[::1]:%s", endpoint + strlen(any6));
	else
		snprintf(out, cap, "%s", endpoint);
}

/* The first event of the handshake, or 0 after TEST_MS. */
static int
handshake_event(void *monitor)
{
	int wait = TEST_MS;
	zmq_msg_t msg;
	uint16_t event = 0;

	zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait, sizeof(wait));
	while (event == 0) {
		zmq_msg_init(&msg);
		if (zmq_msg_recv(&msg, monitor, 0) < 0) {
			zmq_msg_close(&msg);
			return 0;
		}
		if (zmq_msg_more(&msg) && zmq_msg_size(&msg) >= sizeof(event))
			memcpy(&event, zmq_msg_data(&msg), sizeof(event));
		zmq_msg_close(&msg);
	}
	return event;
}

static int
try_stranger(void *sock, void *monitor, const char *endpoint)
{
	char address[256];
	int linger = 0;

	reachable(endpoint, address, sizeof(address));
	zmq_setsockopt(sock, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(monitor, ZMQ_LINGER, &linger, sizeof(linger));
	if (zmq_socket_monitor(sock, "inproc://curve.self-test",
			       ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
				       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
				       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) != 0 ||
	    zmq_connect(monitor, "inproc://curve.self-test") != 0 ||
	    zmq_connect(sock, address) != 0) {
		log_error("curve: self-test cannot connect: %s",
			  zmq_strerror(errno));
		return -1;
	}
	switch (handshake_event(monitor)) {
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		return 0;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		log_error("curve: self-test: a key that nobody knows was let "
			  "in; not listening like this");
		return -1;
	default:
		log_error("curve: self-test: no refusal within %d ms", TEST_MS);
		return -1;
	}
}

int
zmqcurve_self_test(void *ctx, const char *endpoint, const char *server_key)
{
	void *sock = zmq_socket(ctx, ZMQ_DEALER);
	void *monitor = zmq_socket(ctx, ZMQ_PAIR);
	char public_key[ZSOCK_KEY_TEXT], secret_key[ZSOCK_KEY_TEXT];
	int rc = -1;

	if (sock != NULL && monitor != NULL &&
	    zmq_curve_keypair(public_key, secret_key) == 0 &&
	    zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, server_key, 40) == 0 &&
	    zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, public_key, 40) == 0 &&
	    zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, secret_key, 40) == 0)
		rc = try_stranger(sock, monitor, endpoint);
	else
		log_error("curve: self-test: %s", zmq_strerror(errno));
	if (sock != NULL)
		zmq_close(sock);
	if (monitor != NULL)
		zmq_close(monitor);
	return rc;
}
