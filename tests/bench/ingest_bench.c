/*
 * The load and the limit of the intake's bench (scripts/bench ingest).
 *
 *   bench-ingest send ENDPOINT SENDERS SITES INDICATORS DAYS FRAME FIRST
 *                [SERVERKEY KEYFILE]
 * One thread a sender "gate-S", which reports for its sites "s-S-I" every
 * indicator for every day from FIRST (days since 1970) on, FRAME counts a
 * frame, as the window allows.  KEYFILE has a line "public secret" a sender.
 * Prints JSON: counts, seconds, ack_p50_ms, ack_p99_ms.
 *
 *   bench-ingest raw FILE SENDERS SITES INDICATORS DAYS
 * The same stream of keys as bare upserts into the same table, 10,000 a
 * transaction, fsync each.
 *
 *   bench-ingest fill FILE SENDERS SITES INDICATORS DAYS LAST
 * Fills a database of tocsind with series and counts, for a start to rebuild.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "proto/wire.h"

#define RAW_BATCH 10000
#define MAX_SENDERS 64

static const char *const indicators[] = {
	"ili-visit",	"fever-visit",	"ari-visit",  "gi-visit",
	"cli-visit",	"rash-visit",	"cli-admit",  "sari-admit",
	"flu-case",	"hfmd-case",	"mumps-case", "measles-case",
	"rsv-positive", "flu-positive", "covid-case", "covid-hosp",
};

struct plan {
	int senders, sites, indicators, days, frame;
	int32_t first;
	const char *endpoint, *server_key;
	FILE *keys;
};

struct load {
	const struct plan *plan;
	int number;
	char public_key[41], secret_key[41];
	void *ctx;
	uint64_t counts, refused;
	double *latency; /* ms, one a frame */
	size_t latencies;
	int failed;
	struct wire_batch batch;
	char (*site)[32];
	uint8_t buf[WIRE_MAX_FRAME];
};

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct wire_text
text_of(const char *s)
{
	return (struct wire_text){ .at = s, .len = strlen(s) };
}

/* The value of a cell: small, and not the same every day. */
static uint32_t
value_of(int series, int day)
{
	uint32_t x = (uint32_t)series * 2654435761u + (uint32_t)day * 40503u;

	return 5 + (x >> 16) % 20;
}

/* Puts the next counts of the day into the frame; how many were left out. */
static int
fill_frame(struct load *l, int day, int from)
{
	const struct plan *p = l->plan;
	int all = p->sites * p->indicators;
	int n = all - from < p->frame ? all - from : p->frame;

	l->batch.series_n = l->batch.counts_n = (size_t)n;
	for (int i = 0; i < n; i++) {
		int series = from + i;

		l->batch.series[i] = (struct wire_series){
			.site = text_of(l->site[series / p->indicators]),
			.indicator = text_of(indicators[series % p->indicators]),
			.stratum = text_of(""),
		};
		l->batch.counts[i] = (struct wire_count){
			.series = (uint32_t)i,
			.day = p->first + day,
			.value = value_of(series, day),
			.revision = 1,
		};
	}
	return all - from - n;
}

struct frame {
	uint8_t *data;
	size_t len;
	double sent;
};

static void
set_int(void *s, int option, int value)
{
	zmq_setsockopt(s, option, &value, sizeof(value));
}

static void *
open_socket(struct load *l)
{
	void *s = zmq_socket(l->ctx, ZMQ_DEALER);

	set_int(s, ZMQ_LINGER, 0);
	set_int(s, ZMQ_RCVTIMEO, 30000);
	if (l->plan->server_key != NULL) {
		zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, l->plan->server_key, 40);
		zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, l->public_key, 40);
		zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, l->secret_key, 40);
	}
	if (zmq_connect(s, l->plan->endpoint) != 0)
		fprintf(stderr, "bench: %s\n", zmq_strerror(errno));
	return s;
}

