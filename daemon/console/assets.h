#ifndef TOCSIN_CONSOLE_ASSETS_H
#define TOCSIN_CONSOLE_ASSETS_H

/*
 * Files compiled into the program.  embed.cmake makes the tables from the
 * manifests beside it; paths of the page carry a hash of everything, so that
 * a browser may keep them for ever.
 */

#include <stddef.h>

struct asset {
	const char *path; /* "/", "/assets/4f1c.../app.js" */
	const char *type; /* Content-Type */
	const char *etag; /* of the content, quoted */
	const unsigned char *data, *gzip;
	size_t len, gzip_len;
};

/* Tables end with a NULL path. */
extern const struct asset page_assets[];      /* the console's page */
extern const struct asset catalogue_assets[]; /* "en", "zh-CN" */

/* NULL where there is none. */
const struct asset *asset_find(const struct asset *table, const char *path);

#endif
