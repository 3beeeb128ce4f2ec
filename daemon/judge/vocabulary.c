/* The shipped lists and an operator's. */
#include "daemon/judge/vocabulary.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/judge/registry_csv.h"

extern const char vocabulary_kinds[], vocabulary_kinds_end[];
extern const char vocabulary_indicators[], vocabulary_indicators_end[];
extern const char vocabulary_calendars[], vocabulary_calendars_end[];

int
vocabulary_memory_file(const void *text, size_t len, char *path, size_t cap)
{
	const char *at = text;
	int fd = memfd_create("tocsin", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, at + done, len - done);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	snprintf(path, cap, "/proc/self/fd/%d", fd);
	return fd;
}

int
vocabulary_shipped_calendars(char *path, size_t cap)
{
	return vocabulary_memory_file(
		vocabulary_calendars,
		(size_t)(vocabulary_calendars_end - vocabulary_calendars), path,
		cap);
}

typedef int reader(struct registry *r, const char *path, table_report *report,
		   void *arg);

struct list {
	reader *read;
	const char *file;
	const char *from, *end;
};

static int
read_list(struct registry *r, const struct list *list, const char *dir,
	  table_report *report, void *arg)
{
	char path[4096];
	int fd = -1, rc;

	if (dir[0] == '\0') {
		fd = vocabulary_memory_file(list->from,
					    (size_t)(list->end - list->from),
					    path, sizeof(path));
		if (fd < 0) {
			report(arg, true, "no memory for the vocabulary");
			return -1;
		}
	} else {
		snprintf(path, sizeof(path), "%s/%s", dir, list->file);
	}
	rc = list->read(r, path, report, arg);
	if (fd >= 0)
		close(fd);
	return rc;
}

int
vocabulary_read(struct registry *r, const char *dir, table_report *report,
		void *arg)
{
	const struct list kinds = { registry_read_kinds, "kinds.csv",
				    vocabulary_kinds, vocabulary_kinds_end };
	const struct list indicators = { registry_read_indicators,
					 "indicators.csv", vocabulary_indicators,
					 vocabulary_indicators_end };
	int rc = read_list(r, &kinds, dir, report, arg);

	if (read_list(r, &indicators, dir, report, arg) != 0)
		rc = -1;
	return rc == 0 ? 0 : -1;
}
