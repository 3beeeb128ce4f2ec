/* What an operator may count. */
#include "daemon/figures.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "daemon/api/metrics.h"

/* A frame that was never read, beside the reasons of wire_error_name(). */
#define OVERSIZED_CUT "oversized-cut"

static uint64_t
cut_for_size(const struct centre *c)
{
	struct zmqdoor_stats s;

	if (c->zmqdoor == NULL)
		return 0;
	zmqdoor_stats(c->zmqdoor, &s);
	return s.connections.oversized;
}

static json_t *
refused_object(const struct centre *c, const struct ingest_stats *s)
{
	json_t *o = json_object();
	uint64_t cut = cut_for_size(c);

	for (uint32_t i = 0; i < BATCH_CODES; i++) {
		if (s->refused_by[i] > 0)
			json_object_set_new(
				o, wire_nack_name(i),
				json_integer((json_int_t)s->refused_by[i]));
	}
	for (int i = 1; i < INGEST_BAD; i++) {
		if (s->bad_by[i] > 0)
			json_object_set_new(
				o, wire_error_name(-i),
				json_integer((json_int_t)s->bad_by[i]));
	}
	if (cut > 0)
		json_object_set_new(o, OVERSIZED_CUT,
				    json_integer((json_int_t)cut));
	return o;
}

static json_t *
intake_object(const struct centre *c)
{
	struct ingest_stats s;

	ingest_stats(c->ingest, &s);
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i,"
		" s:o}",
		"frames", (json_int_t)s.frames, "counts", (json_int_t)s.counts,
		"again", (json_int_t)s.again, "early", (json_int_t)s.early,
		"busy", (json_int_t)s.busy, "forks", (json_int_t)s.forks,
		"gaps", (json_int_t)s.gaps, "poison", (json_int_t)s.poison,
		"conflicts", (json_int_t)s.tally.conflicts, "revised",
		(json_int_t)s.tally.replaced, "senders", (json_int_t)s.feeds,
		"window", (int)ingest_window(c->ingest), "refused",
		refused_object(c, &s));
}

static json_t *
door_object(const struct zmqdoor *door)
{
	struct zmqdoor_stats s;

	zmqdoor_stats(door, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "messages",
			 (json_int_t)s.messages, "hellos", (json_int_t)s.hellos,
			 "accepted", (json_int_t)s.connections.accepted,
			 "ended", (json_int_t)s.connections.ended, "broken",
			 (json_int_t)s.connections.broken, "handshakes_refused",
			 (json_int_t)s.handshakes_refused, "unauthorised",
			 (json_int_t)s.unauthorised, "lost_answers",
			 (json_int_t)s.lost_answers);
}

static json_t *
store_object(const struct centre *c)
{
	static const char *const level[] = {
		[SPACE_FINE] = "fine",
		[SPACE_LOW] = "low",
		[SPACE_OUT] = "out",
	};
	struct store_stats s;
	char id[24];

	store_stats(c->store, &s);
	snprintf(id, sizeof(id), "%016llx",
		 (unsigned long long)store_database_id(c->store));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I}",
			 "database_id", id, "commits", (json_int_t)s.commits,
			 "damaged_frames", (json_int_t)s.damaged, "pending",
			 (json_int_t)store_pending(c->store), "file_bytes",
			 (json_int_t)s.file_bytes, "wal_bytes",
			 (json_int_t)s.wal_bytes, "worst_commit_us",
			 (json_int_t)s.worst_commit_us, "space",
			 level[c->space.level], "free_bytes",
			 (json_int_t)c->space.free_bytes);
}

/* How often the areas above were told of missed clocks, by level. */
static json_t *
escalations_object(const struct centre *c)
{
	json_t *o = json_object();

	for (int i = 0; i < REG_LEVELS; i++) {
		enum reg_level level = (enum reg_level)i;
		uint64_t n = desk_escalations(c->desk, level);

		if (n > 0)
			json_object_set_new(o, registry_level_str(level),
					    json_integer((json_int_t)n));
	}
	return o;
}

static void
metrics_escalations(const struct centre *c, struct metrics *m)
{
	metrics_name(m, "escalations_total",
		     "Times an area above was told of missed clocks, by its "
		     "level.");
	for (int i = 0; i < REG_TOWNSHIP; i++) {
		enum reg_level level = (enum reg_level)i;

		metrics_value(m, "level", registry_level_str(level),
			      (double)desk_escalations(c->desk, level));
	}
}

static json_t *
desk_object(const struct centre *c)
{
	struct scales_stats s;
	char day[DAY_TEXT_BYTES];

	scales_stats(c->scales, &s);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "weighed_day",
			 day_format(s.weighed_day, day), "weighings",
			 (json_int_t)s.weighings, "events", (json_int_t)s.events,
			 "unwritten", (json_int_t)s.unwritten, "worst_weigh_us",
			 (json_int_t)s.worst_weigh_us, "escalations",
			 escalations_object(c));
}

/* Senders some of whose counts were refused on the last day that they sent. */
static json_t *
refusals_list(const struct centre *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < quality_senders(c->quality); i++) {
		const struct quality_sender *s = quality_sender_at(c->quality, i);
		uint32_t site =
			registry_site(c->registry, s->code, strlen(s->code));
		char day[DAY_TEXT_BYTES];

		if (s->refused == 0)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "sender",
				  s->code, "name",
				  site == REG_NONE
					  ? s->code
					  : registry_site_at(c->registry, site)->name,
				  "day", day_format(s->day, day), "kept",
				  (json_int_t)s->kept, "refused",
				  (json_int_t)s->refused, "reason", s->reason));
	}
	return list;
}

