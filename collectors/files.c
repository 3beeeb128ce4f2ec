/*
 * Files that must be there after a power cut.
 */
#include "collectors/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

int
files_path(char buf[FILES_PATH_BYTES], const char *dir, const char *name)
{
	int n = snprintf(buf, FILES_PATH_BYTES, "%s/%s", dir, name);

	if (n > 0 && n < FILES_PATH_BYTES)
		return 0;
	log_error("files: path too long: %.60s.../%.60s", dir, name);
	return -1;
}

int
files_make_dir(const char *path)
{
	char part[FILES_PATH_BYTES];
	struct stat st;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) {
		log_error("files: path too long: %.60s...", path);
		return -1;
	}
	for (char *slash = strchr(part + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			break; /* the last mkdir says what is wrong */
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		log_error("files: cannot make folder %s: %m", path);
		return -1;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("files: %s is no folder", path);
		return -1;
	}
	return 0;
}

static int
open_lock(const char *dir)
{
	char path[FILES_PATH_BYTES];
	int fd;

	if (files_path(path, dir, "lock") < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		log_error("files: cannot open %s: %m", path);
	return fd;
}

int
files_lock(const char *dir)
{
	int fd = open_lock(dir);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return -2;
}

int
files_locked(const char *dir)
{
	int fd = files_lock(dir);

	if (fd == -2)
		return 1;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
sync_folder_of(const char *path)
{
	char copy[FILES_PATH_BYTES];
	int fd, rc;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		log_error("files: cannot open folder of %s: %m", path);
		return -1;
	}
	rc = fsync(fd);
	if (rc < 0)
		log_error("files: cannot sync folder of %s: %m", path);
	close(fd);
	return rc;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int
files_write(const char *path, const void *data, size_t len)
{
	char tmp[FILES_PATH_BYTES];
	int fd, rc;

	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
		return -1;
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0) {
		log_error("files: cannot write %s: %m", tmp);
		return -1;
	}
	rc = write_all(fd, data, len);
	if (rc == 0)
		rc = fsync(fd);
	if (rc < 0)
		log_error("files: cannot write %s: %m", tmp);
	close(fd);
	if (rc < 0) {
		unlink(tmp);
		return -1;
	}
	return files_rename(tmp, path);
}

long
files_read(const char *path, char *buf, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		log_error("files: cannot open %s: %m", path);
		return -1;
	}
	n = fread(buf, 1, cap - 1, f);
	buf[n] = '\0';
	if (ferror(f)) {
		log_error("files: cannot read %s: %m", path);
		fclose(f);
		return -1;
	}
	fclose(f);
	return (long)n;
}

int
files_rename(const char *from, const char *to)
{
	if (rename(from, to) < 0) {
		log_error("files: cannot rename %s to %s: %m", from, to);
		return -1;
	}
	return sync_folder_of(to);
}

static int
copy_bytes(int in, int out)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0) {
		if (write_all(out, buf, (size_t)n) < 0)
			return -1;
	}
	return n < 0 ? -1 : fsync(out);
}

/* A file that root hands over must be readable for the one that runs. */
static int
give_to_owner_of(int fd, const char *dir)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(dir, &st) < 0)
		return -1;
	return fchown(fd, st.st_uid, st.st_gid);
}

int
files_copy(const char *from, const char *dir, const char *name)
{
	char tmp[FILES_PATH_BYTES], to[FILES_PATH_BYTES], hidden[300];
	int in = -1, out = -1, rc = -1;

	snprintf(hidden, sizeof(hidden), ".%s", name);
	if (files_path(tmp, dir, hidden) < 0 || files_path(to, dir, name) < 0)
		return -1;
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		   0600);
	if (in >= 0 && out >= 0 && copy_bytes(in, out) == 0 &&
	    give_to_owner_of(out, dir) == 0)
		rc = 0;
	else
		log_error("files: cannot copy %s to %s: %m", from, tmp);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (rc == 0)
		return files_rename(tmp, to);
	unlink(tmp);
	return -1;
}

static int64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
files_now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t
files_steady_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}
