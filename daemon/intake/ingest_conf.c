/* The keys of the block "intake". */
#include <stddef.h>

#include "daemon/intake/ingest.h"

const struct conf_key ingest_conf_keys[] = {
	{ .name = "horizon_days",
	  .type = CONF_INT,
	  .offset = offsetof(struct ingest_conf, horizon_days),
	  .def = "800",
	  .min = 1,
	  .max = 36525,
	  .help = "Counts of days older than this are refused." },
	{ .name = "series_per_site",
	  .type = CONF_INT,
	  .offset = offsetof(struct ingest_conf, series_per_site),
	  .def = "500",
	  .min = 1,
	  .max = 100000,
	  .help = "Most series (indicators by stratum) a site may have." },
	{ .name = "backlog",
	  .type = CONF_INT,
	  .offset = offsetof(struct ingest_conf, backlog),
	  .def = "200000",
	  .min = 10000,
	  .max = 10000000,
	  .help = "Counts that may wait for the disk before senders are told "
		  "to wait." },
	{ .name = "at_once",
	  .type = CONF_INT,
	  .offset = offsetof(struct ingest_conf, at_once),
	  .def = "250",
	  .min = 0,
	  .max = 10000000,
	  .help = "Counts that are put in place before they are acknowledged; "
		  "where more come at once, their frames are kept and "
		  "acknowledged first." },
	{ .name = "window",
	  .type = CONF_INT,
	  .offset = offsetof(struct ingest_conf, window),
	  .def = "16",
	  .min = 1,
	  .max = FEED_IN_FLIGHT,
	  .help = "Frames a sender may have under way." },
	{ .name = "feeds",
	  .type = CONF_INT,
	  .offset = offsetof(struct ingest_conf, feeds),
	  .def = "20000",
	  .min = 16,
	  .max = 1000000,
	  .help = "Outboxes of senders that are kept in memory." },
	{ 0 },
};
