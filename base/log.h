#ifndef TOCSIN_BASE_LOG_H
#define TOCSIN_BASE_LOG_H

/*
 * One line a message on standard error: "tag: event key=value", with a
 * journald priority in front where the journal reads it.  No time stamps,
 * no counts of patients.  Keeps errno.
 */

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Messages above the level are dropped; the default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
/* "error" .. "debug"; returns 0, or -1 and nothing changed. */
int log_set_level_name(const char *name);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Only before a loop starts: logs at error level and ends with the status. */
void fatal(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/*
 * A lasting fault speaks once when it begins and once when it ends, with the
 * number of times it happened between.  Zero-initialised by the caller.
 */
struct log_fault {
	unsigned long times;
};
void log_fault_begin(struct log_fault *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void log_fault_end(struct log_fault *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
