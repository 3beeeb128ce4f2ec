#ifndef TOCSIN_PROTO_ENVELOPE_H
#define TOCSIN_PROTO_ENVELOPE_H

/* How the encoders of bodies close a frame; for libtocsin-wire only. */

#include "proto/pb.h"

/* A writer of the body that follows the envelope in buf of cap bytes. */
struct pb_out envelope_body(uint8_t *buf, size_t cap);

/*
 * Writes the envelope in front of the body that `body` has written (or failed
 * to: rc is what its writer returned).  Returns the frame's length or an error.
 */
long envelope_close(enum wire_type type, uint64_t epoch, uint64_t seq, int rc,
		    const struct pb_out *body, uint8_t *buf);

#endif
