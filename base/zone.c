/*
 * Files of time zones, see zone.h.  Every byte of a file is checked before it
 * is believed; the leap seconds of "right/" files are not understood and
 * refused, for the clock here has none.
 */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/zone_rule.h"

#define FOLDER "/usr/share/zoneinfo" /* where libc looks, too */
#define FILE_MAX_BYTES 65536
#define HEADER_BYTES 44
#define CHANGES_MAX 4096
#define OFFSET_MAX 93600 /* 26 hours: no zone is further from UTC */
#define DAY_S 86400
/* Within years 2..9998, so that neighbouring years have dates too. */
#define FIRST_S (-62104060800)
#define LAST_S 253370678400

struct zone {
	size_t n;	 /* changes */
	int64_t *at;	 /* when, rising */
	int32_t *offset; /* from then on */
	int32_t before;	 /* the first change */
	bool ruled;	 /* after the last change rule holds */
	struct zone_rule rule;
};

void
zone_free(struct zone **pz)
{
	struct zone *z = *pz;

	*pz = NULL;
	if (z == NULL)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}

static int64_t
big_endian(const uint8_t *at, int bytes)
{
	uint64_t x = at[0] >= 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < bytes; i++)
		x = x << 8 | at[i];
	return (int64_t)x;
}

/* One of the two blocks of a file: the old one of 4-byte times, or ours. */
struct block {
	size_t utc, std, leaps, changes, types, chars;
	size_t bytes; /* without its header */
};

static int
read_header(const uint8_t *at, size_t n, int time_bytes, struct block *b)
{
	size_t *const field[] = { &b->utc,     &b->std,	  &b->leaps,
				  &b->changes, &b->types, &b->chars };

	if (n < HEADER_BYTES || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
		return -1;
	for (size_t i = 0; i < 6; i++) {
		int64_t x = big_endian(at + 20 + 4 * i, 4);

		if (x < 0 || x > CHANGES_MAX)
			return -1;
		*field[i] = (size_t)x;
	}
	b->bytes = b->changes * ((size_t)time_bytes + 1) + b->types * 6 +
		   b->chars + b->leaps * ((size_t)time_bytes + 4) + b->std +
		   b->utc;
	return b->bytes > n - HEADER_BYTES ? -1 : 0;
}

/* The table of changes; at is the block after its header. */
static int
read_changes(struct zone *z, const uint8_t *at, const struct block *b)
{
	const uint8_t *index = at + 8 * b->changes;
	const uint8_t *type = index + b->changes;

	if (b->types == 0 || b->leaps != 0)
		return -1;
	z->at = malloc((b->changes + 1) * sizeof(*z->at));
	z->offset = malloc((b->changes + 1) * sizeof(*z->offset));
	if (z->at == NULL || z->offset == NULL)
		return -1;
	for (size_t i = 0; i < b->types; i++) {
		int64_t offset = big_endian(type + 6 * i, 4);

		if (offset < -OFFSET_MAX || offset > OFFSET_MAX)
			return -1;
	}
	z->before = (int32_t)big_endian(type, 4);
	for (size_t i = 0; i < b->changes; i++) {
		z->at[i] = big_endian(at + 8 * i, 8);
		if (index[i] >= b->types || (i > 0 && z->at[i] <= z->at[i - 1]))
			return -1;
		z->offset[i] = (int32_t)big_endian(type + 6 * index[i], 4);
	}
	z->n = b->changes;
	return 0;
}

static int
read_rule(struct zone *z, const uint8_t *at, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(at + 1, '\n', n - 1) : NULL;

	if (end == NULL || at[0] != '\n')
		return -1;
	z->ruled = end > at + 1;
	return z->ruled ? zone_rule_parse((const char *)at + 1,
					  (size_t)(end - at) - 1, &z->rule)
			: 0;
}

static int
read_file(struct zone *z, const uint8_t *at, size_t n)
{
	struct block old, b;
	size_t skip;

	if (read_header(at, n, 4, &old) < 0)
		return -1;
	skip = HEADER_BYTES + old.bytes;
	if (read_header(at + skip, n - skip, 8, &b) < 0 ||
	    read_changes(z, at + skip + HEADER_BYTES, &b) < 0)
		return -1;
	skip += HEADER_BYTES + b.bytes;
	return read_rule(z, at + skip, n - skip);
}

struct zone *
zone_parse(const uint8_t *bytes, size_t n)
{
	struct zone *z = calloc(1, sizeof(*z));

	if (z != NULL && read_file(z, bytes, n) < 0)
		zone_free(&z);
	return z;
}

static const char *
folder(void)
{
	const char *dir = getenv("TZDIR");

	return dir != NULL && dir[0] != '\0' ? dir : FOLDER;
}

/* Whole path components of letters, digits, '_', '+', '-'. */
static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= ZONE_NAME_BYTES || name[0] == '/' ||
	    name[n - 1] == '/' || strstr(name, "//") != NULL)
		return false;
	if (strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0)
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
			    "yz0123456789_+-/") == n;
}