/* One answer: how far it is durable, and the window. */
static int
receive(struct load *l, void *s, uint64_t *durable, uint32_t *window)
{
	static _Thread_local uint8_t buf[65536];
	struct wire_header head;
	struct wire_welcome welcome;
	struct wire_ack ack;
	struct wire_nack_body nack;
	const uint8_t *body;
	int n = zmq_recv(s, buf, sizeof(buf), 0);

	if (n < 0 || wire_open(buf, (size_t)n, &head, &body) != WIRE_OK)
		return -1;
	if (head.type == WIRE_WELCOME &&
	    wire_welcome_decode(body, head.body_bytes, &welcome) == WIRE_OK) {
		*durable = head.seq;
		*window = welcome.window;
		return 0;
	}
	if (head.type == WIRE_ACK &&
	    wire_ack_decode(body, head.body_bytes, &ack) == WIRE_OK) {
		*durable = head.seq;
		*window = ack.window;
		l->refused += ack.refused_total;
		return 0;
	}
	if (head.type == WIRE_NACK &&
	    wire_nack_decode(body, head.body_bytes, &nack) == WIRE_OK) {
		if (nack.code == WIRE_NACK_BUSY) {
			*window = 0;
			return 1; /* from durable + 1 again */
		}
		fprintf(stderr, "bench: NACK %s: %.*s\n",
			wire_nack_name(nack.code), (int)nack.reason.len,
			nack.reason.at);
	}
	return -1;
}

/* Encodes all frames beforehand: the bench's own work is not what counts. */
static struct frame *
make_frames(struct load *l, uint64_t epoch, size_t *n)
{
	const struct plan *p = l->plan;
	int all = p->sites * p->indicators;
	size_t per_day = (size_t)((all + p->frame - 1) / p->frame);
	struct frame *f = calloc((size_t)p->days * per_day, sizeof(*f));

	*n = 0;
	for (int day = 0; day < p->days; day++) {
		for (int from = 0; from < all; from += p->frame) {
			long len;

			fill_frame(l, day, from);
			len = wire_batch_encode(epoch, *n + 1, &l->batch,
						l->buf, sizeof(l->buf));
			if (len < 0)
				abort();
			f[*n].data = malloc((size_t)len);
			memcpy(f[*n].data, l->buf, (size_t)len);
			f[*n].len = (size_t)len;
			l->counts += l->batch.counts_n;
			(*n)++;
		}
	}
	return f;
}

static int
greet(struct load *l, void *s, uint64_t epoch, uint32_t *window)
{
	const struct wire_hello hello = { .sender = l->batch.sender,
					  .first_seq = 1,
					  .software = text_of("bench") };
	uint64_t durable = 0;
	long len = wire_hello_encode(epoch, &hello, l->buf, sizeof(l->buf));

	if (len < 0 || zmq_send(s, l->buf, (size_t)len, 0) < 0)
		return -1;
	return receive(l, s, &durable, window);
}

static void
push(struct load *l, void *s, struct frame *f, size_t n, uint32_t window)
{
	uint64_t durable = 0, next = 1;

	while (durable < n && l->failed == 0) {
		uint64_t before = durable;
		int rc;

		while (next <= n && next <= durable + window) {
			f[next - 1].sent = now_s();
			if (zmq_send(s, f[next - 1].data, f[next - 1].len, 0) < 0)
				l->failed = 1;
			next++;
		}
		rc = receive(l, s, &durable, &window);
		if (rc < 0)
			l->failed = 1;
		if (rc == 1 || durable < before)
			next = durable + 1;
		for (uint64_t i = before; i < durable; i++)
			l->latency[l->latencies++] = (now_s() - f[i].sent) * 1000;
	}
}

/* What a sender has to send, and when all may begin. */
struct start {
	struct load *load;
	pthread_barrier_t *gate;
};

