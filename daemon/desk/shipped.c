/* The shipped triggers, read like a file. */
#include "daemon/desk/shipped.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "daemon/judge/vocabulary.h"

extern const char shipped_conf[], shipped_conf_end[];

struct trigger_set *
shipped_triggers(const struct registry *registry, conf_report *report, void *arg)
{
	struct trigger_set *set;
	char name[64];
	const char *path = name;
	int fd = vocabulary_memory_file(shipped_conf,
					(size_t)(shipped_conf_end - shipped_conf),
					name, sizeof(name));

	if (fd < 0) {
		report(arg, "no memory for the shipped triggers");
		return NULL;
	}
	set = trigger_load(&path, 1, registry, report, arg);
	close(fd);
	for (size_t i = 0; set != NULL && i < set->n; i++)
		set->at[i].where = SHIPPED_WHERE;
	return set;
}

bool
shipped_has(const char *block, const char *name)
{
	size_t len = (size_t)(shipped_conf_end - shipped_conf);
	char text[128];
	int n = snprintf(text, sizeof(text), "%s \"%s\" {", block, name);

	return n > 0 && (size_t)n < sizeof(text) &&
	       memmem(shipped_conf, len, text, (size_t)n) != NULL;
}

const char *
shipped_near(const char *block, const char *word, char *out, size_t cap)
{
	const char *at = shipped_conf, *end;
	size_t len = strlen(block), best = strlen(word) + 1;
	char name[64];

	out[0] = '\0';
	while ((at = memmem(at, (size_t)(shipped_conf_end - at), "\n", 1)) !=
		       NULL &&
	       ++at < shipped_conf_end) {
		struct nearest near;

		if ((size_t)(shipped_conf_end - at) < len + 3 ||
		    strncmp(at, block, len) != 0 || at[len] != ' ' ||
		    at[len + 1] != '"')
			continue;
		end = memchr(at + len + 2, '"',
			     (size_t)(shipped_conf_end - at) - len - 2);
		if (end == NULL)
			break;
		snprintf(name, sizeof(name), "%.*s",
			 (int)(end - at) - (int)len - 2, at + len + 2);
		nearest_begin(&near, word);
		nearest_offer(&near, name);
		if (near.best == NULL || near.limit >= best)
			continue;
		best = near.limit;
		snprintf(out, cap, "%s", name);
	}
	return out[0] == '\0' ? NULL : out;
}
