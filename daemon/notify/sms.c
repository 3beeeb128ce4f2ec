/*
 * Short messages.  Of the GSM alphabet ASCII is taken, which is nearly all that
 * a title or a link in English holds; any other character makes it UTF-16.
 */
#include "daemon/notify/sms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define GSM_MAX 160
#define UTF16_MAX 70
#define TITLE_SHARE 6

static bool
is_gsm(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~' ||
		    *text == '`')
			return false;
	}
	return true;
}

/* Bytes of the character at text, which does not end before it does. */
static size_t
bytes_of(const char *text)
{
	size_t n = 1;

	while (((unsigned char)text[n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* What the character takes of the message: some of GSM have two septets, those
   beyond 16 bits two units. */
static size_t
cost_of(const char *text, bool gsm)
{
	if (gsm)
		return strchr("^{}\\[]~|", *text) != NULL ? 2 : 1;
	return (unsigned char)*text >= 0xF0 ? 2 : 1;
}

/* Bytes of the beginning of text that takes at most room. */
static size_t
fits(const char *text, bool gsm, size_t room)
{
	size_t len = 0, cost = 0;

	while (text[len] != '\0') {
		cost += cost_of(text + len, gsm);
		if (cost > room)
			break;
		len += bytes_of(text + len);
	}
	return len;
}

static size_t
cost_of_all(const char *text, bool gsm)
{
	size_t cost = 0;

	for (; *text != '\0'; text += bytes_of(text))
		cost += cost_of(text, gsm);
	return cost;
}

const char *
sms_text(const char *title, const char *link, char buf[SMS_BYTES])
{
	bool gsm = is_gsm(title) && is_gsm(link);
	size_t room = gsm ? GSM_MAX : UTF16_MAX;
	size_t taken = link[0] == '\0' ? 0 : cost_of_all(link, gsm) + 1;
	const char *dots = "";
	size_t len;

	if (taken + room / TITLE_SHARE > room) {
		taken = 0;
		link = "";
	}
	room -= taken;
	len = fits(title, gsm, room);
	if (title[len] != '\0') {
		len = fits(title, gsm, room - 3);
		dots = "...";
	}
	snprintf(buf, SMS_BYTES, "%.*s%s%s%s", (int)len, title, dots,
		 taken > 0 ? " " : "", link);
	return buf;
}
