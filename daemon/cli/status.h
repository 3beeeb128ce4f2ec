#ifndef TOCSIN_CLI_STATUS_H
#define TOCSIN_CLI_STATUS_H

/* What "tocsin status" and others say of the daemon. */

#include <jansson.h>

#include "daemon/cli/client.h"

/* Says why the last reload failed, where it did; reload has failed_at_ms and
   failed, see docs/api.md. */
void status_print_reload(const struct client *c, const json_t *reload);

#endif
