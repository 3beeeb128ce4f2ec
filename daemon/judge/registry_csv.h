#ifndef TOCSIN_JUDGE_REGISTRY_CSV_H
#define TOCSIN_JUDGE_REGISTRY_CSV_H

/*
 * The registry's tables as CSV: what etc/ ships, what "tocsin area import"
 * and a back-test read.  All four return the number of bad rows or -1 as
 * table_read() does, and everything bad is reported.
 */

#include "daemon/judge/registry.h"
#include "daemon/judge/table.h"

/* kind,en,zh,period,reports_on,class */
int registry_read_kinds(struct registry *r, const char *path,
			table_report *report, void *arg)
	__attribute__((warn_unused_result));

/* indicator,group,direction,unit,denominator,en,zh */
int registry_read_indicators(struct registry *r, const char *path,
			     table_report *report, void *arg)
	__attribute__((warn_unused_result));

/*
 * area,parent,level,name,population,lat,lon[,name_zh].  A parent may stand
 * after its children; a cycle is an error of every row in it.
 */
int registry_read_areas(struct registry *r, const char *path,
			table_report *report, void *arg)
	__attribute__((warn_unused_result));

/*
 * site,kind,area,name[,period][,reports_on][,phone][,gateway][,zone]
 * [,withdrawn][,calendar]
 */
int registry_read_sites(struct registry *r, const char *path,
			table_report *report, void *arg)
	__attribute__((warn_unused_result));

/* "daily" .. "weekly"; -1 = no such word. */
int registry_expect_parse(const char *text);
const char *registry_expect_str(enum reg_expect expect);

#endif
