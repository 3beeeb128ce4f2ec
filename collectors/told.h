#ifndef TOCSIN_COLLECTORS_TOLD_H
#define TOCSIN_COLLECTORS_TOLD_H

/*
 * What an acknowledgement says of counts that did not become the centre's:
 * refused ones, and those left aside for their revision.  It is logged and
 * kept in the outbox, where status finds it.
 */

struct outbox;
struct wire_ack;

/* Notes of the outbox: the last hint, and when it came (ms since 1970). */
#define TOLD_HINT "hint"
#define TOLD_HINT_AT "hint_at"

/* centre: the database id that sent it. */
void told_keep(struct outbox *box, const char *centre,
	       const struct wire_ack *ack);

#endif
