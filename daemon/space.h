#ifndef TOCSIN_DAEMON_SPACE_H
#define TOCSIN_DAEMON_SPACE_H

/*
 * Space on the disk of the database: how much is left, and a reserve that is
 * given up when it is full, so that alerts can still be written.
 */

#include <stdbool.h>
#include <stdint.h>

enum space_level { SPACE_FINE, SPACE_LOW, SPACE_OUT };

struct space {
	char path[4096]; /* of the reserve */
	int64_t reserve; /* bytes */
	int64_t low_percent, out_percent;
	bool reserved;
	enum space_level level;
	/* As last seen; free_bytes without the reserve. */
	int64_t free_bytes, all_bytes;
};

/* Makes the reserve in the folder, if there is room.  Always usable. */
void space_init(struct space *s, const char *folder, int64_t reserve,
		int64_t low_percent, int64_t out_percent);

/* Looks again; gives up the reserve at SPACE_OUT, makes it anew later. */
enum space_level space_look(struct space *s);

#endif
