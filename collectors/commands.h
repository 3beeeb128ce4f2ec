#ifndef TOCSIN_COLLECTORS_COMMANDS_H
#define TOCSIN_COLLECTORS_COMMANDS_H

/*
 * The commands of tocsin-collect.  Each returns an exit status as sysexits.h
 * has them: 0, 64 wrong usage, 65 bad rows (after all of them are listed), 66
 * no such file, 69 refused by the centre, 70 a fault of ours, 74 disk, 75 try
 * again later, 77 no permission, 78 wrong configuration.
 */

#include <stdbool.h>
#include <stdint.h>

#include "collectors/settings.h"

struct command_args {
	struct settings_flags flags;
	char **file; /* what follows the command's name */
	int files;
	int64_t wait_ms; /* push: give up waiting; -1 = never */
	bool json;
};

int command_push(const struct command_args *a);
int command_run(const struct command_args *a);
int command_status(const struct command_args *a);
int command_check(const struct command_args *a);
int command_enroll(const struct command_args *a);
int command_renew(const struct command_args *a);

#endif
