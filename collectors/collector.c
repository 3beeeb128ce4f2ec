/*
 * The parts of a collector, opened and closed in the right order.
 */
#include "collectors/collector.h"

#include <event2/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "collectors/handover.h"

static int
open_parts(struct collector *c)
{
	const struct settings *s = &c->settings;
	struct outbox_limits limits;
	struct pack_conf pack = { .sender = s->code,
				  .county = s->county,
				  .frame_counts = (size_t)s->site->frame_counts };
	char path[FILES_PATH_BYTES];

	if (files_path(path, s->state, "outbox.db") < 0)
		return -1;
	settings_limits(s, &limits);
	c->outbox = outbox_open(path, false, &limits);
	if (c->outbox == NULL)
		return -1;
	if (s->site->counties[0] != '\0') {
		c->counties = counties_load(s->site->counties);
		if (c->counties == NULL)
			return -1;
	}
	pack.counties = c->counties;
	c->pack = pack_new(c->outbox, &pack);
	if (c->pack == NULL)
		return -1;
	c->take = take_new(c->outbox, c->pack, s->code);
	c->base = event_base_new();
	if (c->take == NULL || c->base == NULL) {
		log_error("collector: out of memory");
		return -1;
	}
	return 0;
}

/* Files that root makes in another user's outbox would lock that user out. */
static bool
is_foreign(const char *state)
{
	struct stat st;

	return geteuid() == 0 && stat(state, &st) == 0 && st.st_uid != 0;
}

static int
refuse_foreign(const char *state)
{
	log_error("collector: %s belongs to another user; run this as that "
		  "user",
		  state);
	return -1;
}

/* Root may still hand files to that user's running collector. */
static int
prepare(const char *state)
{
	char path[FILES_PATH_BYTES];

	if (files_make_dir(state) < 0)
		return -1;
	if (is_foreign(state)) {
		if (files_path(path, state, "lock") < 0)
			return -1;
		return access(path, F_OK) == 0 ? 0 : refuse_foreign(state);
	}
	if (files_path(path, state, HANDOVER_FOLDER) < 0)
		return -1;
	return files_make_dir(path);
}

int
collector_open(struct collector *c)
{
	const char *state = c->settings.state;
	int lock;

	if (prepare(state) < 0)
		return -1;
	lock = files_lock(state);
	if (lock < 0)
		return lock == -2 ? 1 : -1;
	c->lock = lock;
	if (is_foreign(state))
		return refuse_foreign(state);
	return open_parts(c);
}

int
collector_connect(struct collector *c, void (*changed)(void *), void *arg)
{
	const struct output_conf conf = { .base = c->base,
					  .outbox = c->outbox,
					  .settings = &c->settings,
					  .changed = changed,
					  .arg = arg };

	c->output = output_open(&conf);
	return c->output != NULL ? 0 : -1;
}

void
collector_close(struct collector *c)
{
	output_close(&c->output);
	take_free(&c->take);
	pack_free(&c->pack);
	counties_free(&c->counties);
	if (c->base != NULL)
		event_base_free(c->base);
	c->base = NULL;
	outbox_close(&c->outbox);
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
	settings_free(&c->settings);
}
