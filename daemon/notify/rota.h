#ifndef TOCSIN_NOTIFY_ROTA_H
#define TOCSIN_NOTIFY_ROTA_H

/*
 * Who is on duty where and when: a table of the week for an area, and dates
 * that differ.
 *
 *	rota "city" {
 *		area = "3301"
 *		week = { "mon-fri 08:00-18:00 day-desk",
 *			 "mon-fri 18:00-08:00 night-phone",
 *			 "sat-sun 08:00-08:00 weekend-phone" }
 *		except = { "2026-10-01..2026-10-07 08:00-08:00 weekend-phone" }
 *	}
 *
 * Hours are those of the clock on the centre's wall.  Hours that end when they
 * begin or before go on into the next day.  Where an exception applies, the
 * week does not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/conf.h"
#include "daemon/judge/registry.h"

/* The titled block "rota". */
struct rota_conf {
	char *area;
	struct conf_list week, except;
};
extern const struct conf_key rota_keys[];

struct rotas;

/*
 * Copies and checks all blocks; who is on duty must be a receiver whose areas
 * name the area.  NULL after every mistake was reported with file and line.
 * Hours at which nobody is on duty are no mistake here.
 */
struct rotas *rotas_new(const struct conf *conf, conf_report *report, void *arg);
void rotas_free(struct rotas **r);

/* Reports the hours of the week at which nobody is on duty; how many gaps. */
size_t rotas_gaps(const struct rotas *r, conf_report *report, void *arg);

/* Is there a rota of the area? */
bool rotas_have(const struct rotas *r, const char *area);
/* Is the receiver named by a rota of any area? */
bool rotas_name(const struct rotas *r, const char *receiver);
/* Is it on duty, there or (area NULL) anywhere, at that time since 1970? */
bool rotas_on_duty(const struct rotas *r, const char *receiver,
		   const char *area, int64_t at_ms);
/* Is there a rota of the area, and nobody on duty? */
bool rotas_vacant(const struct rotas *r, const char *area, int64_t at_ms);

/*
 * [{rota, area, area_name, area_name_zh, now: [receivers], until_ms, next:
 * [receivers]}]: until_ms is when that changes, null if not within 8 days.
 */
json_t *rotas_json(const struct rotas *r, const struct registry *registry,
		   int64_t at_ms);

#endif
