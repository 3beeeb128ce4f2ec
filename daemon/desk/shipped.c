/* The shipped triggers, read like files. */
#include "daemon/desk/shipped.h"

#include <unistd.h>

#include "daemon/judge/vocabulary.h"

enum { FILES = 3 };

extern const char shipped_respiratory[], shipped_respiratory_end[];
extern const char shipped_enteric[], shipped_enteric_end[];
extern const char shipped_single_case[], shipped_single_case_end[];

struct trigger_set *
shipped_triggers(const struct registry *registry, conf_report *report, void *arg)
{
	const char *const from[FILES] = { shipped_respiratory, shipped_enteric,
					  shipped_single_case };
	const char *const end[FILES] = { shipped_respiratory_end,
					 shipped_enteric_end,
					 shipped_single_case_end };
	char name[FILES][64];
	const char *path[FILES];
	struct trigger_set *set = NULL;
	int fd[FILES], n = 0;

	for (; n < FILES; n++) {
		fd[n] = vocabulary_memory_file(from[n],
					       (size_t)(end[n] - from[n]),
					       name[n], sizeof(name[n]));
		if (fd[n] < 0)
			break;
		path[n] = name[n];
	}
	if (n == FILES)
		set = trigger_load(path, FILES, registry, report, arg);
	else
		report(arg, "no memory for the shipped triggers");
	while (n > 0)
		close(fd[--n]);
	return set;
}
