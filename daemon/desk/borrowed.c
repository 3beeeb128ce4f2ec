/* See borrowed.h. */
#include "daemon/desk/borrowed.h"

json_t *
borrowed_json(const struct registry *registry, const struct judge_borrowed *from)
{
	return json_pack("{s:I, s:I, s:s}", "peers", (json_int_t)from->peers,
			 "own", (json_int_t)from->own, "area",
			 registry_area_at(registry, from->area)->code);
}
