#ifndef TOCSIN_DESK_TRIGGER_CHECK_H
#define TOCSIN_DESK_TRIGGER_CHECK_H

/* A trigger while it is read and checked; for trigger*.c only. */

#include "daemon/desk/trigger.h"
#include "daemon/desk/trigger_keys.h"

struct trigger_check {
	const struct registry *registry;
	const struct conf *conf;
	size_t nth; /* of the triggers of conf */
	const struct trigger_conf *c;
	struct trigger *t;
	conf_report *report;
	void *arg;
	unsigned errors;
	int line; /* of the list's element that is read; 0: the block's */
};

/*
 * Is there an i-th element?  Mistakes are told of its line until the next one,
 * and of the block's behind the last.
 */
bool trigger_each(struct trigger_check *k, const struct conf_list *list,
		  size_t i);

/*
 * Reports a mistake of the trigger with its file and line, that of k->line
 * where it is one of an element.
 */
void trigger_wrong(struct trigger_check *k, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for an unknown word; near = what was meant, or NULL. */
void trigger_wrong_word(struct trigger_check *k, const char *key,
			const char *word, const char *near);

/*
 * Reports what a trigger says and can never mean: keys that its rule does not
 * read, words that stand twice, a lag for a kind that it does not listen to,
 * a name or a title that cannot be shown.
 */
void trigger_take_sense(struct trigger_check *k);

/* Reads the keys calibration, tail, kind_tails and their wide ones. */
void trigger_take_calibration(struct trigger_check *k);

/*
 * Reads the keys part_of and deadlines, once all blocks are known.  Returns the number of
 * mistakes, all of them reported.
 */
unsigned trigger_take_names(struct trigger_set *set, conf_report *report,
			    void *arg);

#endif
