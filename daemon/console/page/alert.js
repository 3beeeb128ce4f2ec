/* One alert: why it rang, its evidence, who did what, and what to do. */
import { html, useEffect, useMemo, useState } from './vendor/htm-preact.js';
import { get } from './api.js';
import { t, word, subject, named, plural, areaPath, span, date, time, number, probability, currentLanguage } from './text.js';
import { Grade, State, Coverage, Csv, Failure, Waiting } from './parts.js';
import { Chart, Legend } from './chart.js';
import { Actions, Clocks, Tasks } from './work.js';

const CHARTS = 4;
const PERIODS_BEFORE = 56;
const YEARS_SHOWN = 1000; /* a longer interval says no more */

const keyOf = (e) => [e.site, e.area, e.kind, e.indicator, e.stratum || ''].join('|');
const addDays = (day, n) => new Date(Date.parse(day) + n * 864e5).toISOString().slice(0, 10);

/* One entry a series, the clearest first. */
function bySeries(evidence) {
	const map = new Map();
	for (const e of evidence) {
		const known = map.get(keyOf(e));
		if (!known)
			map.set(keyOf(e), { ...e, rows: [e] });
		else
			known.rows.push(e);
	}
	const all = [...map.values()];
	for (const s of all)
		s.p = Math.min(...s.rows.map((e) => e.p ?? 1));
	return all.sort((a, b) => a.p - b.p);
}

/* The points that the alert keeps of a series, or undefined. */
function frozen(alert, series) {
	const chart = (alert.charts || []).find((c) => keyOf(c) === keyOf(series));
	return chart && {
		period: chart.period,
		points: chart.count.map((count, i) => ({
			day: addDays(chart.from, i * chart.period), count, level: chart.level[i],
			expected: chart.expected[i], upper: chart.upper[i], p: chart.p[i],
		})),
	};
}

function SeriesChart({ series, alert, live, kinds, indicators, tick }) {
	const [reply, setReply] = useState(null);
	const [error, setError] = useState(null);
	const kept = useMemo(() => (live ? undefined : frozen(alert, series)), [live, alert, keyOf(series)]);

	const query = {
		...(series.site ? { site: series.site, stratum: series.stratum }
			: { area: series.area, kind: series.kind }),
		indicator: series.indicator,
		from: addDays(alert.first_day, -PERIODS_BEFORE), to: addDays(alert.last_day, 7),
	};

	useEffect(() => {
		if (kept)
			return;
		get('series/points', query).then((r) => { setReply(r); setError(null); }, setError);
	}, [keyOf(series), alert.first_day, alert.last_day, tick, !kept]);

	const shown = kept || reply;
	const points = useMemo(() => (shown ? untilKnown(shown.points, alert.last_day) : []), [shown]);
	const title = t('chart.title', {
		indicator: indicators(series.indicator),
		place: series.site ? (series.site_name || series.site) : t('site.all_of', { area: named(series, 'area_') }),
	});
	return html`<figure data-frozen=${kept ? 'yes' : 'no'}>
		<figcaption><b>${indicators(series.indicator)}</b>
			<span>${series.site ? html`<a href="#/sites/${series.site}">${series.site_name || series.site}</a>`
			: t('site.all_of', { area: named(series, 'area_') })}</span>
			<span class="chip">${kinds(series.kind)}</span>
			<small class="muted">${areaPath(series)}</small></figcaption>
		${error && !shown ? html`<${Failure} error=${error} />`
		: shown ? html`<${Chart} points=${points} period=${shown.period} title=${title}
			csv=${!kept && html`<${Csv} path="series/points" query=${query} name="${series.site || series.area}-${series.indicator}" />`}
			shade=${{ from: alert.first_day, to: alert.last_day }} />` : html`<div class="plot-wait"></div>`}
	</figure>`;
}

/* The days after the alarm window that have not come yet are left out. */
function untilKnown(points, lastDay) {
	let end = points.length;
	while (end > 0 && points[end - 1].count === null && points[end - 1].day > lastDay)
		end--;
	return points.slice(0, end);
}

