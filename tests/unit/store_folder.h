#ifndef TOCSIN_UNIT_STORE_FOLDER_H
#define TOCSIN_UNIT_STORE_FOLDER_H

/* A store in a folder of its own, with the loop that hears from it. */

struct event_base;
struct store;

struct store_folder {
	char dir[64];
	char path[96]; /* of the database */
	struct event_base *base;
	struct store *store;
};

void store_folder_make(struct store_folder *s);
/* Closes the store, if it is open, and removes all. */
void store_folder_drop(struct store_folder *s);

#endif
