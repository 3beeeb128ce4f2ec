#ifndef TOCSIN_PROTO_WIRE_H
#define TOCSIN_PROTO_WIRE_H

/*
 * The wire: one envelope, seven kinds of body.  A frame is the envelope's 32
 * bytes and its body; the same bytes travel on ZeroMQ and Kafka and lie in
 * the ledger.  proto/README.md says how to write a sender from nothing.
 *
 * Pure: no heap, no I/O, no clock; every length is checked before it is used,
 * and no input byte can reach an assertion.  Decoded text points into the
 * frame (struct wire_text, not NUL-terminated) and lives as long as it.
 */

#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC "TCSN"
#define WIRE_VERSION 1
#define WIRE_HEADER_BYTES 32
#define WIRE_MAX_FRAME (256u * 1024)   /* what a sender may build */
#define WIRE_HARD_FRAME (1024u * 1024) /* above it the connection is cut */
#define WIRE_MAX_COUNTS 4096
#define WIRE_MAX_SERIES 4096   /* entries of a frame's dictionary */
#define WIRE_MAX_CLOSED 1024   /* day-closed marks in a frame */
#define WIRE_MAX_CODE 64       /* bytes of a site, indicator, stratum code */
#define WIRE_MAX_TEXT 256      /* bytes of a reason */
#define WIRE_DAY_MIN (-719162) /* 0001-01-01 */
#define WIRE_DAY_MAX 2932896   /* 9999-12-31 */

enum wire_type {
	WIRE_HELLO = 1,	  /* site -> centre */
	WIRE_WELCOME = 2, /* centre -> site */
	WIRE_BATCH = 3,	  /* site -> centre */
	WIRE_ACK = 4,	  /* centre -> site, only after COMMIT */
	WIRE_NACK = 5,	  /* centre -> site */
	WIRE_PING = 6,	  /* site -> centre; no body */
	WIRE_PONG = 7	  /* centre -> site; no body */
};

/* Why a frame or a count is refused; wire_strerror() gives the words. */
enum wire_error {
	WIRE_OK = 0,
	WIRE_ERR_TRUNCATED = -1, /* fewer bytes than the header or length say */
	WIRE_ERR_TRAILING = -2,	 /* more bytes than the length says */
	WIRE_ERR_MAGIC = -3,
	WIRE_ERR_VERSION = -4,
	WIRE_ERR_TYPE = -5,
	WIRE_ERR_CRC = -6,
	WIRE_ERR_OVERSIZED = -7, /* above WIRE_MAX_FRAME */
	WIRE_ERR_PROTOBUF = -8,	 /* body is not the protobuf we accept */
	WIRE_ERR_COLUMNS = -9,	 /* columns of unequal length, or a split or
				     unpacked column */
	WIRE_ERR_LIMIT = -10,	 /* more counts, series, marks than allowed */
	WIRE_ERR_INDEX = -11,	 /* series_index outside the dictionary */
	WIRE_ERR_TEXT = -12,	 /* code empty, text too long, not UTF-8, or
				     with control characters */
	WIRE_ERR_VALUE = -13,	 /* value, day, revision or flag out of range,
				     or flags that the value contradicts */
	WIRE_ERR_SPACE = -14,	 /* encoder: does not fit into the buffer */
	WIRE_ERR_FLAGS = -15	 /* envelope flags are not 0 */
};

struct wire_text {
	const char *at;
	size_t len;
};

/*
 * Envelope, little-endian, at these offsets:
 *  0 magic[4]  4 version u8  5 type u8  6 flags u16 (0)  8 epoch u64
 * 16 seq u64  24 body length u32  28 crc u32
 * crc is CRC-32 as zlib's over bytes 0..27 followed by the body.
 * epoch names the sender's outbox; seq is contiguous from 1 in BATCH.  In ACK
 * seq is the durable one; in WELCOME too; in HELLO the first still available;
 * in NACK the one that is meant.
 */
struct wire_header {
	uint8_t version;
	uint8_t type;
	uint16_t flags;
	uint64_t epoch;
	uint64_t seq;
	uint32_t body_bytes;
	uint32_t crc;
};

/* Flags of a count. */
#define WIRE_COUNT_DENOMINATOR 1u /* the denominator column is meant */
#define WIRE_COUNT_WITHDRAWN 2u	  /* no report after all; value is 0 */
#define WIRE_COUNT_PARTIAL 4u	  /* the day is not over at the site */
#define WIRE_COUNT_FLAGS 7u

/* One entry of a frame's dictionary; stratum may be empty. */
struct wire_series {
	struct wire_text site;
	struct wire_text indicator;
	struct wire_text stratum;
};

struct wire_count {
	uint32_t series; /* index into the dictionary */
	int32_t day;	 /* days since 1970-01-01; a week's is its Monday */
	uint32_t value;	 /* <= 2^31-1 */
	uint32_t denominator; /* <= 2^31-1; meant only with its flag, else 0
				 (an encoder takes and ignores any other) */
	uint32_t revision;    /* larger wins; 0 = the centre gives one */
	uint32_t flags;	      /* WIRE_COUNT_* */
};

/* A day (or Monday) whose reports the site declares complete. */
struct wire_closed {
	struct wire_text site;
	int32_t day;
};

/* About 350 KiB: keep one, do not put it on a stack. */
struct wire_batch {
	struct wire_text sender; /* who sends: a site or its gateway */
	size_t series_n;
	size_t counts_n;
	size_t closed_n;
	struct wire_series series[WIRE_MAX_SERIES];
	struct wire_count counts[WIRE_MAX_COUNTS];
	struct wire_closed closed[WIRE_MAX_CLOSED];
};