function Evidence({ rows, kinds, indicators }) {
	const sorted = rows.slice().sort((a, b) => (a.p ?? 1) - (b.p ?? 1));
	return html`<div class="scroll" tabindex="0"><table class="dense">
		<thead><tr><th>${t('col.site')}</th><th>${t('col.kind')}</th><th>${t('col.indicator')}</th>
			<th>${t('col.day')}</th><th class="num">${t('col.observed')}</th>
			<th class="num">${t('col.expected')}</th><th class="num">${t('col.limit')}</th><th class="num">${t('col.p')}</th></tr></thead>
		<tbody>${sorted.map((e) => html`<tr>
			<td>${e.site ? html`<a href="#/sites/${e.site}">${e.site_name || e.site}</a>` : t('site.all_of', { area: named(e, 'area_') })}
				<small>${named(e, 'area_')}${e.phone ? html` · <a href="tel:${e.phone}">${e.phone}</a>` : ''}</small>
				${e.borrowed && html`<small>${t('evidence.borrowed', { peers: number(e.borrowed.peers), own: number(e.borrowed.own), area: named(e.borrowed, 'area_') })}</small>`}</td>
			<td>${kinds(e.kind)}</td><td>${indicators(e.indicator)}${e.stratum ? ` (${e.stratum})` : ''}</td>
			<td class="day">${e.first_day && e.first_day !== e.day ? `${date(e.first_day, true)} – ` : ''}${date(e.day, true)}</td>
			<td class="num"><b>${number(e.observed)}</b></td>
			<td class="num">${number(e.expected, 1)}</td><td class="num">${number(e.upper, 1)}</td>
			<td class="num" title=${e.method}>${probability(e.p)}</td>
		</tr>`)}</tbody></table></div>`;
}

/* Which clocks were missed, and who above was told of it. */
function escalated(e) {
	return t(e.told.length === 0 ? 'escalated.nobody' : e.vacant ? 'escalated.told_vacant' : 'escalated.told', {
		clocks: e.clocks.map((c) => word('deadline', c.step)).join(t('list.comma')),
		area: named(e.to, 'area_'), told: e.told.join(t('list.comma')),
	});
}

function Activity({ events }) {
	const told = events.filter((e) => e.event !== 'continued');
	return html`<ol class="activity">${told.reverse().map((e) => html`<li class=${e.actor ? 'person' : ''}>
		<b>${word('event', e.event)}</b>${e.grade ? html` <${Grade} grade=${e.grade} />` : ''}
		${e.actor && html` <span class="actor">${e.actor}</span>`}
		${e.from && e.to && e.from !== e.to && html` <small>${word('state', e.from)} → ${word('state', e.to)}</small>`}
		${e.outcome && e.event !== 'task-done' && html` <small>${word(e.event === 'characterised' ? 'risk' : 'outcome', e.outcome)}</small>`}
		${e.note && html`<p>${e.note}</p>`}
		${e.event === 'escalated' && html`<p>${escalated(e)}</p>`}
		<small class="when">${e.at_ms ? time(e.at_ms) : ''}${e.at_ms && e.as_of ? ' · ' : ''}${e.as_of ? t('as_of', { day: date(e.as_of) }) : ''}</small>
	</li>`)}</ol>
	${events.length > told.length && html`<p class="muted small">${t('activity.quiet', { n: events.length - told.length })}</p>`}`;
}

const row = (label, value) => html`<dt>${label}</dt><dd>${value}</dd>`;

/* What statistics say of it; an operator's alert has none of these. */
function Figures({ alert }) {
	const isRule = alert.p === null || alert.p === undefined;
	return html`${isRule ? '' : row(t('facts.points'), number(alert.points))}
		${row(t('facts.series'), number(alert.evidence.length))}
		${isRule ? row(t('facts.basis'), (currentLanguage() === 'zh-CN' && alert.basis_zh) || alert.basis || '–') : row(t('facts.p'), probability(alert.p))}
		${alert.recurrence_years ? row(t('facts.recurrence'), alert.recurrence_years > YEARS_SHOWN
		? t('facts.over', { n: number(YEARS_SHOWN) }) : number(alert.recurrence_years, 1)) : ''}
		${alert.cases ? row(t(isRule ? 'facts.cases' : 'col.cases'), number(alert.cases)) : ''}
		${row(t('col.coverage'), html`<${Coverage} share=${alert.coverage} />`)}`;
}

function Facts({ alert }) {
	return html`<section class="card"><h2>${t('facts.title')}</h2><dl class="facts">
		${row(t('col.state'), html`<${State} state=${alert.state} />`)}
		${row(t('col.days'), span(alert.first_day, alert.last_day))}
		${alert.owner ? row(t('facts.owner'), alert.owner) : ''}
		${alert.risk ? row(t('act.risk'), word('risk', alert.risk)) : ''}
		${alert.route !== 'operator' && html`<${Figures} alert=${alert} />`}
		${alert.route === 'operator' && alert.site && row(t('col.site'), html`<a href="#/sites/${alert.site}">${alert.site}</a>`)}
		${alert.as_of ? row(t('facts.as_of'), date(alert.as_of)) : ''}
		${['parent', 'part_of'].map((key) => (alert[key] ? row(t(`cli.${key}`),
		html`<a href="#/alerts/${alert[key]}"><code>${alert[key]}</code></a>`) : ''))}
		${alert.previous ? row(t('alert.previous'), html`<a href="#/alerts/${alert.previous}"><code>${alert.previous}</code></a>`) : ''}
		${row(t('facts.id'), html`<code>${alert.id}</code>`)}
	</dl>${alert.merged_below && html`<p class="muted small">${t('alert.merged_below')}</p>`}</section>`;
}

