/* The senders of the intake's bench, one thread each. */
#include "tests/bench/ingest_load.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

const char *const load_indicators[MAX_INDICATORS] = {
	"ili-visit",	"fever-visit",	"ari-visit",  "gi-visit",
	"cli-visit",	"rash-visit",	"cli-admit",  "sari-admit",
	"flu-case",	"hfmd-case",	"mumps-case", "measles-case",
	"rsv-positive", "flu-positive", "covid-case", "covid-hosp",
};

struct load {
	const struct plan *plan;
	int number;
	char name[32];
	uint64_t epoch;
	char public_key[41], secret_key[41];
	void *ctx;
	uint64_t counts, refused;
	uint32_t window;
	uint64_t went_back; /* to this frame, last */
	double *latency;    /* ms, one a frame */
	size_t latencies;
	int failed;
	struct wire_batch batch;
	char (*site)[32];
	uint8_t buf[WIRE_MAX_FRAME];
};

double
load_now_s(void)
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

uint32_t
load_value(int series, int day, int round)
{
	uint32_t x = (uint32_t)series * 2654435761u + (uint32_t)day * 40503u +
		     (uint32_t)round * 97u * 65536u;

	return 5 + (x >> 16) % 20;
}

/* Puts counts of the day, from the series `from` on, into the frame. */
static void
fill_frame(struct load *l, int round, int day, int from)
{
	const struct plan *p = l->plan;
	int all = p->sites * p->indicators;
	int n = all - from < p->frame ? all - from : p->frame;

	l->batch.series_n = l->batch.counts_n = (size_t)n;
	for (int i = 0; i < n; i++) {
		int series = from + i;

		l->batch.series[i] = (struct wire_series){
			.site = text_of(l->site[series / p->indicators]),
			.indicator =
				text_of(load_indicators[series % p->indicators]),
			.stratum = text_of(""),
		};
		l->batch.counts[i] = (struct wire_count){
			.series = (uint32_t)i,
			.day = p->first + day,
			.value = load_value(series, day, round),
			.revision = (uint32_t)round + 1,
		};
	}
}

static void
set_int(void *s, int option, int value)
{
	zmq_setsockopt(s, option, &value, sizeof(value));
}

void *
load_socket(struct load *l)
{
	void *s = zmq_socket(l->ctx, ZMQ_DEALER);

	set_int(s, ZMQ_LINGER, 0);
	set_int(s, ZMQ_RCVTIMEO, 30000);
	if (l->plan->server_key != NULL) {
		zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, l->plan->server_key, 40);
		zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, l->public_key, 40);
		zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, l->secret_key, 40);
	}
	if (zmq_connect(s, l->plan->to) != 0)
		fprintf(stderr, "bench: %s\n", zmq_strerror(errno));
	return s;
}

/* What an answer says: how far it is durable, and with which to go on. */
struct answer {
	uint64_t durable, again; /* again 0: with the next */
};

/* A frame was not taken: from it on once more, in its turn. */
static int
go_back(struct load *l, const struct wire_nack_body *nack, struct answer *a)
{
	if (nack->code != WIRE_NACK_BUSY && nack->code != WIRE_NACK_EXPECTED) {
		fprintf(stderr, "bench: NACK %s: %.*s\n",
			wire_nack_name(nack->code), (int)nack->reason.len,
			nack->reason.at);
		return -1;
	}
	/* All frames behind one that was not taken are answered the same. */
	if (nack->code == WIRE_NACK_BUSY || nack->expected_seq != l->went_back)
		a->again = nack->expected_seq;
	if (nack->code == WIRE_NACK_BUSY)
		l->window = 0;
	l->went_back = nack->expected_seq;
	return 0;
}

static int
receive(struct load *l, void *s, struct answer *a)
{
	static _Thread_local uint8_t buf[65536];
	struct wire_header head;
	struct wire_welcome welcome;
	struct wire_ack ack;
	struct wire_nack_body nack;
	const uint8_t *body;
	int n = zmq_recv(s, buf, sizeof(buf), 0);

	a->again = 0;
	if (n < 0 || wire_open(buf, (size_t)n, &head, &body) != WIRE_OK)
		return -1;
	if (head.type == WIRE_WELCOME &&
	    wire_welcome_decode(body, head.body_bytes, &welcome) == WIRE_OK) {
		a->durable = head.seq;
		l->window = welcome.window;
		return 0;
	}
	if (head.type == WIRE_ACK &&
	    wire_ack_decode(body, head.body_bytes, &ack) == WIRE_OK) {
		a->durable = head.seq;
		l->window = ack.window;
		l->refused += ack.refused_total;
		return 0;
	}
	if (head.type == WIRE_NACK &&
	    wire_nack_decode(body, head.body_bytes, &nack) == WIRE_OK)
		return go_back(l, &nack, a);
	return -1;
}

