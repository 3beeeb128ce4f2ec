#ifndef TOCSIN_CLI_SITE_SHOW_H
#define TOCSIN_CLI_SITE_SHOW_H

#include "daemon/cli/client.h"

/* tocsin site show: prints the site; the exit status. */
int site_show(const struct client *c, const char *code);

/* "silent 5", in buf: so many due reports are missing in a row. */
const char *site_state(const struct client *c, const json_t *row, char *buf,
		       size_t cap);

#endif
