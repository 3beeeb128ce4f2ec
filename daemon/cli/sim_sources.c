/*
 * What is counted in the invented province: kinds of source and their
 * streams.  docs/province.md says where the orders of magnitude come from.
 */
#include "daemon/cli/sim_world.h"

enum {
	FEVER_CLINIC,
	ED,
	PRIMARY_CARE,
	SCHOOL,
	NURSING_HOME,
	PHARMACY,
	ENTERIC_CLINIC,
	EMS,
	LAB,
	RAIL_STATION,
	AIRPORT,
	PORT,
	HOSPITAL, /* from here on only with all_sources */
	REGISTRY,
	ADVERSE_EVENT,
	FOOD,
	MARKET,
	VET,
	VECTOR,
	WASTEWATER,
	DRUG_SUPPLY,
	OVERSEAS,
	KINDS,
	USUAL_KINDS = HOSPITAL
};

const struct sim_kind sim_kind_table[KINDS] = {
	{ "fever-clinic", "daily", "fever clinic", "发热门诊", 2, 0, SIM_CLINIC },
	{ "ed", "daily", "emergency department", "急诊科", 1, 0, SIM_CLINIC },
	{ "primary-care", "workdays", "township clinic", "卫生院", 4, 0,
	  SIM_WORK },
	{ "school", "schooldays", "school", "学校", 5, 0, SIM_SCHOOL },
	{ "nursing-home", "daily", "nursing home", "养老院", 2, 0, SIM_EVEN },
	{ "pharmacy", "daily", "pharmacy", "药店", 4, 0, SIM_SHOP },
	{ "enteric-clinic", "daily", "enteric clinic", "肠道门诊", 1, 0,
	  SIM_CLINIC },
	{ "ems", "daily", "ambulance service", "急救中心", 1, 0, SIM_EVEN },
	{ "lab", "workdays", "laboratory", "检验中心", 1, 0, SIM_WORK },
	{ "rail-station", "daily", "railway station", "火车站", 1, 2, SIM_EVEN },
	{ "airport", "daily", "airport", "机场", 1, 5, SIM_EVEN },
	{ "port", "daily", "river port", "港口", 1, 4, SIM_EVEN },
	{ "hospital", "daily", "hospital", "医院", 1, 0, SIM_EVEN },
	{ "registry", "daily", "case reports", "传染病报告", 1, 0, SIM_CLINIC },
	{ "adverse-event", "daily", "reaction reports", "不良反应监测", 1, 0,
	  SIM_DOSES },
	{ "food", "workdays", "food safety office", "食品安全办", 1, 0, SIM_WORK },
	{ "market", "weekly", "wholesale market", "批发市场", 2, 0, SIM_WEEKLY },
	{ "vet", "weekly", "veterinary station", "兽医站", 2, 0, SIM_WEEKLY },
	{ "vector", "weekly", "vector survey", "病媒监测点", 2, 0, SIM_WEEKLY },
	{ "wastewater", "weekly", "sewage works", "污水处理厂", 1, 2, SIM_WEEKLY },
	{ "drug-supply", "weekly", "medicine supply", "药品供应", 1, 0,
	  SIM_WEEKLY },
	/* in the first county only: one desk follows four places abroad */
	{ "overseas", "daily", "place abroad", "境外关联地", 4,
	  SIM_MAX_COUNTIES, SIM_TRAVEL },
};

