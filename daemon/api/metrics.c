/*
 * The text format of Prometheus, written by hand.
 */
#include "daemon/api/metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metrics {
	char *text;
	size_t len, cap;
	bool failed;
	char name[96];
};

static void
put(struct metrics *m, const char *text, size_t len)
{
	size_t cap = m->cap == 0 ? 8192 : m->cap;
	char *grown;

	while (cap - m->len <= len)
		cap *= 2;
	if (cap != m->cap && !m->failed) {
		grown = realloc(m->text, cap);
		m->failed = grown == NULL;
		if (grown != NULL) {
			m->text = grown;
			m->cap = cap;
		}
	}
	if (m->failed)
		return;
	memcpy(m->text + m->len, text, len);
	m->len += len;
	m->text[m->len] = '\0';
}

static void __attribute__((format(printf, 2, 3)))
putf(struct metrics *m, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(m, line,
		    (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

struct metrics *
metrics_new(void)
{
	return calloc(1, sizeof(struct metrics));
}

void
metrics_free(struct metrics **m)
{
	if (*m != NULL)
		free((*m)->text);
	free(*m);
	*m = NULL;
}

void
metrics_name(struct metrics *m, const char *name, const char *help)
{
	size_t n = strlen(name);
	bool counter = n > 6 && strcmp(name + n - 6, "_total") == 0;

	snprintf(m->name, sizeof(m->name), "tocsin_%s", name);
	putf(m, "# HELP %s %s\n# TYPE %s %s\n", m->name, help, m->name,
	     counter ? "counter" : "gauge");
}

static void
put_escaped(struct metrics *m, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			put(m, "\\n", 2);
		else if (*text == '"' || *text == '\\')
			putf(m, "\\%c", *text);
		else
			put(m, text, 1);
	}
}

void
metrics_value(struct metrics *m, const char *label, const char *label_value,
	      double value)
{
	put(m, m->name, strlen(m->name));
	if (label != NULL) {
		putf(m, "{%s=\"", label);
		put_escaped(m, label_value);
		put(m, "\"}", 2);
	}
	if (isnan(value))
		put(m, " NaN\n", 5);
	else
		putf(m, " %.15g\n", value);
}

void
metrics_one(struct metrics *m, const char *name, const char *help, double value)
{
	metrics_name(m, name, help);
	metrics_value(m, NULL, NULL, value);
}

const char *
metrics_text(const struct metrics *m, size_t *len)
{
	*len = m->failed ? 0 : m->len;
	return m->failed || m->text == NULL ? "" : m->text;
}
