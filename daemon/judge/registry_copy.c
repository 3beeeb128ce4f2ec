/* Copies of what is known, to try out on, and their comparison. */
#include "daemon/judge/registry.h"

#include <string.h>

int
registry_copy_words(struct registry *to, const struct registry *from)
{
	char err[256];

	for (uint32_t i = 0; i < registry_kinds(from); i++) {
		if (registry_add_kind(to, registry_kind_at(from, i), err,
				      sizeof(err)) == REG_NONE)
			return -1;
	}
	for (uint32_t i = 0; i < registry_indicators(from); i++) {
		if (registry_add_indicator(to, registry_indicator_at(from, i),
					   err, sizeof(err)) == REG_NONE)
			return -1;
	}
	return 0;
}

int
registry_copy_areas(struct registry *to, const struct registry *from)
{
	size_t n = registry_areas(from);
	char err[256];

	/* A parent may be younger than its child: parents the second time. */
	for (uint32_t i = 0; i < 2 * n; i++) {
		const struct reg_area *a =
			registry_area_at(from, i % (uint32_t)n);
		const char *parent =
			i < n || a->parent == REG_NONE
				? ""
				: registry_area_at(from, a->parent)->code;

		if (registry_add_area(to, a, parent, err, sizeof(err)) == REG_NONE)
			return -1;
	}
	return 0;
}

static bool
is_same_kind(const struct reg_kind *a, const struct reg_kind *b)
{
	return strcmp(a->en, b->en) == 0 && strcmp(a->zh, b->zh) == 0 &&
	       strcmp(a->class_code, b->class_code) == 0 &&
	       a->period == b->period && a->expect == b->expect;
}

static bool
is_same_indicator(const struct reg_indicator *a, const struct reg_indicator *b)
{
	return strcmp(a->group, b->group) == 0 && strcmp(a->unit, b->unit) == 0 &&
	       strcmp(a->denominator, b->denominator) == 0 &&
	       strcmp(a->en, b->en) == 0 && strcmp(a->zh, b->zh) == 0 &&
	       a->direction == b->direction;
}

bool
registry_has_words(const struct registry *r, const struct registry *of)
{
	for (uint32_t i = 0; i < registry_kinds(of); i++) {
		const struct reg_kind *k = registry_kind_at(of, i);
		uint32_t at = registry_kind(r, k->code, strlen(k->code));

		if (at == REG_NONE || !is_same_kind(registry_kind_at(r, at), k))
			return false;
	}
	for (uint32_t i = 0; i < registry_indicators(of); i++) {
		const struct reg_indicator *n = registry_indicator_at(of, i);
		uint32_t at = registry_indicator(r, n->code, strlen(n->code));

		if (at == REG_NONE ||
		    !is_same_indicator(registry_indicator_at(r, at), n))
			return false;
	}
	return true;
}
