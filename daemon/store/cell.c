/* Which of two counts holds. */
#include "daemon/store/cell.h"

static uint32_t
told(const struct cell *c)
{
	return c->flags & ~CELL_CONFLICT;
}

bool
cell_equal(const struct cell *a, const struct cell *b)
{
	return a->value == b->value && a->denominator == b->denominator &&
	       told(a) == told(b);
}

static bool
tuple_less(const struct cell *a, const struct cell *b)
{
	if (a->value != b->value)
		return a->value < b->value;
	if (a->denominator != b->denominator)
		return a->denominator < b->denominator;
	return told(a) < told(b);
}

enum cell_outcome
cell_settle(struct cell *kept, const struct cell *came)
{
	if (came->revision < kept->revision)
		return CELL_OLDER;
	if (came->revision > kept->revision) {
		*kept = *came;
		return CELL_REPLACED;
	}
	if (cell_equal(kept, came))
		return CELL_SAME;
	if (tuple_less(kept, came))
		*kept = *came;
	kept->flags |= CELL_CONFLICT;
	return CELL_CONFLICTED;
}

uint32_t
cell_next_revision(uint32_t kept, int64_t now_s)
{
	uint32_t now = now_s < 1		     ? 1
		       : now_s > (int64_t)UINT32_MAX ? UINT32_MAX
						     : (uint32_t)now_s;

	if (now > kept)
		return now;
	return kept == UINT32_MAX ? kept : kept + 1;
}
