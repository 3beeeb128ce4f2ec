#ifndef TOCSIN_JUDGE_QUALITY_H
#define TOCSIN_JUDGE_QUALITY_H

/*
 * How sites report: which state each is in by its calendar, and what its
 * sender did that no count shows.  It reads the judge's cells and keeps only
 * what they do not tell: when late reports came, refusals, forks and gaps.
 * Knows no clock: the time comes in as an argument, and what day it is, is
 * asked for every site in its own zone.
 *
 * A report about a day is due when due_days have passed after it, that about
 * a week week_due_days after its Sunday.  Only days on which the site's
 * calendar expects a report count: a closed school is not silent.  A day that
 * the site declared complete is reported, whatever it holds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "daemon/judge/judge.h"
#include "daemon/judge/registry.h"

struct quality;

/* First reports of days longer ago than this are of the past. */
#define QUALITY_HISTORY_DAYS 21

/* The block "quality" of the configuration. */
struct quality_conf {
	int64_t due_days;	/* of a day's report */
	int64_t week_due_days;	/* of a week's report, after its Sunday */
	int64_t silent_after;	/* reports missing in a row */
	int64_t back_fill_days; /* later than this is no late report */
	int64_t refused_percent;
	int64_t wal_bytes;
	int64_t first_look_ms; /* after the start */
};
extern const struct conf_key quality_conf_keys[];

/* The first that holds, in this order: withdrawn, back-filling, ... */
enum quality_state {
	QUALITY_WITHDRAWN,    /* reports no longer, as the registry says */
	QUALITY_BACK_FILLING, /* sent today first reports of days long past */
	QUALITY_SILENT,	      /* silent_after due reports or more are missing */
	QUALITY_LATE,	      /* the newest due report is missing */
	QUALITY_NEW,	      /* too few reports to have a baseline */
	QUALITY_ON_TIME,
	QUALITY_STATES
};

/* "on-time" ... */
const char *quality_state_str(enum quality_state state);

struct quality_view {
	enum quality_state state;
	int missing;	  /* due reports missing in a row, up to now */
	int32_t since;	  /* day of the first of them; DAY_NONE without any */
	int32_t last_day; /* last period reported; DAY_NONE = never */
};

/* All borrowed for its life; NULL: logged. */
struct quality *quality_new(const struct quality_conf *conf,
			    const struct registry *registry,
			    const struct judge *judge);
void quality_free(struct quality **q);

const struct quality_conf *quality_conf(const struct quality *q);

/* The state of a site, or of one of its series, at that time. */
void quality_site(const struct quality *q, uint32_t site,
		  const struct zone_now *now, struct quality_view *out);
void quality_series(const struct quality *q, uint32_t series,
		    const struct zone_now *now, struct quality_view *out);
/* How many sites are in each state. */
void quality_count(const struct quality *q, const struct zone_now *now,
		   size_t n[QUALITY_STATES]);

/* The first report of a series about a day came at that time. */
void quality_received(struct quality *q, uint32_t series, int32_t day,
		      const struct zone_now *received);
/* Would quality_received() tell anything new? */
bool quality_is_late(const struct quality *q, uint32_t series, int32_t day,
		     const struct zone_now *received);

/*
 * Is the day one of those that the site has handed in together with what lies
 * more than QUALITY_HISTORY_DAYS back?
 */
bool quality_was_history(const struct quality *q, uint32_t site, int32_t day);

/*
 * What a sender (a site or a gateway) did: counts kept and refused of one
 * frame or request, and where any was refused, the reason of the first.
 */
struct quality_frame {
	const char *sender;
	int32_t received;
	size_t kept, refused;
	const char *reason;
};
void quality_frame(struct quality *q, const struct quality_frame *frame);
void quality_fork(struct quality *q, const char *sender, int32_t today);
void quality_gap(struct quality *q, const char *sender, int32_t today,
		 uint64_t frames);

/* What is known of a sender since the start; days are DAY_NONE if never. */
struct quality_sender {
	const char *code;
	int32_t day; /* of the last frame with counts; its figures: */
	uint64_t kept, refused;
	char reason[160]; /* of a refusal on that day */
	int32_t fork_day, gap_day;
	bool kept_since_fork;
	uint64_t gap_frames; /* of gap_day */
};
size_t quality_senders(const struct quality *q);
const struct quality_sender *quality_sender_at(const struct quality *q, size_t i);
const struct quality_sender *quality_sender(const struct quality *q,
					    const char *code);

#endif
