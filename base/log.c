/*
 * Logging to standard error.  systemd sets JOURNAL_STREAM where the journal
 * reads it, and understands the <N> prefix there.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_name[] = { "error", "warn", "notice", "info",
					  "debug" };

/* The one setting that outlives a call; set at start and at reload. */
static enum log_level max_level = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	max_level = level;
}

int
log_set_level_name(const char *name)
{
	for (size_t i = 0; i < sizeof(level_name) / sizeof(level_name[0]); i++) {
		if (strcmp(level_name[i], name) == 0) {
			max_level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

static void
put(enum log_level level, const char *fmt, va_list ap, const char *tail)
{
	static const int priority[] = { 3, 4, 5, 6, 7 };
	char line[2048];
	int saved = errno, n = 0, m;

	if (level > max_level)
		return;
	if (getenv("JOURNAL_STREAM") != NULL)
		n = snprintf(line, sizeof(line), "<%d>", priority[level]);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	n = m < 0 || n + m >= (int)sizeof(line) ? (int)sizeof(line) - 1 : n + m;
	m = snprintf(line + n, sizeof(line) - (size_t)n, "%s\n", tail);
	n = n + m >= (int)sizeof(line) ? (int)sizeof(line) - 1 : n + m;
	line[n - 1] = '\n';
	for (int i = 0; i < n - 1; i++) {
		if (line[i] == '\n' || line[i] == '\r' || line[i] == '\033')
			line[i] = ' ';
	}
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		n = 0; /* nowhere left to say so */
	errno = saved;
}

#define DEFINE_LOG(function, level)                                            \
	void function(const char *fmt, ...)                                    \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		put(level, fmt, ap, "");                                       \
		va_end(ap);                                                    \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void
fatal(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_ERROR, fmt, ap, "");
	va_end(ap);
	exit(status);
}

void
log_fault_begin(struct log_fault *f, const char *fmt, ...)
{
	va_list ap;

	if (f->times++ > 0)
		return;
	va_start(ap, fmt);
	put(LOG_LEVEL_WARN, fmt, ap, "");
	va_end(ap);
}

void
log_fault_end(struct log_fault *f, const char *fmt, ...)
{
	char tail[48];
	va_list ap;

	if (f->times == 0)
		return;
	snprintf(tail, sizeof(tail), " times=%lu", f->times);
	va_start(ap, fmt);
	put(LOG_LEVEL_NOTICE, fmt, ap, tail);
	va_end(ap);
	f->times = 0;
}