const struct sim_stream sim_stream_table[] = {
	{ FEVER_CLINIC, "fever-visit", SIM_RESPIRATORY, 16, 60, 25, 1, .08, 2, 0 },
	{ FEVER_CLINIC, "ili-visit", SIM_RESPIRATORY, 9, 60, 20, 1, .07, 2, 0 },
	{ ED, "ili-visit", SIM_RESPIRATORY, 20, 150, 30, 1, .09, 3, 0 },
	{ ED, "gi-visit", SIM_ENTERIC, 10, 150, 30, 1, .10, 1, 0 },
	{ PRIMARY_CARE, "ari-visit", SIM_RESPIRATORY, 14, 45, 15, 1, .14, 2, 0 },
	{ SCHOOL, "resp-absence", SIM_RESPIRATORY, 3.5, 600, 10, .9, .12, 1, 0 },
	{ SCHOOL, "gi-absence", SIM_ENTERIC, .6, 600, 6, .9, .14, 1, 0 },
	{ NURSING_HOME, "ili-residents", SIM_RESPIRATORY, .25, 120, 3, .8, .02,
	  4, 0 },
	{ NURSING_HOME, "gi-residents", SIM_ENTERIC, .12, 120, 3, .8, .02, 2, 0 },
	{ PHARMACY, "otc-cough-cold", SIM_RESPIRATORY, 26, 220, 12, .9, .30, 1,
	  0 },
	{ PHARMACY, "otc-fever", SIM_RESPIRATORY, 15, 220, 12, .9, .20, 1, 0 },
	{ PHARMACY, "otc-antidiarrhoeal", SIM_ENTERIC, 8, 220, 12, .8, .25, 1, 0 },
	{ ENTERIC_CLINIC, "gi-visit", SIM_ENTERIC, 9, 25, 20, 1, .15, 1, 0 },
	{ EMS, "ems-resp", SIM_RESPIRATORY, 6, 70, 40, .7, .02, 4, 0 },
	{ LAB, "flu-positive", SIM_RESPIRATORY, 4, 30, 6, 1.6, .05, 5, 0 },
	{ LAB, "norovirus-positive", SIM_ENTERIC, 1.2, 12, 4, 1.4, .04, 4, 0 },
	{ RAIL_STATION, "fever-screened", SIM_RESPIRATORY, .4, 5000, 2, .6,
	  .005, 1, 0 },
	{ AIRPORT, "fever-screened", SIM_RESPIRATORY, .5, 3000, 2, .6, .005, 1,
	  0 },
	{ PORT, "fever-screened", SIM_RESPIRATORY, .1, 300, 2, .6, .003, 1, 0 },
	/* from here on only with all_sources */
	{ ED, "rash-visit", SIM_RASH, .8, 150, 5, 1, .10, 1, 0 },
	{ FEVER_CLINIC, "rash-visit", SIM_RASH, .25, 60, 3, 1, .05, 1, 0 },
	{ PRIMARY_CARE, "rash-visit", SIM_RASH, .15, 45, 2, 1, .06, 1, 0 },
	{ SCHOOL, "varicella-case", SIM_RASH, .015, 0, .3, 1, .20, 2, 0 },
	{ SCHOOL, "mumps-case", SIM_RASH, .005, 0, .3, .5, .02, 3, 0 },
	{ REGISTRY, "hfmd-case", SIM_RASH, 1.8, 0, 4, 1.3, .35, 3, 0 },
	{ REGISTRY, "varicella-case", SIM_RASH, .9, 0, 4, .9, .20, 3, 0 },
	{ REGISTRY, "mumps-case", SIM_RASH, .3, 0, 3, .5, .02, 4, 0 },
	{ REGISTRY, "measles-case", SIM_RASH, .0015, 0, .3, .5, .01, 4, 0 },
	{ REGISTRY, "rubella-case", SIM_RASH, .004, 0, .3, .5, .01, 4, 0 },
	{ ED, "neuro-visit", SIM_NEUROLOGICAL, .15, 150, 2, 1, .35, 1, 0 },
	{ HOSPITAL, "neuro-visit", SIM_NEUROLOGICAL, .10, 90, 2, 1, .25, 3, 0 },
	{ ED, "poisoning-visit", SIM_POISONING, 1.2, 150, 8, .3, .30, 0, 0 },
	{ PRIMARY_CARE, "poisoning-visit", SIM_POISONING, .06, 45, 2, .3, .05,
	  0, 0 },
	{ ED, "co-poisoning", SIM_POISONING, .04, 0, .5, 1.8, .20, 0, 0 },
	{ EMS, "co-poisoning", SIM_POISONING, .02, 0, .5, 1.8, .10, 0, 0 },
	{ ADVERSE_EVENT, "aefi-report", SIM_VACCINE, .30, 600, 3, 1, .30, 1, 0 },
	{ ADVERSE_EVENT, "adr-report", SIM_MEDICINE, 2.4, 0, 5, 1, .15, 2, 0 },
	{ FOOD, "food-complaint", SIM_ENTERIC, .9, 0, 4, .4, .02, 1, 0 },
	{ ED, "foodborne-case", SIM_ENTERIC, .15, 0, .8, .5, .08, 1, 0 },
	{ HOSPITAL, "foodborne-case", SIM_ENTERIC, .15, 0, .8, .5, .06, 2, 0 },
	{ MARKET, "market-positive", SIM_ANIMAL, .3, 20, .8, 1, .03, 3, 0 },
	{ VET, "poultry-death", SIM_ANIMAL, 10, 20000, 1, .8, .50, 0, 0 },
	{ VET, "swine-death", SIM_ANIMAL, 6, 3000, 1.2, .4, .10, 0, 0 },
	{ VET, "wild-bird-death", SIM_ANIMAL, .12, 0, .4, 1, .02, 0, 0 },
	{ VET, "animal-positive", SIM_ANIMAL, .35, 40, .8, 1, .04, 4, 0 },
	{ VECTOR, "mosquito-index", SIM_VECTOR, 4, 0, 4, 1.3, .02, 0, 0 },
	{ VECTOR, "rodent-index", SIM_VECTOR, 2, 0, 4, .2, .01, 0, 0 },
	{ VECTOR, "host-dead", SIM_VECTOR, .001, 0, .3, .2, .002, 0, 0 },
	{ WASTEWATER, "ww-covid", SIM_RESPIRATORY, 120, 0, 1, .8, .10, 2, .55 },
	{ WASTEWATER, "ww-flu", SIM_RESPIRATORY, 40, 0, 1, 1.6, .30, 2, .60 },
	{ DRUG_SUPPLY, "drug-stock", SIM_RESPIRATORY, 30, 0, 1, -.5, -.02, 2,
	  .12 },
	{ DRUG_SUPPLY, "drug-price", SIM_RESPIRATORY, 100, 0, 1, .1, .01, 2,
	  .015 },
	{ DRUG_SUPPLY, "drug-shortage", SIM_RESPIRATORY, .08, 0, .6, .8, .002,
	  4, 0 },
	{ OVERSEAS, "overseas-case", SIM_OVERSEAS, 12, 0, 1.5, 1, .20, 5, 0 },
	{ AIRPORT, "imported-case", SIM_OVERSEAS, .01, 0, .5, 1, .01, 2, 0 },
	{ PORT, "imported-case", SIM_OVERSEAS, .003, 0, .5, 1, .005, 2, 0 },
	{ HOSPITAL, "hai-case", SIM_HOSPITAL, 1.2, 500, 10, 1, .60, 3, 0 },
};

