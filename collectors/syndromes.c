/*
 * The syndrome classifier.
 */
#include "collectors/syndromes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/log.h"

struct rule {
	struct conf_list words;
	struct conf_list except;
	struct conf_list codes;
};

struct syndromes {
	struct conf *conf;
	size_t n;
};

static const struct conf_key keys[] = {
	{ "words", CONF_LIST, offsetof(struct rule, words), "", 0, 0, NULL,
	  false, "words of the complaint; \"a+b\" needs both" },
	{ "except", CONF_LIST, offsetof(struct rule, except), "", 0, 0, NULL,
	  false, "words that are taken out of the complaint first" },
	{ "codes", CONF_LIST, offsetof(struct rule, codes), "", 0, 0, NULL,
	  false, "beginnings of diagnosis codes, such as ICD-10's" },
	{ 0 },
};

static const struct conf_block blocks[] = {
	{ "syndrome", true, keys, sizeof(struct rule) },
	{ 0 },
};

static void
report(void *arg, const char *message)
{
	(void)arg;
	log_error("syndromes: %s", message);
}

struct syndromes *
syndromes_load(const char *path)
{
	struct syndromes *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->conf = conf_load(&path, 1, blocks, report, NULL);
	if (s->conf == NULL) {
		free(s);
		return NULL;
	}
	s->n = conf_count(s->conf, "syndrome");
	for (size_t i = 0; i < s->n; i++) {
		const char *name = syndromes_name(s, i);

		if (strlen(name) > WIRE_MAX_CODE || name[0] == '\0') {
			log_error("syndromes: %s: no indicator's code",
				  conf_where(s->conf, "syndrome", i));
			s->n = 0;
		}
	}
	if (s->n == 0 || s->n > SYNDROMES_MAX) {
		log_error("syndromes: %s: wanted 1 to %d syndromes", path,
			  SYNDROMES_MAX);
		syndromes_free(&s);
	}
	return s;
}

void
syndromes_free(struct syndromes **sp)
{
	struct syndromes *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	conf_free(&s->conf);
	free(s);
}

size_t
syndromes_count(const struct syndromes *s)
{
	return s->n;
}

const char *
syndromes_name(const struct syndromes *s, size_t i)
{
	return conf_title(s->conf, "syndrome", i);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Digits too: "covid" is no word of "covid19", but "covid*" begins it. */
static bool
is_word_byte(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* Is word (of len bytes) in text at i, as the header says? */
static bool
matches_at(const char *text, size_t n, size_t i, const char *word, size_t len,
	   bool open_end)
{
	if (len > n - i)
		return false;
	for (size_t k = 0; k < len; k++) {
		if (lower(text[i + k]) != lower(word[k]))
			return false;
	}
	if (is_word_byte(word[0]) && i > 0 && is_word_byte(text[i - 1]))
		return false;
	return open_end || !is_word_byte(word[len - 1]) || i + len == n ||
	       !is_word_byte(text[i + len]);
}

/* Where word begins in text, or n. */
static size_t
find_word(const char *text, size_t n, const char *word, size_t len)
{
	bool open_end = len > 1 && word[len - 1] == '*';

	len -= open_end;
	if (len == 0)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (matches_at(text, n, i, word, len, open_end))
			return i;
	}
	return n;
}

/* "a+b": all parts must be there. */
static bool
has_all(const char *text, size_t n, const char *words)
{
	while (*words != '\0') {
		size_t len = strcspn(words, "+");

		if (len > 0 && find_word(text, n, words, len) == n)
			return false;
		words += len;
		words += *words == '+';
	}
	return true;
}

static void
take_out(char *text, size_t n, const struct conf_list *except)
{
	for (size_t i = 0; i < except->n; i++) {
		size_t len = strlen(except->at[i]), at;
		size_t body = len > 1 && except->at[i][len - 1] == '*' ? len - 1
								       : len;

		while ((at = find_word(text, n, except->at[i], len)) < n)
			memset(text + at, '.', body);
	}
}

uint64_t
syndromes_by_text(const struct syndromes *s, struct wire_text text)
{
	char copy[SYNDROMES_TEXT];
	size_t n = text.len < sizeof(copy) ? text.len : sizeof(copy);
	uint64_t mask = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct rule *r = conf_at(s->conf, "syndrome", i);

		memcpy(copy, text.at, n);
		take_out(copy, n, &r->except);
		for (size_t w = 0; w < r->words.n; w++) {
			if (r->words.at[w][0] != '\0' &&
			    has_all(copy, n, r->words.at[w]))
				mask |= UINT64_C(1) << i;
		}
	}
	return mask;
}

/* Does code begin with prefix, dots and case aside? */
static bool
begins(struct wire_text code, const char *prefix)
{
	size_t at = 0;

	for (; *prefix != '\0'; prefix++) {
		if (*prefix == '.')
			continue;
		while (at < code.len && code.at[at] == '.')
			at++;
		if (at == code.len || lower(code.at[at]) != lower(*prefix))
			return false;
		at++;
	}
	return true;
}

uint64_t
syndromes_by_code(const struct syndromes *s, struct wire_text code)
{
	uint64_t mask = 0;

	if (code.len == 0)
		return 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct rule *r = conf_at(s->conf, "syndrome", i);

		for (size_t k = 0; k < r->codes.n; k++) {
			if (r->codes.at[k][0] != '\0' &&
			    begins(code, r->codes.at[k]))
				mask |= UINT64_C(1) << i;
		}
	}
	return mask;
}
