/*
 * E-mails.  Subject and text are base64, so that no byte of a name can become
 * a header or a line that a server would change.
 */
#include "daemon/notify/mail.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#define WORD_BYTES 45 /* of text in one encoded word of at most 75 */
#define LINE_BYTES 57 /* of text in one line of 76 of base64 */

/* A header's value without what could end its line. */
static void
put_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= ' ')
			fputc(*text, out);
	}
}

/* RFC 2047; a character is never cut. */
static void
put_encoded(FILE *out, const char *text)
{
	char word[96];
	size_t len = strlen(text), n;

	for (bool first = true; len > 0; first = false) {
		n = len < WORD_BYTES ? len : WORD_BYTES;
		while (n < len && n > 1 && ((unsigned char)text[n] & 0xC0) == 0x80)
			n--;
		sodium_bin2base64(word, sizeof(word), (const unsigned char *)text,
				  n, sodium_base64_VARIANT_ORIGINAL);
		fprintf(out, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
		text += n;
		len -= n;
	}
	fputs("\r\n", out);
}

static void
put_headers(FILE *out, const struct mail *m)
{
	time_t seconds = (time_t)(m->at_ms / 1000);
	char date[64] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	fprintf(out, "Date: %s\r\nFrom: ", date);
	put_plain(out, m->from);
	fputs("\r\nTo: ", out);
	for (size_t i = 0; i < m->to->n; i++) {
		fputs(i == 0 ? "" : ",\r\n ", out);
		put_plain(out, m->to->at[i]);
	}
	fputs("\r\nSubject: ", out);
	put_encoded(out, m->subject);
	fprintf(out, "Message-ID: <%s@tocsin>\r\n", m->message);
	if (m->thread[0] != '\0')
		fprintf(out,
			"In-Reply-To: <%s@tocsin>\r\n"
			"References: <%s@tocsin>\r\n",
			m->thread, m->thread);
	fputs("Auto-Submitted: auto-generated\r\n"
	      "MIME-Version: 1.0\r\n"
	      "Content-Type: text/plain; charset=utf-8\r\n"
	      "Content-Transfer-Encoding: base64\r\n\r\n",
	      out);
}

static char *
write_text(const struct mail *m, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	const json_t *line;
	size_t i;

	if (out == NULL)
		return NULL;
	json_array_foreach (m->lines, i, line)
		fprintf(out, "%s\r\n", json_string_value(line));
	if (m->link[0] != '\0')
		fprintf(out, "\r\n%s\r\n", m->link);
	fprintf(out, "\r\n-- \r\n%s\r\n", m->foot);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *
mail_write(const struct mail *m)
{
	size_t text_len = 0, len = 0, n;
	char *text = write_text(m, &text_len), *whole = NULL, line[80];
	FILE *out = text == NULL ? NULL : open_memstream(&whole, &len);

	if (out == NULL) {
		free(text);
		return NULL;
	}
	put_headers(out, m);
	for (size_t at = 0; at < text_len; at += n) {
		n = text_len - at < LINE_BYTES ? text_len - at : LINE_BYTES;
		sodium_bin2base64(line, sizeof(line),
				  (const unsigned char *)text + at, n,
				  sodium_base64_VARIANT_ORIGINAL);
		fprintf(out, "%s\r\n", line);
	}
	free(text);
	if (fclose(out) != 0) {
		free(whole);
		return NULL;
	}
	return whole;
}