json_t *
figures_reload(const struct centre *c)
{
	const struct reloaded *r = &c->reloaded;
	json_t *out = json_pack("{s:I}", "read_at_ms", (json_int_t)r->at_ms);

	if (r->failed_ms != 0)
		json_object_update_new(out, json_pack("{s:I, s:s}", "failed_at_ms",
						      (json_int_t)r->failed_ms,
						      "failed", r->why));
	return out;
}

void
figures_status(const struct centre *c, json_t *out)
{
	json_object_set_new(out, "refusals", refusals_list(c));
	json_object_set_new(out, "store", store_object(c));
	json_object_set_new(out, "intake", intake_object(c));
	json_object_set_new(out, "scales", desk_object(c));
	json_object_set_new(out, "reload", figures_reload(c));
	if (c->kafka != NULL)
		json_object_set_new(out, "kafka", kafka_status(c->kafka));
	told_status(c->told, out);
	if (c->zmqdoor != NULL) {
		json_object_set_new(out, "zmq",
				    json_string(zmqdoor_address(c->zmqdoor)));
		json_object_set_new(out, "door", door_object(c->zmqdoor));
	}
}

static void
metrics_intake(const struct centre *c, struct metrics *m)
{
	struct ingest_stats s;

	ingest_stats(c->ingest, &s);
	metrics_one(m, "frames_total", "Frames committed.", (double)s.frames);
	metrics_one(m, "counts_total", "Counts committed.", (double)s.counts);
	metrics_one(m, "frames_again_total", "Frames that were there already.",
		    (double)s.again);
	metrics_one(m, "conflicts_total",
		    "Counts whose revision came with two values.",
		    (double)s.tally.conflicts);
	metrics_one(m, "older_total",
		    "Counts whose revision is below that of the one kept.",
		    (double)s.tally.older);
	metrics_one(m, "older_by_hand_total",
		    "Of these, with a small number where the one kept has the "
		    "time in seconds.",
		    (double)s.tally.by_hand);
	metrics_one(m, "gaps_total", "Gaps in an outbox's sequence.",
		    (double)s.gaps);
	metrics_one(m, "forks_total", "Frames of copied outboxes.",
		    (double)s.forks);
	metrics_name(m, "refused_total", "Counts refused, by reason.");
	for (uint32_t i = 1; i < BATCH_CODES; i++) {
		if (s.refused_by[i] > 0)
			metrics_value(m, "reason", wire_nack_name(i),
				      (double)s.refused_by[i]);
	}
	metrics_name(m, "bad_frames_total",
		     "Frames refused, by reason.  " OVERSIZED_CUT
		     ": above 1 MiB, its connection was "
		     "cut.");
	for (int i = 1; i < INGEST_BAD; i++) {
		if (s.bad_by[i] > 0)
			metrics_value(m, "reason", wire_error_name(-i),
				      (double)s.bad_by[i]);
	}
	if (c->zmqdoor != NULL)
		metrics_value(m, "reason", OVERSIZED_CUT,
			      (double)cut_for_size(c));
}

static void
metrics_door(const struct zmqdoor *door, struct metrics *m)
{
	struct zmqdoor_stats s;

	zmqdoor_stats(door, &s);
	metrics_one(m, "zmq_connections_accepted_total",
		    "Connections of ZeroMQ.", (double)s.connections.accepted);
	metrics_one(m, "zmq_connections_ended_total", "Those that ended.",
		    (double)s.connections.ended);
	metrics_one(m, "zmq_connections_broken_total",
		    "Those that did not get as far as a message.",
		    (double)s.connections.broken);
	metrics_one(m, "zmq_handshakes_refused_total",
		    "Keys that may not send.", (double)s.handshakes_refused);
	metrics_one(m, "zmq_unauthorised_total",
		    "Messages of keys that were revoked since.",
		    (double)s.unauthorised);
	metrics_one(m, "zmq_lost_answers_total",
		    "Answers whose peer was gone or did not read.",
		    (double)s.lost_answers);
}

void
figures_metrics(const struct centre *c, struct metrics *m)
{
	struct store_stats st;
	struct scales_stats w;

	metrics_intake(c, m);
	if (c->zmqdoor != NULL)
		metrics_door(c->zmqdoor, m);
	told_metrics(c->told, m);
	metrics_escalations(c, m);
	store_stats(c->store, &st);
	scales_stats(c->scales, &w);
	metrics_one(m, "commits_total", "Transactions of the store.",
		    (double)st.commits);
	metrics_one(m, "ledger_damaged_frames",
		    "Frames of the ledger that were not as received when the "
		    "store was opened.",
		    (double)st.damaged);
	metrics_one(m, "commit_last_seconds", "How long the last one took.",
		    (double)st.last_commit_us / 1e6);
	metrics_one(m, "store_pending", "Jobs that wait for the store.",
		    (double)store_pending(c->store));
	metrics_one(m, "store_wal_bytes", "Size of the write-ahead log.",
		    (double)st.wal_bytes);
	metrics_one(m, "disk_free_bytes", "Free space of the state's disk.",
		    (double)c->space.free_bytes);
	metrics_one(m, "reload_failed",
		    "1 where the last reload failed and the old configuration "
		    "stays.",
		    c->reloaded.failed_ms != 0);
	metrics_one(m, "window_frames", "Frames a sender may have under way.",
		    ingest_window(c->ingest));
	metrics_one(m, "weigh_last_seconds", "How long weighing took.",
		    (double)w.last_weigh_us / 1e6);
}
