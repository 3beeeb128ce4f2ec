/*
 * Codes with dense numbers, see names.h.
 */
#include "daemon/judge/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

#define FIRST_SLOTS 64
#define LONG_LIST 2000
#define WORD_BYTES 64

static uint32_t
hash(const char *text, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619u;
	return h ^ (h >> 15);
}

void
names_fini(struct names *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->at[i]);
	free(t->at);
	free(t->slot);
	*t = (struct names){ 0 };
}

/* The slot that holds the text, or the free one where it would go. */
static size_t
probe(const struct names *t, const char *text, size_t len)
{
	size_t mask = t->slots - 1;
	size_t i = hash(text, len) & mask;

	while (t->slot[i] != NAMES_NONE) {
		const char *known = t->at[t->slot[i]];

		if (strncmp(known, text, len) == 0 && known[len] == '\0')
			break;
		i = (i + 1) & mask;
	}
	return i;
}

uint32_t
names_find(const struct names *t, const char *text, size_t len)
{
	if (t->slots == 0 || memchr(text, '\0', len) != NULL)
		return NAMES_NONE;
	return t->slot[probe(t, text, len)];
}

static int
grow_slots(struct names *t)
{
	size_t slots = t->slots == 0 ? FIRST_SLOTS : t->slots * 2;
	uint32_t *slot = malloc(slots * sizeof(*slot));

	if (slot == NULL)
		return -1;
	free(t->slot);
	t->slot = slot;
	t->slots = slots;
	for (size_t i = 0; i < slots; i++)
		slot[i] = NAMES_NONE;
	for (size_t i = 0; i < t->n; i++)
		slot[probe(t, t->at[i], strlen(t->at[i]))] = (uint32_t)i;
	return 0;
}

static int
grow_list(struct names *t)
{
	size_t cap = t->cap == 0 ? 32 : t->cap * 2;
	char **at = realloc(t->at, cap * sizeof(*at));

	if (at == NULL)
		return -1;
	t->at = at;
	t->cap = cap;
	return 0;
}

uint32_t
names_add(struct names *t, const char *text, size_t len)
{
	uint32_t i = names_find(t, text, len);

	if (i != NAMES_NONE)
		return i;
	if (t->n + 1 >= t->cap && grow_list(t) < 0)
		return NAMES_NONE;
	if ((t->n + 1) * 2 > t->slots && grow_slots(t) < 0)
		return NAMES_NONE;
	t->at[t->n] = strndup(text, len);
	if (t->at[t->n] == NULL)
		return NAMES_NONE;
	len = strlen(t->at[t->n]);
	i = (uint32_t)t->n;
	t->slot[probe(t, text, len)] = i;
	t->n++;
	t->at[t->n] = NULL;
	return i;
}

const char *
names_near(const struct names *t, const char *text, size_t len)
{
	char word[WORD_BYTES];
	struct nearest near;

	if (len == 0 || len >= sizeof(word) || memchr(text, '\0', len) != NULL)
		return NULL;
	memcpy(word, text, len);
	word[len] = '\0';
	nearest_begin(&near, word);
	for (size_t i = 0; i < t->n; i++) {
		if (t->n <= LONG_LIST || strncmp(t->at[i], word, 3) == 0)
			nearest_offer(&near, t->at[i]);
	}
	return near.best;
}

/* Bytes of the UTF-8 sequence at text, 0 where it is none we accept. */
static size_t
sequence(const unsigned char *text, size_t len)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = text[0] < 0x80   ? 1
		   : text[0] < 0xc0 ? 0
		   : text[0] < 0xe0 ? 2
		   : text[0] < 0xf0 ? 3
		   : text[0] < 0xf8 ? 4
				    : 0;
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	if (n == 1)
		return text[0] >= ' ' && text[0] != 0x7f ? 1 : 0;
	c = text[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return c < 0xa0 ? 0 : n; /* C1 controls */
}

bool
names_printable(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = sequence((const unsigned char *)text + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
