#ifndef TOCSIN_UNIT_API_CLIENT_H
#define TOCSIN_UNIT_API_CLIENT_H

/* A client that asks the interface on the loop of the same process. */

#include <stddef.h>

struct event_base;

struct api_client_reply {
	int status;
	char *text; /* headers, an empty line, the body */
	const char *body;
	size_t len;
};

/* A blocking connection to "http://127.0.0.1:PORT"; -1 = none. */
int api_client_connect(const char *address);
/* The same to a Unix socket. */
int api_client_connect_unix(const char *path);

/*
 * Sends the bytes and turns the loop until the server closes or rounds of a
 * millisecond have passed.  The text is the caller's to free.
 */
struct api_client_reply api_client_talk(struct event_base *base, int fd,
					const char *request, size_t len,
					int rounds);

/* One whole request with "Connection: close"; headers end with \r\n. */
struct api_client_reply api_client_ask(struct event_base *base, int fd,
				       const char *method, const char *path,
				       const char *headers, const char *body);

#endif
