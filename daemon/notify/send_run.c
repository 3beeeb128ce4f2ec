/*
 * Programs as receivers: the notice on standard input, exit status 0 means
 * told.  A pidfd tells the loop of the end, a timer ends what takes too long.
 */
#include "daemon/notify/send_own.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <utlist.h>

#define RUN_S 30

extern char **environ;

struct program {
	struct sender *sender;
	pid_t pid;
	int pidfd;
	struct event *ended;
	bool late;
	send_done *done;
	void *arg;
	struct program *prev, *next;
};

static void
program_free(struct program *p)
{
	DL_DELETE(p->sender->programs, p);
	if (p->ended != NULL)
		event_free(p->ended);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p);
}

static void
program_ended(evutil_socket_t fd, short what, void *arg)
{
	struct program *p = arg;
	struct send_result r = { .sent = false };
	int status = 0;

	(void)fd;
	if (what & EV_TIMEOUT) {
		p->late = true;
		kill(p->pid, SIGKILL);
		event_add(p->ended, NULL);
		return;
	}
	waitpid(p->pid, &status, 0);
	r.sent = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (p->late)
		snprintf(r.error, sizeof(r.error), "killed after %d s", RUN_S);
	else if (WIFSIGNALED(status))
		snprintf(r.error, sizeof(r.error), "ended by signal %d",
			 WTERMSIG(status));
	else if (!r.sent)
		snprintf(r.error, sizeof(r.error), "exit status %d",
			 WEXITSTATUS(status));
	p->done(p->arg, &r);
	program_free(p);
}

/* The text as a file that lives in memory, read from its begin. */
static int
input_of(const char *text, size_t len)
{
	int fd = memfd_create("tocsin-notice", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static pid_t
spawn(const char *const *argv, int input)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid = -1;
	int err;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	err = posix_spawnp(&pid, argv[0], &actions, &attr, (char **)argv,
			   environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	errno = err;
	return err == 0 ? pid : -1;
}

int
sender_run(struct sender *s, const char *const *argv, const char *text,
	   size_t len, send_done *done, void *arg)
{
	struct timeval limit = { RUN_S, 0 };
	struct program *p = calloc(1, sizeof(*p));
	int input = input_of(text, len);

	if (p == NULL || input < 0) {
		free(p);
		if (input >= 0)
			close(input);
		return -1;
	}
	*p = (struct program){ .sender = s, .pidfd = -1, .done = done, .arg = arg };
	DL_APPEND(s->programs, p);
	p->pid = spawn(argv, input);
	close(input);
	if (p->pid > 0)
		p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd >= 0)
		p->ended =
			event_new(s->base, p->pidfd, EV_READ, program_ended, p);
	if (p->ended != NULL && event_add(p->ended, &limit) == 0)
		return 0;
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	program_free(p);
	return -1;
}

void
send_programs_end(struct sender *s)
{
	while (s->programs != NULL) {
		struct program *p = s->programs;

		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		program_free(p);
	}
}
