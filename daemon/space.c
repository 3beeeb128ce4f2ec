/* Free space and the reserve. */
#include "daemon/space.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"

static void
make_reserve(struct space *s)
{
	int fd;

	if (s->reserve <= 0 || s->reserved)
		return;
	fd = open(s->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	s->reserved = posix_fallocate(fd, 0, s->reserve) == 0;
	close(fd);
	if (!s->reserved)
		unlink(s->path);
}

static void
give_up_reserve(struct space *s)
{
	if (!s->reserved)
		return;
	unlink(s->path);
	s->reserved = false;
	log_warn("space: the reserve is given up, so that alerts can be "
		 "written");
}

/*
 * Free space without the reserve, whether it is still held or was given up:
 * else giving it up would look like space for more counts.
 */
static enum space_level
measure(struct space *s)
{
	char folder[4096];
	struct statvfs st;
	char *slash;
	int64_t percent;

	snprintf(folder, sizeof(folder), "%s", s->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (statvfs(folder, &st) < 0)
		return s->level;
	s->all_bytes = (int64_t)(st.f_blocks * st.f_frsize);
	s->free_bytes = (int64_t)(st.f_bavail * st.f_frsize);
	if (!s->reserved)
		s->free_bytes -= s->reserve;
	if (s->free_bytes < 0)
		s->free_bytes = 0;
	if (s->all_bytes <= 0)
		return SPACE_FINE;
	percent = s->free_bytes / (s->all_bytes / 100 + 1);
	if (percent < s->out_percent)
		return SPACE_OUT;
	return percent < s->low_percent ? SPACE_LOW : SPACE_FINE;
}

enum space_level
space_look(struct space *s)
{
	enum space_level level = measure(s);

	if (level != s->level) {
		if (level == SPACE_FINE)
			log_notice("space: enough free=%lld MiB",
				   (long long)(s->free_bytes >> 20));
		else
			log_error("space: %s free=%lld MiB",
				  level == SPACE_OUT ? "intake stops"
						     : "running low",
				  (long long)(s->free_bytes >> 20));
	}
	s->level = level;
	if (level == SPACE_OUT)
		give_up_reserve(s);
	else if (level == SPACE_FINE)
		make_reserve(s);
	return level;
}

void
space_init(struct space *s, const char *folder, int64_t reserve,
	   int64_t low_percent, int64_t out_percent)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->path, sizeof(s->path), "%s/reserve", folder);
	s->reserve = reserve;
	s->low_percent = low_percent;
	s->out_percent = out_percent;
	/* One that a last run left is ours again. */
	s->reserved = access(s->path, F_OK) == 0;
	space_look(s);
}
