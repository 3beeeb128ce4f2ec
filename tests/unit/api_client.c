/* A client for the tests of the interface. */
#include "tests/unit/api_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

int
api_client_connect(const char *address)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		return -1;
	return fd;
}

int
api_client_connect_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -1;
	return fd;
}

struct api_client_reply
api_client_talk(struct event_base *base, int fd, const char *request,
		size_t len, int rounds)
{
	size_t cap = 1 << 20, n = 0;
	struct api_client_reply r = { .text = calloc(1, cap) };
	const char *end;
	ssize_t got = 1;

	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		rounds = 0;
	for (int i = 0; i < rounds && got != 0 && n < cap - 1; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		got = recv(fd, r.text + n, cap - 1 - n, MSG_DONTWAIT);
		if (got > 0)
			n += (size_t)got;
		else if (got < 0 && errno != EAGAIN)
			break;
		if (got < 0)
			usleep(1000);
	}
	close(fd);
	sscanf(r.text, "HTTP/1.1 %d", &r.status);
	end = strstr(r.text, "\r\n\r\n");
	r.body = end == NULL ? "" : end + 4;
	r.len = end == NULL ? 0 : n - (size_t)(r.body - r.text);
	return r;
}

struct api_client_reply
api_client_ask(struct event_base *base, int fd, const char *method,
	       const char *path, const char *headers, const char *body)
{
	size_t cap = strlen(path) + strlen(headers) + strlen(body) + 256;
	char *text = malloc(cap);
	struct api_client_reply r;
	int n;

	n = snprintf(text, cap,
		     "%s %s HTTP/1.1\r\n%sConnection: close\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
		     method, path, headers, strlen(body), body);
	r = api_client_talk(base, fd, text, (size_t)n, 2000);
	free(text);
	return r;
}
