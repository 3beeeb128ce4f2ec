/*
 * Configurations of the daemon, of the collector, and triggers: the first
 * byte says which.  What is accepted and shown reads back and shows the same;
 * what is refused is refused with a reason.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "collectors/settings.h"
#include "daemon/conf.h"
#include "daemon/desk/trigger.h"
#include "daemon/judge/vocabulary.h"

static void
on_report(void *arg, const char *message)
{
	size_t *reports = arg;

	FUZZ_CHECK(message[0] != '\0');
	(*reports)++;
}

static void
on_row(void *arg, bool error, const char *message)
{
	(void)arg;
	(void)message;
	FUZZ_CHECK(!error);
}

static struct conf *
load(const struct conf_block *blocks, const char *path, size_t *reports)
{
	if (blocks == conf_blocks)
		return conf_read(&path, 1, on_report, reports);
	return conf_load(&path, 1, blocks, on_report, reports);
}

static char *
shown(const struct conf *c, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	FUZZ_CHECK(out != NULL);
	conf_show(c, out);
	FUZZ_CHECK(fclose(out) == 0);
	return text;
}

/* The values of c, shown, mean what c means. */
static void
check_shown(const struct conf_block *blocks, const struct conf *c)
{
	char path[64];
	size_t reports = 0, len = 0, again_len = 0;
	char *text = shown(c, &len), *again;
	int fd = vocabulary_memory_file(text, len, path, sizeof(path));
	struct conf *back;

	FUZZ_CHECK(fd >= 0);
	back = load(blocks, path, &reports);
	FUZZ_CHECK(back != NULL && reports == 0);
	again = shown(back, &again_len);
	FUZZ_CHECK(len > 0 && again_len > 0);
	conf_free(&back);
	close(fd);
	free(again);
	free(text);
}

static void
try_blocks(const struct conf_block *blocks, const char *path)
{
	size_t reports = 0;
	struct conf *c = load(blocks, path, &reports);

	FUZZ_CHECK((c == NULL) == (reports > 0));
	if (c != NULL)
		check_shown(blocks, c);
	conf_free(&c);
}

static void
try_triggers(const char *path)
{
	static struct registry *registry;
	size_t reports = 0;
	struct trigger_set *set;

	if (registry == NULL) {
		registry = registry_new();
		FUZZ_CHECK(registry != NULL);
		FUZZ_CHECK(vocabulary_read(registry, "", on_row, NULL) == 0);
	}
	set = trigger_load(&path, 1, registry, on_report, &reports);
	FUZZ_CHECK((set == NULL) == (reports > 0));
	if (set != NULL)
		trigger_free(&set);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	if (size == 0)
		return 0;
	fd = vocabulary_memory_file(data + 1, size - 1, path, sizeof(path));
	FUZZ_CHECK(fd >= 0);
	switch (data[0] % 3) {
	case 0:
		try_blocks(conf_blocks, path);
		break;
	case 1:
		try_blocks(settings_blocks, path);
		break;
	default:
		try_triggers(path);
		break;
	}
	close(fd);
	return 0;
}