struct frame *
load_frames(struct load *l, int round, uint64_t first_seq, size_t *n)
{
	const struct plan *p = l->plan;
	int all = p->sites * p->indicators;
	size_t per_day = (size_t)((all + p->frame - 1) / p->frame);
	struct frame *f = calloc((size_t)p->days * per_day, sizeof(*f));

	*n = 0;
	for (int day = 0; day < p->days; day++) {
		for (int from = 0; from < all; from += p->frame) {
			long len;

			fill_frame(l, round, day, from);
			len = wire_batch_encode(l->epoch, first_seq + *n,
						&l->batch, l->buf,
						sizeof(l->buf));
			if (len < 0)
				abort();
			f[*n].data = malloc((size_t)len);
			memcpy(f[*n].data, l->buf, (size_t)len);
			f[(*n)++].len = (size_t)len;
			l->counts += l->batch.counts_n;
		}
	}
	return f;
}

void
load_frames_free(struct frame *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(f[i].data);
	free(f);
}

static int
greet(struct load *l, void *s)
{
	const struct wire_hello hello = { .sender = l->batch.sender,
					  .first_seq = 1,
					  .software = text_of("bench") };
	struct answer answer = { 0 };
	long len = wire_hello_encode(l->epoch, &hello, l->buf, sizeof(l->buf));

	if (len < 0 || zmq_send(s, l->buf, (size_t)len, 0) < 0)
		return -1;
	return receive(l, s, &answer);
}

/* Frames base + 1 .. base + n, as the window allows. */
static void
push(struct load *l, void *s, struct frame *f, uint64_t base, size_t n)
{
	struct answer answer = { .durable = base };
	uint64_t next = base + 1, last = base + n;

	while (answer.durable < last && l->failed == 0) {
		uint64_t before = answer.durable;

		while (next <= last && next <= before + l->window) {
			struct frame *one = &f[next - base - 1];

			one->sent = load_now_s();
			if (zmq_send(s, one->data, one->len, 0) < 0)
				l->failed = 1;
			next++;
		}
		if (receive(l, s, &answer) < 0)
			l->failed = 1;
		if (answer.again != 0)
			next = answer.again;
		for (uint64_t i = before; i < answer.durable; i++)
			l->latency[l->latencies++] =
				(load_now_s() - f[i - base].sent) * 1000;
	}
}

/* Sleeps until the round is due. */
static void
wait_for_round(const struct plan *p, double began, int round)
{
	double due = began + (double)p->seconds / p->rounds * round;
	double left = due - load_now_s();
	struct timespec nap;

	if (left <= 0)
		return;
	nap.tv_sec = (time_t)left;
	nap.tv_nsec = (long)((left - (double)nap.tv_sec) * 1e9);
	nanosleep(&nap, NULL);
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
	const struct plan *p = l->plan;
	uint64_t base = 0;
	double began;
	size_t n;
	struct frame *f = load_frames(l, 0, 1, &n);
	void *s = load_socket(l);

	/* The first round is encoded beforehand: that is the bench's own. */
	l->latency = calloc(n * (size_t)p->rounds, sizeof(double));
	if (greet(l, s) < 0)
		l->failed = 1;
	pthread_barrier_wait(start->gate);
	began = load_now_s();
	for (int round = 0; round < p->rounds && l->failed == 0; round++) {
		if (round > 0) {
			load_frames_free(f, n);
			f = load_frames(l, round, base + 1, &n);
			wait_for_round(p, began, round);
		}
		push(l, s, f, base, n);
		base += n;
	}
	pthread_barrier_wait(start->gate);
	zmq_close(s);
	load_frames_free(f, n);
	return NULL;
}

struct load *
load_new(const struct plan *p, int number, void *ctx)
{
	struct load *l = calloc(1, sizeof(*l));

	l->plan = p;
	l->number = number;
	l->ctx = ctx;
	l->epoch = (uint64_t)time(NULL) * 1000 + (uint64_t)number + 1;
	snprintf(l->name, sizeof(l->name), "gate-%d", number);
	l->batch.sender = text_of(l->name);
	l->site = calloc((size_t)p->sites, sizeof(*l->site));
	for (int i = 0; i < p->sites; i++)
		snprintf(l->site[i], sizeof(l->site[i]), "s-%d-%d", number, i);
	if (p->keys == NULL)
		zmq_curve_keypair(l->public_key, l->secret_key);
	else if (fscanf(p->keys, "%40s %40s", l->public_key, l->secret_key) != 2)
		abort();
	return l;
}

void
load_free(struct load **pl)
{
	struct load *l = *pl;

	*pl = NULL;
	free(l->site);
	free(l->latency);
	free(l);
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

int
load_send(const struct plan *p)
{
	struct load *load[MAX_SENDERS];
	struct start start[MAX_SENDERS];
	pthread_t thread[MAX_SENDERS];
	pthread_barrier_t gate;
	void *ctx = zmq_ctx_new();
	double from;
	int rc;

	pthread_barrier_init(&gate, NULL, (unsigned)p->senders + 1);
	for (int i = 0; i < p->senders; i++) {
		load[i] = load_new(p, i, ctx);
		start[i] = (struct start){ load[i], &gate };
		pthread_create(&thread[i], NULL, send_all, &start[i]);
	}
	pthread_barrier_wait(&gate);
	from = load_now_s();
	pthread_barrier_wait(&gate);
	from = load_now_s() - from;
	for (int i = 0; i < p->senders; i++)
		pthread_join(thread[i], NULL);
	zmq_ctx_term(ctx);
	rc = report(load, p->senders, from);
	for (int i = 0; i < p->senders; i++)
		load_free(&load[i]);
	return rc;
}
