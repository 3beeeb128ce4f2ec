#ifndef TOCSIN_CLI_TRIGGER_EXPLAIN_H
#define TOCSIN_CLI_TRIGGER_EXPLAIN_H

/* What the words of `tocsin trigger` share. */

#include <stdbool.h>

#include "daemon/cli/client.h"
#include "daemon/desk/trigger.h"

struct trigger_request {
	struct client client;
	const char *path;      /* of triggers; NULL = the shipped ones */
	const char *data;      /* a data set; NULL = ask the daemon */
	const char *marks;     /* CSV, beside data; NULL = none */
	const char *calendar;  /* beside data; NULL = weekends only */
	const char *from, *to; /* days of a score or advice; NULL = usual */
	const char *area;      /* of advice; NULL = everywhere */
};

/* Why it rang, or not; an exit status. */
int trigger_explain_live(const struct trigger_request *q, const char *area,
			 const char *date);
int trigger_explain_files(const struct trigger_request *q, const char *etc,
			  const char *area, const char *date);

/* What became of its alerts, by trigger; an exit status. */
int trigger_score(const struct trigger_request *q);

/* What it says of the budgets of one trigger, NULL = all; an exit status. */
int trigger_advise(const struct trigger_request *q, const char *name);

/* trigger.c: the triggers asked for, NULL when already said. */
struct trigger_set *trigger_read(const struct trigger_request *q,
				 const char *etc, const struct registry *r);

#endif
