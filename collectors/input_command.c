/*
 * A command's standard output, CSV, at an interval.  Its rows are taken when
 * it has ended with status 0 and not before: half an output is no report.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/input.h"
#include "collectors/settings.h"

#define OUTPUT_MAX (64u << 20)
#define REAP_MS 50

struct command {
	const struct input_env *env;
	const struct settings_command *conf;
	const char *title;
	struct event *due; /* start it, or kill it */
	struct event *readable;
	struct event *reap;
	pid_t pid; /* 0 = not running */
	int fd;
	char *text;
	size_t len, cap;
	bool bad; /* too long, or too late */
};

struct input_commands {
	struct input_env env;
	size_t n;
	struct command *at;
};

static void
after(struct event *e, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000,
				    .tv_usec = ms % 1000 * 1000 };

	event_add(e, &tv);
}

static int
spawn(struct command *c, int out)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			 c->conf->run, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
						POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	rc = posix_spawn(&c->pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (rc != 0)
		c->pid = 0;
	return rc;
}

static void
start(struct command *c)
{
	int fd[2], rc;

	c->len = 0;
	c->bad = false;
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0) {
		log_error("command %s: %m", c->title);
		after(c->due, c->conf->every_ms);
		return;
	}
	fcntl(fd[1], F_SETFL, 0); /* the child's end blocks */
	rc = spawn(c, fd[1]);
	close(fd[1]);
	if (rc != 0) {
		log_error("command %s: %s", c->title, strerror(rc));
		close(fd[0]);
		after(c->due, c->conf->every_ms);
		return;
	}
	c->fd = fd[0];
	event_assign(c->readable, c->env->base, c->fd, EV_READ | EV_PERSIST,
		     event_get_callback(c->readable), c);
	event_add(c->readable, NULL);
	after(c->due, c->conf->deadline_ms);
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;

	(void)fd;
	(void)what;
	if (c->pid == 0) {
		start(c);
		return;
	}
	log_warn("command %s: did not end in time and is killed", c->title);
	c->bad = true;
	kill(-c->pid, SIGKILL);
}

static int
keep(struct command *c, const char *data, size_t len)
{
	size_t cap = c->cap == 0 ? 65536 : c->cap;
	char *grown;

	if (c->len + len > OUTPUT_MAX)
		return -1;
	while (cap < c->len + len)
		cap *= 2;
	if (cap != c->cap) {
		grown = realloc(c->text, cap);
		if (grown == NULL)
			return -1;
		c->text = grown;
		c->cap = cap;
	}
	memcpy(c->text + c->len, data, len);
	c->len += len;
	return 0;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)what;
	if (n > 0 && !c->bad && keep(c, buf, (size_t)n) < 0) {
		log_warn("command %s: more than 64 MiB of output", c->title);
		c->bad = true;
		kill(-c->pid, SIGKILL);
	}
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	event_del(c->readable);
	close(c->fd);
	c->fd = -1;
	after(c->reap, 0);
}

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;
	int status = 0;
	pid_t rc = waitpid(c->pid, &status, WNOHANG);

	(void)fd;
	(void)what;
	if (rc == 0) {
		after(c->reap, REAP_MS);
		return;
	}
	c->pid = 0;
	after(c->due, c->conf->every_ms);
	if (c->bad)
		return;
	if (rc < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		log_warn("command %s: ended with status %d; its output is not "
			 "taken",
			 c->title, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		return;
	}
	(void)input_take(c->env, c->title, c->conf->indicator,
			 c->len > 0 ? c->text : "", c->len);
}

static int
prepare(struct input_commands *all, size_t i)
{
	struct command *c = &all->at[i];

	c->env = &all->env;
	c->fd = -1;
	c->conf = settings_command(all->env.settings, i, &c->title);
	c->due = evtimer_new(all->env.base, on_due, c);
	c->readable = event_new(all->env.base, -1, EV_READ, on_readable, c);
	c->reap = evtimer_new(all->env.base, on_reap, c);
	if (c->due == NULL || c->readable == NULL || c->reap == NULL) {
		log_error("command: out of memory");
		return -1;
	}
	after(c->due, 0);
	return 0;
}

int
input_commands_open(const struct input_env *env, struct input_commands **out)
{
	size_t n = settings_commands(env->settings);
	struct input_commands *all;

	*out = NULL;
	if (n == 0)
		return 0;
	all = calloc(1, sizeof(*all));
	if (all != NULL)
		all->at = calloc(n, sizeof(*all->at));
	if (all == NULL || all->at == NULL) {
		free(all);
		log_error("command: out of memory");
		return -1;
	}
	all->env = *env;
	for (all->n = 0; all->n < n; all->n++) {
		if (prepare(all, all->n) < 0) {
			all->n++;
			input_commands_close(&all);
			return -1;
		}
	}
	*out = all;
	return 0;
}

static void
end(struct command *c)
{
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->due != NULL)
		event_free(c->due);
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->reap != NULL)
		event_free(c->reap);
	if (c->fd >= 0)
		close(c->fd);
	free(c->text);
}

void
input_commands_close(struct input_commands **cp)
{
	struct input_commands *all = *cp;

	*cp = NULL;
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++)
		end(&all->at[i]);
	free(all->at);
	free(all);
}