/* A name of the list is near as it stands, or by its last part. */
static void
offer(const char *known, struct nearest *near, struct nearest *last,
      char best[ZONE_NAME_BYTES])
{
	const char *part = strrchr(known, '/');
	const char *before = near->best;

	nearest_offer(near, known);
	if (near->best != before) {
		snprintf(best, ZONE_NAME_BYTES, "%s", known);
		near->best = best;
		return;
	}
	if (near->best != NULL || part == NULL)
		return;
	before = last->best;
	nearest_offer(last, part + 1);
	if (last->best == before)
		return;
	snprintf(best, ZONE_NAME_BYTES, "%s", known);
	last->best = best;
}

/* The nearest name, or "", from the list "Z NAME ..." and "L TARGET NAME". */
static void
find_near(const char *name, char best[ZONE_NAME_BYTES])
{
	char path[4096], line[256], word[2][ZONE_NAME_BYTES];
	struct nearest near, last;
	FILE *f;

	best[0] = '\0';
	nearest_begin(&near, name);
	nearest_begin(&last, name);
	snprintf(path, sizeof(path), "%s/tzdata.zi", folder());
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == 'Z' && sscanf(line, "Z %63s", word[0]) == 1)
			offer(word[0], &near, &last, best);
		else if (line[0] == 'L' &&
			 sscanf(line, "L %63s %63s", word[0], word[1]) == 2)
			offer(word[1], &near, &last, best);
	}
	fclose(f);
}

static struct zone *
unknown(const char *name, char *err, size_t cap)
{
	char best[ZONE_NAME_BYTES];

	if (access(folder(), X_OK) < 0) {
		snprintf(err, cap,
			 "time zone \"%s\": there is no time zone database in "
			 "%.200s; install the package tzdata",
			 name, folder());
		return NULL;
	}
	find_near(name, best);
	if (best[0] != '\0')
		snprintf(err, cap,
			 "unknown time zone \"%s\", did you mean \"%s\"?", name,
			 best);
	else
		snprintf(err, cap,
			 "unknown time zone \"%s\"; names are as "
			 "\"Asia/Shanghai\", see %.200s",
			 name, folder());
	return NULL;
}

/* The bytes of a plain file; their number, or -1. */
static ssize_t
read_bytes(int fd, uint8_t *bytes, size_t cap)
{
	struct stat st;
	size_t n = 0;
	ssize_t got;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	while (n < cap) {
		got = read(fd, bytes + n, cap - n);
		if (got < 0)
			return -1;
		if (got == 0)
			return (ssize_t)n;
		n += (size_t)got;
	}
	return -1;
}

struct zone *
zone_open(const char *name, char *err, size_t cap)
{
	static const char wanted[] = "is no name of the time zone database; "
				     "write it as \"Asia/Shanghai\" or \"UTC\"";
	uint8_t bytes[FILE_MAX_BYTES];
	struct zone *z = NULL;
	char path[4096];
	ssize_t n;
	int fd;

	if (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0) {
		z = calloc(1, sizeof(*z));
		if (z == NULL)
			snprintf(err, cap, "no memory");
		return z;
	}
	if (!is_name(name)) {
		snprintf(err, cap, "time zone \"%.64s\" %s", name, wanted);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s", folder(), name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return unknown(name, err, cap);
	n = read_bytes(fd, bytes, sizeof(bytes));
	close(fd);
	z = n < 0 ? NULL : zone_parse(bytes, (size_t)n);
	if (z == NULL)
		snprintf(err, cap,
			 "time zone \"%s\": %.200s is no file of a time zone",
			 name, path);
	return z;
}

/* How many changes lie at or before the instant. */
static size_t
changes_by(const struct zone *z, int64_t s)
{
	size_t lo = 0, hi = z->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (z->at[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int32_t
zone_offset(const struct zone *z, int64_t s)
{
	size_t i;

	s = s < FIRST_S ? FIRST_S : s > LAST_S ? LAST_S : s;
	i = changes_by(z, s);
	if (i == z->n && z->ruled)
		return zone_rule_offset(&z->rule, s);
	return i == 0 ? z->before : z->offset[i - 1];
}

int32_t
zone_today(const struct zone *z, const struct zone_now *now)
{
	int64_t s = now->s, local;

	if (z == NULL || s == ZONE_NO_TIME)
		return now->day;
	s = s < FIRST_S ? FIRST_S : s > LAST_S ? LAST_S : s;
	local = s + zone_offset(z, s);
	return (int32_t)((local - (local % DAY_S + DAY_S) % DAY_S) / DAY_S);
}
