#ifndef TOCSIN_PROTO_UTF8_H
#define TOCSIN_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True where the bytes are UTF-8 as in RFC 3629 (shortest forms, no
 * surrogates, nothing past U+10FFFF) without control characters (U+0000 to
 * U+001F, U+007F to U+009F), so that a code can be logged and shown.
 */
bool utf8_plain(const char *text, size_t len);

/*
 * The longest part of text that has at most max bytes and ends between two
 * characters of it.
 */
size_t utf8_clip(const char *text, size_t len, size_t max);

#endif