struct wire_hello {
	struct wire_text sender;
	uint64_t first_seq;	 /* first frame still available */
	uint64_t last_acked_seq; /* 0 = none */
	uint32_t last_acked_crc; /* that frame's envelope crc */
	struct wire_text software;
};

struct wire_welcome {
	uint64_t database_id; /* changes when the centre's history does */
	uint64_t durable_seq; /* everything up to it is committed */
	uint32_t window;      /* frames that may be under way */
	uint32_t max_frame_bytes;
};

/* One count that was refused while the rest of its frame was kept. */
struct wire_refused {
	uint64_t seq;
	uint32_t index; /* of the count in its frame */
	uint32_t code;	/* enum wire_nack */
	struct wire_text reason;
};

#define WIRE_MAX_REFUSED 64 /* listed in one ACK; refused_total has all */

struct wire_ack {
	uint32_t window;
	uint64_t refused_total; /* counts refused in the frames now acked */
	size_t refused_n;
	struct wire_refused refused[WIRE_MAX_REFUSED];
	uint64_t older;	       /* counts below the revision that is kept */
	struct wire_text hint; /* what to change, where that looks wrong */
};

/* What a NACK means to the sender. */
enum wire_nack {
	WIRE_NACK_EXPECTED = 1, /* send again from expected_seq (go back N) */
	WIRE_NACK_REJECT = 2,	/* this frame is refused for ever; go on */
	WIRE_NACK_FORK = 3,	/* another frame has this epoch and seq */
	WIRE_NACK_UNAUTHORISED = 4,
	WIRE_NACK_UNKNOWN_SITE = 5,
	WIRE_NACK_UNKNOWN_INDICATOR = 6,
	WIRE_NACK_DAY = 7,    /* beyond tomorrow, or older than the horizon */
	WIRE_NACK_BUSY = 8,   /* window is 0: wait */
	WIRE_NACK_LIMIT = 9,  /* series or counts above the site's limit */
	WIRE_NACK_HELLO = 10, /* say HELLO first */
	WIRE_NACK_FRAME = 11  /* not a frame; see reason */
};

struct wire_nack_body {
	uint32_t code; /* enum wire_nack */
	uint64_t expected_seq;
	struct wire_text reason; /* a sentence for the site's log */
};

/* As zlib's crc32(): begin with 0, go on with what it returned. */
uint32_t wire_crc32(uint32_t crc, const void *data, size_t len);

/*
 * The Kafka partition of a county's frames: CRC-32 of its code modulo the n
 * partitions of the topic (0 where n is 0).
 */
uint32_t wire_partition(const char *code, size_t len, uint32_t n);

/*
 * Borrows a C string as a text of at most max bytes, cut between two
 * characters: for a reason, which an encoder refuses above WIRE_MAX_TEXT.
 */
struct wire_text wire_clip(const char *text, size_t max);

/*
 * Reads the envelope of a whole frame and checks magic, version, type, length
 * and crc.  On success *body points into frame.  Returns WIRE_OK or an error;
 * h is filled as far as it was read, so that a NACK can name the seq.
 */
int wire_open(const uint8_t *frame, size_t len, struct wire_header *h,
	      const uint8_t **body) __attribute__((warn_unused_result));

/*
 * Decoders of a body.  Unknown protobuf fields are skipped; known ones must
 * have their wire type, stand once (but for the repeated ones), and varints
 * have their shortest form.  A series or mark without a site is given the
 * sender's.  out is undefined after an error.
 */
int wire_batch_decode(const uint8_t *body, size_t len, struct wire_batch *out)
	__attribute__((warn_unused_result));
int wire_hello_decode(const uint8_t *body, size_t len, struct wire_hello *out)
	__attribute__((warn_unused_result));
int wire_welcome_decode(const uint8_t *body, size_t len, struct wire_welcome *out)
	__attribute__((warn_unused_result));
int wire_ack_decode(const uint8_t *body, size_t len, struct wire_ack *out)
	__attribute__((warn_unused_result));
int wire_nack_decode(const uint8_t *body, size_t len, struct wire_nack_body *out)
	__attribute__((warn_unused_result));

/*
 * Encoders of a whole frame into buf of cap bytes (WIRE_MAX_FRAME is always
 * enough for what may be sent).  Return its length, or WIRE_ERR_SPACE, also
 * where the frame would be larger than WIRE_MAX_FRAME, or the error that a
 * decoder would find.  The same values give the same bytes.
 */
long wire_batch_encode(uint64_t epoch, uint64_t seq,
		       const struct wire_batch *batch, uint8_t *buf, size_t cap);
long wire_hello_encode(uint64_t epoch, const struct wire_hello *hello,
		       uint8_t *buf, size_t cap);
long wire_welcome_encode(uint64_t epoch, const struct wire_welcome *welcome,
			 uint8_t *buf, size_t cap);
long wire_ack_encode(uint64_t epoch, uint64_t durable_seq,
		     const struct wire_ack *ack, uint8_t *buf, size_t cap);
long wire_nack_encode(uint64_t epoch, uint64_t seq,
		      const struct wire_nack_body *nack, uint8_t *buf,
		      size_t cap);
/* WIRE_PING or WIRE_PONG. */
long wire_empty_encode(enum wire_type type, uint64_t epoch, uint8_t *buf,
		       size_t cap);

const char *wire_strerror(int err);	   /* "columns of unequal length" */
const char *wire_error_name(int err);	   /* "columns", for a metric's label */
const char *wire_nack_name(uint32_t code); /* "unknown-site" */

#endif