/* What the areas below ring, where this alert holds it together. */
function Below({ alerts }) {
	return html`<section class="card"><h2>${t('cli.below')} <span class="count">${alerts.length}</span></h2>
		<ul class="below">${alerts.map((a) => html`<li><a href="#/alerts/${a.id}">${named(a, 'area_') || a.area}</a></li>`)}</ul>
	</section>`;
}

export function Alert({ id, tick, kinds, indicators, actor, askSignIn }) {
	const [alert, setAlert] = useState(null);
	const [error, setError] = useState(null);
	const [all, setAll] = useState(false);
	const [now, setNow] = useState(false);

	const load = () => get(`alerts/${id}`, { lang: currentLanguage() })
		.then((a) => { setAlert(a); setError(null); }, setError);
	useEffect(() => { load(); }, [id, tick, currentLanguage()]);

	const series = useMemo(() => (alert ? bySeries(alert.evidence || []) : []), [alert]);
	if (error && !alert)
		return html`<${Failure} error=${error} retry=${load} />`;
	if (!alert)
		return html`<${Waiting} />`;
	const operator = alert.route === 'operator';
	const lines = alert.explanation || [];
	return html`<article>
		<p class="crumb">${operator ? html`<a href="#/status">← ${t('nav.status')}</a>` : html`<a href="#/">← ${t('nav.desk')}</a>`}</p>
		<header class="alert-head">
			${operator ? html`<span class="chip">${t('operator.title')}</span>` : html`<${Grade} grade=${alert.grade} />`}
			<h1>${operator ? lines[0] : `${subject(alert)} · ${areaPath(alert)}`}</h1>
			<p class="muted">${operator ? areaPath(alert) : word('level', alert.level)} · ${span(alert.first_day, alert.last_day)}
				${alert.points > 0 && html` · ${plural('points', alert.points)}`}
				${alert.signal === 'ended' && html` · ${operator ? word('event', 'mended') : t('signal.ended')}`}</p>
		</header>
		<div class="columns">
			<div class="main">
				<section class="card why"><h2>${t('why.title')}</h2>
					<ul>${lines.slice(operator ? 1 : 0).map((line) => html`<li>${line}</li>`)}</ul>
					${!operator && html`<p class="muted small">${t('why.machine')}
						${' '}<a href="#/why/${alert.area}/${alert.last_signal || alert.last_day}">${t('why.next_colour')}</a></p>`}</section>
				${alert.below?.length > 0 && html`<${Below} alerts=${alert.below} />`}
				${!operator && html`<section class="card"><h2>${t('evidence.charts')}</h2>
					${alert.charts?.length > 0 && html`<p class="muted small">${t(now ? 'evidence.now' : 'evidence.frozen')}
						${' '}<button class="link" onClick=${() => setNow(!now)}>${t(now ? 'evidence.show_frozen' : 'evidence.show_now')}</button></p>`}
					<${Legend} />
					${series.slice(0, all ? 40 : CHARTS).map((s) => html`<${SeriesChart} key=${keyOf(s)} series=${s}
						alert=${alert} live=${now} kinds=${kinds} indicators=${indicators} tick=${tick} />`)}
					${!all && series.length > CHARTS && html`<button onClick=${() => setAll(true)}>${t('evidence.all', { n: series.length })}</button>`}
				</section>
				<section class="card"><h2>${t('evidence.table')}
						<${Csv} path="alerts/${alert.id}" name=${alert.id} /></h2>
					<${Evidence} rows=${alert.evidence || []} kinds=${kinds} indicators=${indicators} /></section>`}
			</div>
			<aside class="side">
				<${Actions} alert=${alert} actor=${actor} askSignIn=${askSignIn} onDone=${load} />
				<${Clocks} alert=${alert} />
				<${Tasks} alert=${alert} actor=${actor} askSignIn=${askSignIn} onDone=${load} />
				<${Facts} alert=${{ ...alert, evidence: alert.evidence || [] }} />
				<section class="card"><h2>${t('activity.title')}</h2><${Activity} events=${alert.events || []} /></section>
			</aside>
		</div>
	</article>`;
}