static void *
send_all(void *arg)
{
	struct start *start = arg;
	struct load *l = start->load;
	uint64_t epoch = (uint64_t)time(NULL) * 1000 + (uint64_t)l->number + 1;
	char name[32];
	uint32_t window = 0;
	size_t n;
	struct frame *f;
	void *s;

	snprintf(name, sizeof(name), "gate-%d", l->number);
	l->batch.sender = text_of(name);
	f = make_frames(l, epoch, &n);
	l->latency = calloc(n, sizeof(double));
	s = open_socket(l);
	if (greet(l, s, epoch, &window) < 0)
		l->failed = 1;
	pthread_barrier_wait(start->gate);
	push(l, s, f, n, window);
	pthread_barrier_wait(start->gate);
	zmq_close(s);
	for (size_t i = 0; i < n; i++)
		free(f[i].data);
	free(f);
	return NULL;
}

static struct load *
make_load(const struct plan *p, int number, void *ctx)
{
	struct load *l = calloc(1, sizeof(*l));

	l->plan = p;
	l->number = number;
	l->ctx = ctx;
	l->site = calloc((size_t)p->sites, sizeof(*l->site));
	for (int i = 0; i < p->sites; i++)
		snprintf(l->site[i], sizeof(l->site[i]), "s-%d-%d", number, i);
	if (p->keys != NULL &&
	    fscanf(p->keys, "%40s %40s", l->public_key, l->secret_key) != 2)
		abort();
	return l;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
report(struct load *const *load, int n, double seconds)
{
	uint64_t counts = 0, refused = 0;
	size_t all = 0, at = 0;
	double *ms;

	for (int i = 0; i < n; i++) {
		counts += load[i]->counts;
		refused += load[i]->refused;
		all += load[i]->latencies;
		if (load[i]->failed != 0 || load[i]->refused != 0) {
			fprintf(stderr, "bench: sender %d failed\n", i);
			return 1;
		}
	}
	ms = calloc(all + 1, sizeof(*ms));
	for (int i = 0; i < n; i++) {
		memcpy(ms + at, load[i]->latency,
		       load[i]->latencies * sizeof(*ms));
		at += load[i]->latencies;
	}
	qsort(ms, all, sizeof(*ms), by_size);
	printf("{\"counts\": %llu, \"refused\": %llu, \"seconds\": %.6f, "
	       "\"ack_p50_ms\": %.3f, \"ack_p99_ms\": %.3f}\n",
	       (unsigned long long)counts, (unsigned long long)refused, seconds,
	       ms[all / 2], ms[all * 99 / 100]);
	free(ms);
	return 0;
}

static int
run_send(const struct plan *p)
{
	struct load *load[MAX_SENDERS];
	struct start start[MAX_SENDERS];
	pthread_t thread[MAX_SENDERS];
	pthread_barrier_t gate;
	void *ctx = zmq_ctx_new();
	double from;

	pthread_barrier_init(&gate, NULL, (unsigned)p->senders + 1);
	for (int i = 0; i < p->senders; i++) {
		load[i] = make_load(p, i, ctx);
		start[i] = (struct start){ load[i], &gate };
		pthread_create(&thread[i], NULL, send_all, &start[i]);
	}
	pthread_barrier_wait(&gate);
	from = now_s();
	pthread_barrier_wait(&gate);
	from = now_s() - from;
	for (int i = 0; i < p->senders; i++)
		pthread_join(thread[i], NULL);
	zmq_ctx_term(ctx);
	return report(load, p->senders, from);
}

static void
must(sqlite3 *db, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	fprintf(stderr, "bench: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void
sql(sqlite3 *db, const char *text)
{
	must(db, sqlite3_exec(db, text, NULL, NULL, NULL));
}

static sqlite3 *
open_raw(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;"
		"PRAGMA mmap_size=0");
	return db;
}

static void
put_raw(sqlite3 *db, sqlite3_stmt *s, int32_t day, int series, int value)
{
	sqlite3_bind_int(s, 1, day);
	sqlite3_bind_int(s, 2, series + 1);
	sqlite3_bind_int(s, 3, value);
	must(db, sqlite3_step(s));
	sqlite3_reset(s);
}

/*
 * The order in which the frames of concurrent senders arrive: day by day,
 * sender by sender, frame by frame.
 */
static uint64_t
upsert_all(sqlite3 *db, const struct plan *p)
{
	int all = p->senders * p->sites * p->indicators;
	sqlite3_stmt *s;
	uint64_t n = 0;

	must(db, sqlite3_prepare_v2(
			 db,
			 "INSERT INTO counts(day, series, value, denominator,"
			 " revision, flags, recv, ledger)"
			 " VALUES(?, ?, ?, NULL, 1, 0, 1700000000, 1)"
			 " ON CONFLICT DO UPDATE SET value=excluded.value,"
			 " revision=excluded.revision"
			 " WHERE excluded.revision>revision",
			 -1, &s, NULL));
	sql(db, "BEGIN IMMEDIATE");
	for (int day = 0; day < p->days; day++) {
		for (int series = 0; series < all; series++) {
			put_raw(db, s, p->first + day, series,
				(int)value_of(series, day));
			if (++n % RAW_BATCH == 0)
				sql(db, "COMMIT; BEGIN IMMEDIATE");
		}
	}
	sql(db, "COMMIT");
	sqlite3_finalize(s);
	return n;
}

static int
run_raw(const struct plan *p, const char *path)
{
	sqlite3 *db = open_raw(path);
	double from;
	uint64_t n;

	sql(db, "CREATE TABLE counts(day INTEGER NOT NULL,"
		" series INTEGER NOT NULL, value INTEGER NOT NULL,"
		" denominator INTEGER, revision INTEGER NOT NULL,"
		" flags INTEGER NOT NULL, recv INTEGER NOT NULL,"
		" ledger INTEGER NOT NULL, PRIMARY KEY(day, series))"
		" STRICT, WITHOUT ROWID");
	from = now_s();
	n = upsert_all(db, p);
	from = now_s() - from;
	sqlite3_close(db);
	printf("{\"counts\": %llu, \"seconds\": %.6f}\n", (unsigned long long)n,
	       from);
	return 0;
}

static int
run_fill(const struct plan *p, const char *path)
{
	int per_sender = p->sites * p->indicators;
	sqlite3 *db = open_raw(path);
	char name[160];

	sql(db, "BEGIN");
	for (int i = 0; i < p->senders * per_sender; i++) {
		snprintf(name, sizeof(name),
			 "INSERT INTO series(id, site, indicator, stratum)"
			 " VALUES(%d, 's-%d-%d', '%s', '')",
			 i + 1, i / per_sender, i % per_sender / p->indicators,
			 indicators[i % p->indicators]);
		sql(db, name);
	}
	sql(db, "COMMIT");
	upsert_all(db, p);
	sqlite3_close(db);
	return 0;
}

int
main(int argc, char **argv)
{
	struct plan p = { .frame = 1000, .first = 18000 };
	const char *verb = argc > 6 ? argv[1] : "";

	if (argc <= 6)
		return 64;
	p.senders = atoi(argv[3]);
	p.sites = atoi(argv[4]);
	p.indicators = atoi(argv[5]);
	p.days = atoi(argv[6]);
	if (p.senders < 1 || p.senders > MAX_SENDERS || p.indicators < 1 ||
	    p.indicators > (int)(sizeof(indicators) / sizeof(*indicators)))
		return 64;
	if (strcmp(verb, "raw") == 0)
		return run_raw(&p, argv[2]);
	if (strcmp(verb, "fill") == 0 && argc == 8) {
		p.first = atoi(argv[7]) - p.days + 1;
		return run_fill(&p, argv[2]);
	}
	if (strcmp(verb, "send") != 0 || argc < 9)
		return 64;
	p.endpoint = argv[2];
	p.frame = atoi(argv[7]);
	p.first = atoi(argv[8]);
	if (argc == 11) {
		p.server_key = argv[9];
		p.keys = fopen(argv[10], "re");
		if (p.keys == NULL)
			return 1;
	}
	return run_send(&p);
}
