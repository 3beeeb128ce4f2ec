/*
 * Sockets that the service manager made and handed over, so that who connects
 * while the daemon starts waits in place of being refused.  See
 * sd_listen_fds(3).
 */
#include "daemon/api/http_own.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static int
take(struct http *h, int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0) {
		h->given_unix = true;
		return http_listen(h, fd);
	}
	if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0 &&
	    getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    http_is_loopback(&ss)) {
		h->given_tcp = true;
		return http_listen(h, fd);
	}
	log_error(
		"http: descriptor %d of the service manager is no listening "
		"Unix socket or loopback port, as ListenStream=127.0.0.1:8650 "
		"is; a network is nginx's part",
		fd);
	close(fd);
	return -1;
}

int
http_take_given(struct http *h)
{
	int n = sd_listen_fds(1), rc = 0;

	if (n < 0) {
		log_error("http: the service manager's sockets: %s",
			  strerror(-n));
		return -1;
	}
	if (n > HTTP_LISTENERS - 2) {
		log_error("http: the service manager gives %d sockets; at most "
			  "%d are taken",
			  n, HTTP_LISTENERS - 2);
		return -1;
	}
	for (int i = 0; i < n; i++)
		rc = take(h, SD_LISTEN_FDS_START + i) < 0 ? -1 : rc;
	return rc;
}
