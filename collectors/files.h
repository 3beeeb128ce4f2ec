#ifndef TOCSIN_COLLECTORS_FILES_H
#define TOCSIN_COLLECTORS_FILES_H

/*
 * Files that must be there after a power cut: folders, a lock, whole-file
 * writes and renames that are synced.  All log where they fail.
 */

#include <stddef.h>
#include <stdint.h>

#define FILES_PATH_BYTES 4096

/* Joins folder and name into buf; -1 (logged) where it is too long. */
int files_path(char buf[FILES_PATH_BYTES], const char *dir, const char *name)
	__attribute__((warn_unused_result));

/* Makes the folder and the ones above it, mode 0700.  0 or -1. */
int files_make_dir(const char *path) __attribute__((warn_unused_result));

/*
 * Takes the lock of a state folder for this process's life.  Returns a
 * descriptor to keep open, -1 when logged, -2 when another process has it.
 */
int files_lock(const char *dir) __attribute__((warn_unused_result));

/* Does some process hold the lock?  1, 0; -1 when logged. */
int files_locked(const char *dir) __attribute__((warn_unused_result));

/* Writes the file whole, mode 0600, and syncs it and its folder. */
int files_write(const char *path, const void *data, size_t len)
	__attribute__((warn_unused_result));

/* Reads at most cap - 1 bytes and ends them with NUL.  Length, -1 logged. */
long files_read(const char *path, char *buf, size_t cap)
	__attribute__((warn_unused_result));

/* Renames and syncs the target's folder. */
int files_rename(const char *from, const char *to)
	__attribute__((warn_unused_result));

/*
 * Copies the file into dir under name by way of a hidden one, synced; gives
 * it to dir's owner where this process is root.
 */
int files_copy(const char *from, const char *dir, const char *name)
	__attribute__((warn_unused_result));

/* Milliseconds since 1970, and of a clock that never steps. */
int64_t files_now_ms(void);
int64_t files_steady_ms(void);

#endif
