/* Areas and sites: who reports, who is silent; and one site's series. */
import { html, useEffect, useMemo, useState } from './vendor/htm-preact.js';
import { get, getAll } from './api.js';
import { t, word, named, date, number } from './text.js';
import { Failure, Waiting, Empty, Csv } from './parts.js';
import { Chart, Legend } from './chart.js';

const SHOWN = 200;

/* One mark a period: reported, or no report. */
function Recent({ recent, period, lastDay }) {
	const n = recent.filter((r) => r > 0).length;
	return html`<span class="recent"><svg viewBox="0 0 ${recent.length * 7} 12" role="img"
			aria-label=${t('site.recent', { n, of: recent.length })}>
		${recent.map((r, i) => (r > 0 ? html`<rect class="in" x=${i * 7} y="1" width="5" height="10" rx="1" />`
			: html`<rect class="out" x=${i * 7 + 0.5} y="8.500" width="4" height="2.500" rx="1" />`))}
		</svg><small>${lastDay ? date(lastDay, true) : t('site.never')}${period === 7 ? ` · ${t('site.weekly')}` : ''}</small></span>`;
}

function Tree({ areas, chosen, counts }) {
	const children = useMemo(() => {
		const map = new Map();
		for (const a of areas)
			map.set(a.parent, [...(map.get(a.parent) || []), a]);
		return map;
	}, [areas]);
	/* A list in order with depths; an area tree has no cycles. */
	const rows = [];
	const queue = [...(children.get(null) || [])].reverse().map((a) => [a, 0]);
	while (queue.length) {
		const [area, depth] = queue.pop();
		rows.push([area, depth]);
		for (const child of (children.get(area.area) || []).slice().reverse())
			queue.push([child, depth + 1]);
	}
	return html`<nav class="card tree" aria-label=${t('places.areas')}><h2>${t('places.areas')}</h2>
		<ul>${rows.map(([a, depth]) => html`<li class="depth-${Math.min(depth, 4)}">
			<a href="#/places/${a.area}" aria-current=${a.area === chosen ? 'true' : undefined}>${named(a)}</a>
			<small>${counts.get(a.area) || ''}</small></li>`)}</ul></nav>`;
}

/* Sites in each area, those of areas below included. */
function countSites(areas, sites) {
	const parent = new Map(areas.map((a) => [a.area, a.parent]));
	const counts = new Map();
	for (const s of sites)
		for (let a = s.area; a; a = parent.get(a))
			counts.set(a, (counts.get(a) || 0) + 1);
	return counts;
}

function within(areas, code) {
	const parent = new Map(areas.map((a) => [a.area, a.parent]));
	return (area) => {
		for (let a = area; a; a = parent.get(a))
			if (a === code)
				return true;
		return !code;
	};
}

const silent = (s) => s.state === 'late' || s.state === 'silent';

/* How it reports, unless that is as it should be. */
function Reporting({ site }) {
	if (!site.state || site.state === 'on-time')
		return '';
	return html` <span class=${silent(site) ? 'flag' : 'chip'}
		title=${site.missing > 0 ? t('site.missing', { n: site.missing }) : ''}>${word('reporting', site.state)}</span>`;
}

export function Places({ area, kinds, tick }) {
	const [data, setData] = useState(null);
	const [error, setError] = useState(null);
	const [search, setSearch] = useState('');
	const [onlySilent, setOnlySilent] = useState(false);

	useEffect(() => {
		Promise.all([getAll('areas', 'areas'), getAll('sites', 'sites')])
			.then(([areas, sites]) => { setData({ areas, sites }); setError(null); }, setError);
	}, [tick]);
	const counts = useMemo(() => (data ? countSites(data.areas, data.sites) : new Map()), [data]);
	if (error && !data)
		return html`<${Failure} error=${error} />`;
	if (!data)
		return html`<${Waiting} />`;
	const inside = within(data.areas, area);
	const wanted = search.toLowerCase();
	const sites = data.sites.filter((s) => inside(s.area) && (!onlySilent || silent(s))
		&& (!wanted || `${s.site} ${s.name} ${kinds(s.kind)} ${named(s, 'area_')}`.toLowerCase().includes(wanted)));
	const here = data.areas.find((a) => a.area === area);
	return html`<div class="places">
		<${Tree} areas=${data.areas} chosen=${area} counts=${counts} />
		<section class="card"><h1>${here ? named(here) : t('places.all')} <span class="count">${number(sites.length)}</span></h1>
			<div class="row filters">
				<input type="search" value=${search} onInput=${(e) => setSearch(e.target.value)}
					placeholder=${t('places.search')} aria-label=${t('places.search')} />
				<label class="check"><input type="checkbox" checked=${onlySilent}
					onChange=${(e) => setOnlySilent(e.target.checked)} /> ${t('places.silent')}</label></div>
			${sites.length === 0 ? html`<${Empty} title=${t('places.none')}>${t('places.none_hint')}<//>` : html`
			<div class="scroll" tabindex="0"><table class="dense sites"><thead><tr><th>${t('col.site')}</th><th>${t('col.kind')}</th>
				<th class="wide">${t('col.area')}</th><th class="num wide">${t('col.series')}</th><th>${t('col.recent')}</th></tr></thead>
			<tbody>${sites.slice(0, SHOWN).map((s) => html`<tr key=${s.site} class=${silent(s) ? 'silent' : ''}>
				<td><a href="#/sites/${s.site}">${s.name || s.site}</a> <small>${s.site}</small></td>
				<td>${kinds(s.kind)}</td><td class="wide">${named(s, 'area_')}</td><td class="num wide">${number(s.series)}</td>
				<td><${Recent} recent=${s.recent} period=${s.period} lastDay=${s.last_day} />
					<${Reporting} site=${s} /></td></tr>`)}</tbody></table></div>`}
			${sites.length > SHOWN && html`<p class="muted small">${t('places.more', { n: SHOWN, of: sites.length })}</p>`}
		</section></div>`;
}

