#ifndef TOCSIN_BASE_CONF_VALUE_H
#define TOCSIN_BASE_CONF_VALUE_H

/*
 * The text of one value of a configuration, checked against its key's row.
 * Private to base/conf*.c.
 */

#include "base/conf.h"

#define CONF_REASON_BYTES 192

/*
 * Reads text into the field (a list: appends one element).  Returns 0, or -1
 * with a reason that names what is wanted.
 */
int conf_value_set(const struct conf_key *key, void *field, const char *text,
		   char reason[CONF_REASON_BYTES]);

/* Frees what the field owns and makes it empty. */
void conf_value_clear(const struct conf_key *key, void *field);

/* Sets the default of the key's row; a required key becomes empty. */
int conf_value_default(const struct conf_key *key, void *field,
		       char reason[CONF_REASON_BYTES]);

#endif
