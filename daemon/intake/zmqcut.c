/*
 * Who ended a connection, see zmqcut.h.  The reports come late, so a number
 * may be another connection's by the time it is looked at: what is found is
 * told a tick later, and not at all if the connection looked at turns out to
 * be one that was accepted since.
 */
#include "daemon/intake/zmqcut.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 65536
#define DOUBTS 64
#define DOUBT_TICKS 10

enum { STATE_ESTABLISHED = 1, STATE_CLOSE = 7 }; /* the kernel's, of TCP */

/* A connection that is held. */
struct seat {
	int held; /* our descriptor, or -1 */
	uint64_t cookie;
};

/* One that ended. */
struct doubt {
	struct seat seat; /* held -1: it was cut, and is to be told */
	int fd;		  /* libzmq's */
	int age;	  /* ticks; -1 = free */
	char peer[80];
};

struct zmqcut {
	uint64_t handshake_bytes;
	zmqcut_found *found;
	void *arg;
	struct seat *seat; /* by libzmq's descriptor */
	size_t seats;
	size_t held;
	struct doubt doubt[DOUBTS];
};

struct zmqcut *
zmqcut_new(uint64_t handshake_bytes, zmqcut_found *found, void *arg)
{
	struct zmqcut *c = calloc(1, sizeof(*c));
	struct rlimit limit = { 0 };

	if (c == NULL)
		return NULL;
	c->handshake_bytes = handshake_bytes;
	c->found = found;
	c->arg = arg;
	getrlimit(RLIMIT_NOFILE, &limit);
	c->seats = limit.rlim_cur < MOST_DESCRIPTORS ? (size_t)limit.rlim_cur
						     : MOST_DESCRIPTORS;
	c->seat = calloc(c->seats + 1, sizeof(*c->seat));
	if (c->seat == NULL) {
		free(c);
		return NULL;
	}
	for (size_t i = 0; i < c->seats; i++)
		c->seat[i].held = -1;
	for (size_t i = 0; i < DOUBTS; i++) {
		c->doubt[i].seat.held = -1;
		c->doubt[i].age = -1;
	}
	return c;
}

static void
release(struct zmqcut *c, struct seat *s)
{
	if (s->held < 0)
		return;
	close(s->held);
	s->held = -1;
	c->held--;
}

static void
forget(struct zmqcut *c, struct doubt *d)
{
	release(c, &d->seat);
	d->age = -1;
}

void
zmqcut_free(struct zmqcut **pc)
{
	struct zmqcut *c = *pc;

	*pc = NULL;
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->seats; i++)
		release(c, &c->seat[i]);
	for (size_t i = 0; i < DOUBTS; i++)
		forget(c, &c->doubt[i]);
	free(c->seat);
	free(c);
}

/* Is it a TCP socket whose port here is the endpoint's? */
static bool
is_ours(int fd, const char *endpoint)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	const char *colon = strrchr(endpoint, ':');
	long port = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;

	if (strncmp(endpoint, "tcp://", 6) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return false;
	if (at.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&at)->sin_port) == port;
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port) == port;
	return false;
}

void
zmqcut_accepted(struct zmqcut *c, int fd, const char *endpoint)
{
	struct seat *s;
	socklen_t len = sizeof(s->cookie);

	if (fd < 0 || (size_t)fd >= c->seats)
		return;
	s = &c->seat[fd];
	release(c, s);
	if (c->held >= c->seats / 3)
		return;
	s->held = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (s->held < 0)
		return;
	c->held++;
	if (!is_ours(s->held, endpoint) ||
	    getsockopt(s->held, SOL_SOCKET, SO_COOKIE, &s->cookie, &len) != 0) {
		release(c, s);
		return;
	}
	for (size_t i = 0; i < DOUBTS; i++) {
		struct doubt *d = &c->doubt[i];

		if (d->age >= 0 && d->fd == fd && d->seat.cookie == s->cookie)
			forget(c, d);
	}
}

enum look { ENDED_BY_PEER, CUT, UNSURE };

/*
 * ZeroMQ reads whatever has come before it finds that a peer has gone; where
 * it cut, most of the message lies unread, or is still to come.
 */
static enum look
look(const struct zmqcut *c, int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int unread = 0;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    len < offsetof(struct tcp_info, tcpi_bytes_received) ||
	    ioctl(fd, FIONREAD, &unread) != 0)
		return ENDED_BY_PEER;
	if (info.tcpi_state == STATE_CLOSE ||
	    info.tcpi_bytes_acked < c->handshake_bytes)
		return ENDED_BY_PEER;
	if (unread > 0)
		return CUT;
	return info.tcpi_state == STATE_ESTABLISHED ? UNSURE : ENDED_BY_PEER;
}

static void
name_peer(int fd, char *out, size_t cap)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char host[64], port[8];

	if (getpeername(fd, (struct sockaddr *)&at, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, cap, "unknown");
	else
		snprintf(out, cap, "%s:%s", host, port);
}

void
zmqcut_ended(struct zmqcut *c, int fd, bool why_known)
{
	struct seat *s;
	struct doubt *d = NULL;
	enum look seen;

	if (fd < 0 || (size_t)fd >= c->seats || c->seat[fd].held < 0)
		return;
	s = &c->seat[fd];
	seen = why_known ? ENDED_BY_PEER : look(c, s->held);
	for (size_t i = 0; i < DOUBTS && d == NULL; i++) {
		if (c->doubt[i].age < 0)
			d = &c->doubt[i];
	}
	if (seen == ENDED_BY_PEER || d == NULL) {
		release(c, s);
		return;
	}
	d->seat = *s;
	d->fd = fd;
	d->age = 0;
	name_peer(s->held, d->peer, sizeof(d->peer));
	s->held = -1;
	if (seen == CUT)
		release(c, &d->seat);
}

void
zmqcut_tick(struct zmqcut *c)
{
	for (size_t i = 0; i < DOUBTS; i++) {
		struct doubt *d = &c->doubt[i];

		if (d->age < 0 || ++d->age < 2)
			continue;
		if (d->seat.held < 0 || look(c, d->seat.held) == CUT) {
			c->found(c->arg, d->peer);
			forget(c, d);
		} else if (d->age > DOUBT_TICKS) {
			forget(c, d);
		}
	}
}