enum { USUAL_STREAMS = 19 };

size_t
sim_kind_n(void)
{
	return USUAL_KINDS;
}

size_t
sim_all_kind_n(void)
{
	return KINDS;
}

size_t
sim_stream_n(void)
{
	return USUAL_STREAMS;
}

size_t
sim_all_stream_n(void)
{
	return sizeof(sim_stream_table) / sizeof(sim_stream_table[0]);
}

static uint32_t
kinds_of(enum sim_syndrome syndrome, size_t streams)
{
	uint32_t kinds = 0;

	for (size_t i = 0; i < streams; i++) {
		if (sim_stream_table[i].syndrome == syndrome)
			kinds |= 1u << sim_stream_table[i].kind;
	}
	return kinds;
}

uint32_t
sim_kinds_of(enum sim_syndrome syndrome)
{
	return kinds_of(syndrome, sim_stream_n());
}

uint32_t
sim_all_kinds_of(enum sim_syndrome syndrome)
{
	return kinds_of(syndrome, sim_all_stream_n());
}

const char *
sim_syndrome_str(enum sim_syndrome syndrome)
{
	static const char *const name[SIM_SYNDROMES] = {
		[SIM_RESPIRATORY] = "respiratory",
		[SIM_ENTERIC] = "enteric",
		[SIM_RASH] = "rash-fever",
		[SIM_NEUROLOGICAL] = "neurological",
		[SIM_POISONING] = "poisoning",
		[SIM_ANIMAL] = "animal",
		[SIM_VECTOR] = "vector",
		[SIM_VACCINE] = "vaccine",
		[SIM_MEDICINE] = "medicine",
		[SIM_OVERSEAS] = "overseas",
		[SIM_HOSPITAL] = "hospital",
	};

	return syndrome < SIM_SYNDROMES ? name[syndrome] : NULL;
}
