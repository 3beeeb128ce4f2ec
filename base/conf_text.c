/*
 * Where blocks begin, whether they end, and whether it is text at all: what
 * libconfuse does not say.
 */
#include "base/conf_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where the comment that begins at s ends; NULL: it is none. */
static const char *
comment_end(const char *text, const char *s)
{
	bool word = s > text && strchr(" \t\r\n={}(),+", s[-1]) == NULL;

	if (*s == '#')
		return s + strcspn(s, "\n");
	/* Within a word these are part of it, as in http://host. */
	if (word || *s != '/')
		return NULL;
	if (s[1] == '/')
		return s + strcspn(s, "\n");
	if (s[1] == '*') {
		const char *end = strstr(s + 2, "*/");

		return end != NULL ? end + 2 : s + strlen(s);
	}
	return NULL;
}

/* The same for a quoted string. */
static const char *
quoted_end(const char *s)
{
	char quote = *s;

	if (quote != '"' && quote != '\'')
		return NULL;
	for (s++; *s != '\0' && *s != quote;)
		s += s[0] == '\\' && s[1] != '\0' ? 2 : 1;
	return *s != '\0' ? s + 1 : s;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Does the block's head begin at s? */
static bool
is_head(const char *s, const char *name, const char *title)
{
	size_t n = strlen(name), t = strlen(title);

	if (strncmp(s, name, n) != 0 || is_name(s[n]))
		return false;
	s += n + strspn(s + n, " \t\r\n");
	if (t == 0)
		return *s == '{';
	if (*s == '"' || *s == '\'')
		return strncmp(s + 1, title, t) == 0 && s[t + 1] == *s;
	return strncmp(s, title, t) == 0 && !is_name(s[t]);
}

/* Walks the text; with a name the line of that block, else of an open '{'. */
static int
walk(const char *text, const char *name, const char *title)
{
	int depth = 0, line = 1, opened = 0;

	for (const char *s = text; *s != '\0';) {
		const char *after = comment_end(text, s) != NULL
					    ? comment_end(text, s)
					    : quoted_end(s);
		const char *end = after != NULL ? after : s + 1;
		bool begins = s == text || !is_name(s[-1]);

		if (after == NULL && depth == 0 && name != NULL && begins &&
		    is_head(s, name, title))
			return line;
		if (after == NULL && *s == '{' && depth++ == 0)
			opened = line;
		if (after == NULL && *s == '}')
			depth--;
		for (; s < end; s++)
			line += *s == '\n';
	}
	return name == NULL && depth > 0 ? opened : 0;
}

int
conf_text_open(const char *text)
{
	return walk(text, NULL, NULL);
}

int
conf_text_block(const char *text, const char *name, const char *title)
{
	return walk(text, name, title);
}

void
conf_text_strip(char *text)
{
	for (char *s = text; *s != '\0';) {
		const char *quoted = quoted_end(s);
		const char *end = comment_end(text, s);

		if (quoted != NULL) {
			s += quoted - s;
			continue;
		}
		for (; end != NULL && s < end; s++)
			*s = *s == '\n' ? '\n' : ' ';
		if (end == NULL)
			s++;
	}
}

/* Bytes of the UTF-8 character at s; 0 where it is none. */
static size_t
character(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80	 ? 1
		   : s[0] < 0xc0 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf8 ? 4
				 : 0;
	uint32_t code = n < 2 ? s[0] : s[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	if (n > 1 && (code < least[n] || code > 0x10ffff ||
		      (code >= 0xd800 && code < 0xe000)))
		return 0;
	return n;
}

/*
 * Is the character after a backslash one that libconfuse knows, or the one
 * that begins a variable, as ${HOME}?
 */
static bool
is_escape(char c)
{
	return c != '\0' && strchr("\\\"'$ntrbfaevx01234567\n", c) != NULL;
}

const char *
conf_text_bad(const char *text, int *line)
{
	/* Ends of the comment and of the string at hand. */
	const char *comment = text, *string = text;
	bool escapes = false;

	*line = 1;
	for (const char *s = text; *s != '\0';) {
		size_t n = character((const unsigned char *)s);

		if (n == 0)
			return "is not UTF-8 here";
		if (s >= comment && s >= string) {
			const char *end = comment_end(text, s);

			comment = end != NULL ? end : comment;
			end = end != NULL ? NULL : quoted_end(s);
			string = end != NULL ? end : string;
			escapes = *s == '"';
		}
		if (s < string && escapes && *s == '\\') {
			if (!is_escape(s[1]))
				return "has a backslash before what means"
				       " nothing there; two of them are one";
			*line += s[1] == '\n';
			n = 2;
		}
		*line += *s == '\n';
		s += n;
	}
	return NULL;
}
