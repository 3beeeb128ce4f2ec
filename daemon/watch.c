/* When alerts are looked after, see watch.h. */
#include "daemon/watch.h"

#include <stdio.h>

#include "base/log.h"
#include "daemon/centre.h"
#include "daemon/desk/upkeep.h"

#define SITES_A_TICK 200   /* some 2 ms */
#define ALERTS_A_TICK 1000 /* some 2 ms */
#define MIB 1048576.0

int
watch_day(struct centre *c, int32_t day)
{
	const struct zone_now now = { day, ZONE_NO_TIME };

	if (!c->clock.manual)
		return 0;
	return upkeep_look_all(c->upkeep, &now) < 0
		       ? -1
		       : desk_escalate(c->desk, dayclock_now_ms(&c->clock), 0);
}

static int
look_at_centre(struct centre *c, int32_t today)
{
	char free_text[64], wal_text[64];
	struct store_stats st;

	store_stats(c->store, &st);
	snprintf(free_text, sizeof(free_text), "%.0f MiB of %.0f MiB",
		 (double)c->space.free_bytes / MIB,
		 (double)c->space.all_bytes / MIB);
	snprintf(wal_text, sizeof(wal_text), "%.0f MiB",
		 (double)st.wal_bytes / MIB);
	if (upkeep_centre(c->upkeep, UPKEEP_DISK, c->space.level != SPACE_FINE,
			  free_text, today) < 0)
		return -1;
	return upkeep_centre(c->upkeep, UPKEEP_WAL,
			     st.wal_bytes > quality_conf(c->quality)->wal_bytes,
			     wal_text, today);
}

void
watch_tick(struct centre *c)
{
	struct zone_now now = dayclock_now(&c->clock);
	int64_t up_ms = dayclock_wall_us() / 1000 - c->started_ms;
	int rc;

	if (!c->ready)
		return;
	scales_act_begin(c->scales, NULL, NULL);
	rc = upkeep_look_senders(c->upkeep, now.day);
	if (rc == 0)
		rc = look_at_centre(c, now.day);
	if (rc == 0 && !c->clock.manual &&
	    up_ms >= quality_conf(c->quality)->first_look_ms)
		rc = upkeep_look(c->upkeep, &now, SITES_A_TICK);
	if (rc == 0 && !c->clock.manual)
		rc = desk_escalate(c->desk, dayclock_now_ms(&c->clock),
				   ALERTS_A_TICK);
	(void)scales_act_end(c->scales);
	if (rc < 0)
		log_fault_begin(&c->watch_fault,
				"watch: cannot look after alerts");
	else
		log_fault_end(&c->watch_fault, "watch: looking again");
}
