#ifndef TOCSIN_CLI_ALERT_SHOW_H
#define TOCSIN_CLI_ALERT_SHOW_H

/* One alert as a person reads it on a terminal. */

#include <jansson.h>
#include <stdbool.h>

#include "daemon/cli/client.h"

void alert_print(const struct client *c, const json_t *alert, bool colour);

/* At most so many rows; the strongest stand first. */
void alert_print_evidence(const struct client *c, const json_t *evidence,
			  size_t most);

/* Of an event "escalated" which clocks, and who was told; ends the line. */
void alert_print_escalated(const struct client *c, const json_t *event);

/* A text in lines as wide as the terminal, broken at blanks and between
   Chinese characters; ends with a new line. */
void alert_print_wrapped(const char *text);

/* The same, every line behind so many blanks (fewer than 20). */
void alert_print_indented(const char *text, int indent);

/* For the operator: it has no figures and no evidence. */
bool alert_is_operator(const json_t *alert);

/* The escape sequence of a signal's colour; "" where it has none. */
const char *alert_colour(const char *grade);

/* The area's name in the language of the client, else its code. */
const char *alert_area_name(const struct client *c, const json_t *row);

#endif
