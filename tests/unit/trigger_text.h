#ifndef TOCSIN_UNIT_TRIGGER_TEXT_H
#define TOCSIN_UNIT_TRIGGER_TEXT_H

#include "daemon/desk/trigger.h"

/* trigger_load() of a file with the text; NULL after an error is reported. */
struct trigger_set *trigger_text(const struct registry *r, const char *text,
				 conf_report *report, void *arg);
/* The same of a text that has no error; the test fails where it has one. */
struct trigger_set *trigger_right(const struct registry *r, const char *text);

#endif
