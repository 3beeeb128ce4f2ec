/*
 * The columns of every list.  What the interface adds to a row has its column
 * here too; lists of objects (evidence of an event, clocks) have none.
 */
#include "daemon/console/sheet.h"

#include <stddef.h>

/* As "tocsin area import" and "tocsin site import" read them. */
const struct sheet sheet_areas = {
	.list = { "areas" },
	.columns = "area parent level name name_zh population lat lon",
};

const struct sheet sheet_sites = {
	.list = { "sites" },
	.columns = "site kind area name period reports_on phone gateway "
		   "zone withdrawn calendar class area_name area_name_zh "
		   "today series state missing missing_since last_day "
		   "closed_day recent",
};

const struct sheet sheet_series = {
	.list = { "series" },
	.columns = "site site_name kind area indicator stratum period "
		   "state missing missing_since",
};

const struct sheet sheet_points = {
	.list = { "points" },
	.columns = "site=/site site_name=/site_name area=/area "
		   "kind=/kind indicator=/indicator stratum=/stratum "
		   "period=/period day count denominator partial level "
		   "reason expected upper p borrowed mark",
};

/* A row has a kind or an indicator. */
const struct sheet sheet_vocabulary = {
	.list = { "kinds", "indicators" },
	.columns = "kind indicator en zh class period group unit",
};

const struct sheet sheet_alerts = {
	.list = { "alerts" },
	.columns =
		"id state signal grade trigger title title_zh summary "
		"area area_name area_name_zh area_path area_path_zh "
		"level site indicator kinds kind_names kind_names_zh classes "
		"points p recurrence_years peak_years coverage cases "
		"evidence_n "
		"first_day last_day opened last_signal opened_ms "
		"acknowledged_ms owner outcome risk unsupported "
		"statutory basis basis_zh tell previous parent part_of "
		"merged_into merged_below children told_children "
		"told_cases norm window_days version route cause sender "
		"facts",
};

const struct sheet sheet_evidence = {
	.list = { "evidence" },
	.columns = "alert=/id site site_name phone area area_name "
		   "area_name_zh area_path area_path_zh kind kind_name "
		   "kind_name_zh indicator indicator_name "
		   "indicator_name_zh stratum first_day day observed expected "
		   "upper p method weak borrowed",
};

/* What an event of the desk says; a back-test's has no number. */
#define EVENT_COLUMNS                                                          \
	"event as_of id trigger area site indicator level grade kinds "        \
	"points p recurrence_years coverage cases first_day "                  \
	"last_day"

const struct sheet sheet_backtest = {
	.columns = EVENT_COLUMNS,
};

const struct sheet sheet_alert_events = {
	.list = { "events" },
	.columns =
		"number at_ms version " EVENT_COLUMNS
		" merged_below actor note outcome from to told passed vacant "
		"route cause sender facts",
};

const struct sheet sheet_map = {
	.list = { "areas" },
	.columns = "day=/day area parent level name name_zh population lat lon "
		   "children signal active ended top_alert=top/id sites "
		   "coverage reporting",
};

const struct sheet sheet_explain = {
	.list = { "triggers" },
	.columns = "area=/area day=/day trigger title title_zh rule "
		   "statutory window_days colour coverage unknown "
		   "least_coverage p "
		   "recurrence_years points streams basis basis_zh cases "
		   "limit too_late score score_days alert=alert/id "
		   "next_colour=next/colour "
		   "next_lacks=next/lacks words",
};

const struct sheet sheet_scorecard = {
	.list = { "triggers" },
	.columns = "from=/from to=/to trigger title title_zh statutory "
		   "budget areas opened per_area_year blue=colours/blue "
		   "yellow=colours/yellow orange=colours/orange "
		   "red=colours/red parts acknowledged in_time "
		   "median_minutes closed outcomes confirmed",
};

const struct sheet sheet_advice = {
	.list = { "triggers" },
	.columns = "from=/from to=/to trigger title title_zh statutory area "
		   "file budget closed outbreaks share low high least "
		   "missed advice new_budget words",
};

/* As "tocsin backtest --marks" reads them. */
const struct sheet sheet_marks = {
	.list = { "marks" },
	.columns = "number area site kinds indicators from to why text "
		   "alert actor at_ms withdrawn_by withdrawn_ms",
};

const struct sheet sheet_notices = {
	.list = { "notices" },
	.columns = "id event receiver message state tries created_ms "
		   "next_ms error digest_ms",
};

const struct sheet sheet_rota = {
	.list = { "rota" },
	.columns = "rota area area_name area_name_zh now until_ms next",
};

const struct sheet sheet_keys = {
	.list = { "keys" },
	.columns = "fingerprint key added_ms revoked",
};

/* What "tocsin trigger list" says of each. */
const struct sheet sheet_triggers = {
	.list = { "triggers" },
	.columns = "name title title_zh rule budget levels window_days "
		   "quiet_days indicators kinds part_of deadlines tell "
		   "shares basis basis_zh file",
};

/* One figure as a row; nothing for what has parts. */
static void
put_figure(json_t *rows, const char *part, const char *name, json_t *value)
{
	if (!json_is_object(value) && !json_is_array(value))
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:O}", "part", part,
						"name", name, "value", value));
}

/* Every figure a row: of the daemon, then of each part; "refused day" is
   the figure "day" of the figure "refused". */
static json_t *
unfold_status(const json_t *reply)
{
	json_t *rows = json_array(), *block, *value, *figure;
	const char *part, *name, *of;
	char both[64];

	json_object_foreach ((json_t *)reply, part, block)
		put_figure(rows, "", part, block);
	json_object_foreach ((json_t *)reply, part, block) {
		json_object_foreach (block, name, value) {
			put_figure(rows, part, name, value);
			json_object_foreach (value, of, figure) {
				snprintf(both, sizeof(both), "%.30s %.30s",
					 name, of);
				put_figure(rows, part, both, figure);
			}
		}
	}
	return rows;
}

const struct sheet sheet_status = {
	.unfold = unfold_status,
	.columns = "today=/today part name value",
};
