#ifndef TOCSIN_COLLECTORS_OUTBOX_H
#define TOCSIN_COLLECTORS_OUTBOX_H

/*
 * The outbox: frames that the site has accepted and a centre has not yet
 * committed, and for some weeks after that, so that a centre restored from a
 * backup can have them again.  One SQLite file, one process (see state.h);
 * input is accepted when outbox_commit() has returned 0, not before.
 *
 * Frames carry the outbox's epoch, a random number made with the file, and
 * contiguous sequence numbers from 1.  How far a centre is durable is kept
 * for each centre's database id, because a site may know several.
 *
 * A full outbox refuses new input; it never drops what it has accepted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct outbox;

#define OUTBOX_ID_BYTES 64   /* a centre's database id as text, with NUL */
#define OUTBOX_WHY_BYTES 320 /* a sentence, with NUL */

struct outbox_limits {
	int64_t waiting_bytes; /* frames that no centre has; above: refuse */
	int64_t waiting_ms;    /* age of the oldest such frame; above: refuse */
	int64_t keep_ms;       /* how long a frame is kept after its ack */
	int64_t keep_bytes;    /* and how many bytes of such frames at most */
};

/* How one centre stands with this outbox. */
struct outbox_centre {
	char id[OUTBOX_ID_BYTES];
	uint64_t seq;	  /* durable there; 0 = nothing */
	uint32_t crc;	  /* of the frame seq; 0 = unknown */
	int64_t acked_ms; /* when the last one was acknowledged; 0 = never */
};

/* Numbers for status; times in ms since 1970. */
struct outbox_depth {
	uint64_t first, last; /* frames in the file; last 0 = never any */
	uint64_t durable;     /* at the present centre */
	int64_t frames;	      /* waiting */
	int64_t counts;	      /* waiting */
	int64_t bytes;	      /* waiting */
	int64_t kept_bytes;   /* acknowledged, kept for a replay */
	int64_t oldest_ms;    /* when the oldest waiting was accepted; 0 */
	int64_t acked_ms;     /* last acknowledgement; 0 = never */
	int64_t rejected;     /* counts and frames refused for ever */
};

/*
 * Opens or makes the outbox; limits is copied.  With read_only the file must
 * exist and only the reading functions may be called.  NULL when already
 * logged.
 */
struct outbox *outbox_open(const char *path, bool read_only,
			   const struct outbox_limits *limits);
void outbox_close(struct outbox **o);

uint64_t outbox_epoch(const struct outbox *o);
uint64_t outbox_first(const struct outbox *o); /* last + 1 when empty */
uint64_t outbox_last(const struct outbox *o);  /* 0 = none yet; in a
						  transaction: with its own */
/* For tables of an input that must change in the input's transaction. */
struct db *outbox_db(struct outbox *o);
/*
 * Ends the process if the last fault was a failed fsync: only a new start
 * knows what the disk really has.
 */
void outbox_check_fsync(const struct outbox *o);

/*
 * Putting: begin, any number of adds, commit.  now_ms is the wall clock.
 * begin: 0, 1 = refused because full (outbox_why() says it), -1 logged.
 */
int outbox_begin(struct outbox *o, int64_t now_ms)
	__attribute__((warn_unused_result));
/*
 * A frame with seq outbox_last() + 1 that holds counts counts of one county.
 * 0; 1 = refused because full; -1 = already logged.  After either the caller
 * rolls back.
 */
int outbox_add(struct outbox *o, const uint8_t *frame, size_t len,
	       uint32_t counts, const char *county)
	__attribute__((warn_unused_result));
/* 0 = durable; 1 = refused because the disk is full; -1.  Not 0: rolled back. */
int outbox_commit(struct outbox *o) __attribute__((warn_unused_result));
void outbox_rollback(struct outbox *o);
/* Why the last begin, add or commit was refused, for the site's clerk. */
const char *outbox_why(const struct outbox *o);

/*
 * A revision for counts that bring none, in a transaction: now_s, or one
 * more than the last one given where the clock has not moved on.
 */
uint32_t outbox_revision(struct outbox *o, int64_t now_s);

/* What became of an input (a file, a request), told apart by token. */
struct outbox_input {
	int64_t rows, bad;
	uint64_t first, last; /* its frames; 0, 0 = none were needed */
};
/* In a transaction: remembers that the input was taken.  0 or -1. */
int outbox_input_put(struct outbox *o, const char *token, const char *name,
		     const struct outbox_input *in)
	__attribute__((warn_unused_result));
/* 1 = found, 0 = not, -1 = already logged. */
int outbox_input_get(struct outbox *o, const char *token, struct outbox_input *out)
	__attribute__((warn_unused_result));

/*
 * The frame seq and its county, borrowed until the next call.  1 = there,
 * 0 = no such frame, -1 = already logged.  A frame whose crc no longer holds
 * is replaced by an empty one, recorded and logged: one bad sector must not
 * hold up everything behind it.
 */
int outbox_frame(struct outbox *o, uint64_t seq, const uint8_t **frame,
		 size_t *len, const char **county)
	__attribute__((warn_unused_result));

/*
 * The position of a centre, zeros if it was never seen.  outbox_centre_at():
 * of the database that last answered at an address.  0 or -1.
 */
int outbox_centre(struct outbox *o, const char *id, struct outbox_centre *out)
	__attribute__((warn_unused_result));
int outbox_centre_at(struct outbox *o, const char *address,
		     struct outbox_centre *out)
	__attribute__((warn_unused_result));
/*
 * Records that database id, reached at address, holds everything up to seq;
 * it becomes the present centre.  May go back (a restored centre).  Counts,
 * as an acknowledgement, only where acked.  Prunes what need not be kept any
 * longer.  0 or -1.
 */
int outbox_durable(struct outbox *o, const char *id, const char *address,
		   uint64_t seq, bool acked, int64_t now_ms)
	__attribute__((warn_unused_result));

/*
 * Records that a centre refused a frame (index < 0) or one count of it for
 * ever; at most the newest 10,000 are kept.  0 or -1.
 */
int outbox_reject(struct outbox *o, const char *id, uint64_t seq, int64_t index,
		  uint32_t code, const char *reason, int64_t now_ms)
	__attribute__((warn_unused_result));
typedef void outbox_rejected(void *arg, uint64_t seq, int64_t index,
			     const char *reason, int64_t at_ms);
/* The newest n of them, newest first.  0 or -1. */
int outbox_each_rejected(struct outbox *o, int n, outbox_rejected *each,
			 void *arg) __attribute__((warn_unused_result));

int outbox_depth(struct outbox *o, struct outbox_depth *out)
	__attribute__((warn_unused_result));

/*
 * Small notes for status ("state", "error"), "" where there is none, and the
 * bytes of a frame that the last centre takes.
 */
#define OUTBOX_MAX_FRAME "max_frame"
int outbox_note(struct outbox *o, const char *key, const char *text)
	__attribute__((warn_unused_result));
int outbox_noted(struct outbox *o, const char *key, char *buf, size_t cap)
	__attribute__((warn_unused_result));

/*
 * Gives the outbox a new epoch and numbers its frames from 1 again, after the
 * centre has seen another outbox with this epoch (a restored copy).  All
 * centres start over.  Returns the number of frames, or -1 when logged.
 */
int64_t outbox_renew(struct outbox *o) __attribute__((warn_unused_result));

#endif
