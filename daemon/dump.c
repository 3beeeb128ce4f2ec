/* The state of the daemon in a few lines, for SIGUSR1. */
#include "daemon/centre.h"

#include "base/day.h"

static void
dump_ingest(const struct centre *c, FILE *out)
{
	struct ingest_stats s;

	ingest_stats(c->ingest, &s);
	fprintf(out,
		"intake frames=%llu counts=%llu again=%llu early=%llu "
		"busy=%llu forks=%llu gaps=%llu poison=%llu senders=%zu "
		"window=%u\n",
		(unsigned long long)s.frames, (unsigned long long)s.counts,
		(unsigned long long)s.again, (unsigned long long)s.early,
		(unsigned long long)s.busy, (unsigned long long)s.forks,
		(unsigned long long)s.gaps, (unsigned long long)s.poison,
		s.feeds, ingest_window(c->ingest));
	for (uint32_t i = 0; i < BATCH_CODES; i++) {
		if (s.refused_by[i] > 0)
			fprintf(out, "refused %s=%llu\n", wire_nack_name(i),
				(unsigned long long)s.refused_by[i]);
	}
	for (int i = 1; i < INGEST_BAD; i++) {
		if (s.bad_by[i] > 0)
			fprintf(out, "bad frame %s=%llu\n", wire_error_name(-i),
				(unsigned long long)s.bad_by[i]);
	}
}

void
centre_dump(const struct centre *c, FILE *out)
{
	struct store_stats st;
	struct judge_stats js;
	struct scales_stats ws;
	char day[DAY_TEXT_BYTES], weighed[DAY_TEXT_BYTES];

	store_stats(c->store, &st);
	judge_stats(c->judge, &js);
	scales_stats(c->scales, &ws);
	fprintf(out, "clock %s day=%s weighed=%s ready=%d\n",
		c->clock.manual ? "manual" : "system",
		day_format(c->clock.day, day),
		day_format(ws.weighed_day, weighed), c->ready);
	fprintf(out,
		"store commits=%llu jobs=%llu failures=%llu pending=%zu "
		"file=%lld wal=%lld worst_commit_us=%lld free_mib=%lld\n",
		(unsigned long long)st.commits, (unsigned long long)st.jobs,
		(unsigned long long)st.failures, store_pending(c->store),
		(long long)st.file_bytes, (long long)st.wal_bytes,
		(long long)st.worst_commit_us,
		(long long)(c->space.free_bytes >> 20));
	fprintf(out,
		"judge series=%zu dirty=%zu cells=%llu verdicts=%llu "
		"bytes=%zu\n",
		js.series, js.dirty, (unsigned long long)js.cells_set,
		(unsigned long long)js.verdicts, js.bytes);
	fprintf(out, "desk weighings=%llu events=%llu unwritten=%zu\n",
		(unsigned long long)ws.weighings, (unsigned long long)ws.events,
		ws.unwritten);
	dump_ingest(c, out);
}