function OneSeries({ series, indicators, tick }) {
	const [reply, setReply] = useState(null);
	const [error, setError] = useState(null);
	const query = { site: series.site, indicator: series.indicator, stratum: series.stratum };

	useEffect(() => {
		get('series/points', query)
			.then((r) => { setReply(r); setError(null); }, setError);
	}, [series.site, series.indicator, series.stratum, tick]);
	return html`<figure><figcaption><b>${indicators(series.indicator)}</b>
			${series.stratum && html`<span class="chip">${series.stratum}</span>`}<${Reporting} site=${series} /></figcaption>
		${error ? html`<${Failure} error=${error} />` : reply && html`<${Chart} points=${reply.points}
			period=${reply.period} csv=${html`<${Csv} path="series/points" query=${query} name="${series.site}-${series.indicator}" />`}
			title=${t('chart.title', { indicator: indicators(series.indicator), place: series.site_name })} />`}
	</figure>`;
}

export function Site({ site, kinds, indicators, tick }) {
	const [data, setData] = useState(null);
	const [error, setError] = useState(null);

	useEffect(() => {
		Promise.all([get('sites', { site }), get('series', { site })])
			.then(([s, list]) => { setData({ site: s.sites[0], series: list.series }); setError(null); }, setError);
	}, [site, tick]);
	if (error && !data)
		return html`<${Failure} error=${error} />`;
	if (!data)
		return html`<${Waiting} />`;
	const s = data.site;
	const row = (label, value) => html`<dt>${label}</dt><dd>${value}</dd>`;
	return html`<article>
		<p class="crumb"><a href="#/places/${s.area}">← ${named(s, 'area_')}</a></p>
		<header class="alert-head"><h1>${s.name || s.site}</h1><p class="muted">${kinds(s.kind)} · <code>${s.site}</code></p></header>
		<div class="columns"><div class="main"><section class="card"><h2>${t('site.series')}</h2><${Legend} />
			${data.series.length === 0 ? html`<${Empty} title=${t('site.no_series')}>${t('site.no_series_hint')}<//>`
			: data.series.map((x) => html`<${OneSeries} key=${x.indicator + x.stratum} series=${x} indicators=${indicators} tick=${tick} />`)}
			</section></div>
		<aside class="side"><section class="card"><h2>${t('facts.title')}</h2><dl class="facts">
			${row(t('col.recent'), html`<${Recent} recent=${s.recent} period=${s.period} lastDay=${s.last_day} />`)}
			${row(t('site.state'), `${word('reporting', s.state)}${s.missing > 0 ? ` · ${t('site.missing', { n: s.missing })}` : ''}`)}
			${s.closed_day ? row(t('site.closed_day'), date(s.closed_day)) : ''}
			${row(t('site.expects'), word('reports_on', s.reports_on))}
			${s.calendar ? row(t('site.calendar'), s.calendar) : ''}
			${s.zone ? row(t('site.today'), `${date(s.today, true)} (${s.zone})`) : ''}
			${s.phone ? row(t('site.phone'), html`<a href="tel:${s.phone}">${s.phone}</a>`) : ''}
			${s.gateway ? row(t('site.gateway'), s.gateway) : ''}
		</dl></section></aside></div></article>`;
}
