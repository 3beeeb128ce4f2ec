/*
 * Methods and parameters named by people, with the nearest name when one is
 * mistyped.
 */
#include "daemon/cli/method_args.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "daemon/cli/cli.h"

#define MAX_KEY 63

const struct det_method *
method_arg(const char *name)
{
	const struct det_method *m = det_find(name);
	struct nearest near;

	if (m != NULL)
		return m;
	nearest_begin(&near, name);
	for (size_t i = 0; det_at(i) != NULL; i++)
		nearest_offer(&near, det_at(i)->name);
	if (near.best != NULL)
		cli_error("unknown method '%.80s', did you mean '%s'?", name,
			  near.best);
	else
		cli_error("unknown method '%.80s'; 'tocsin methods' lists them",
			  name);
	return NULL;
}

static void
unknown_key(const struct det_method *m, const char *key)
{
	struct nearest near;
	char list[512] = "";
	size_t used = 0;

	nearest_begin(&near, key);
	for (const struct det_param *row = m->param; row->name != NULL; row++) {
		nearest_offer(&near, row->name);
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s", used > 0 ? ", " : "", row->name);
		if (used >= sizeof(list))
			break;
	}
	if (near.best != NULL)
		cli_error("%s has no parameter '%.80s', did you mean '%s'?",
			  m->name, key, near.best);
	else
		cli_error("%s has no parameter '%.80s'; it has %s", m->name,
			  key, used > 0 ? list : "none");
}

static void
bad_choice(const struct det_param *row, const char *value)
{
	char list[512] = "";
	size_t used = 0;

	for (size_t i = 0; row->choices[i] != NULL; i++) {
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 used > 0 ? ", " : "", row->choices[i]);
		if (used >= sizeof(list))
			break;
	}
	cli_error("%s is one of %s, not '%.80s'", row->name, list, value);
}

int
method_set_arg(const struct det_method *m, double p[DET_MAX_PARAMS],
	       const char *setting)
{
	const struct det_param *row = m->param;
	const char *equals = strchr(setting, '=');
	char key[MAX_KEY + 1];
	int rc;

	if (equals == NULL || equals == setting || equals - setting > MAX_KEY) {
		cli_error("--set takes KEY=VALUE, not '%.80s'", setting);
		return -1;
	}
	snprintf(key, sizeof(key), "%.*s", (int)(equals - setting), setting);
	rc = det_params_set(m, p, key, equals + 1);
	if (rc == DET_OK)
		return 0;
	while (row->name != NULL && strcmp(row->name, key) != 0)
		row++;
	if (row->name == NULL)
		unknown_key(m, key);
	else if (rc == DET_ERR_CHOICE)
		bad_choice(row, equals + 1);
	else
		cli_error("%s of %s is a %snumber from %g to %g, not '%.80s'",
			  key, m->name, det_param_whole(row) ? "whole " : "",
			  row->min, row->max, equals + 1);
	return -1;
}
