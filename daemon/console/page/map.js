/*
 * The areas below one at their place, coloured by what is active in them; and
 * the same as a table.  What nobody reports is hatched: unknown is not quiet.
 */
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from './vendor/htm-preact.js';
import { get } from './api.js';
import { t, word, plural, named, subject, span, date, number, percent, currentLanguage } from './text.js';
import { Csv, Grade, Coverage, Failure, Waiting, Empty } from './parts.js';
import { layout, placed } from './layout.js';

const ORDER = ['blue', 'yellow', 'orange', 'red'];
const LOW = 0.8;

const low = (a) => a.coverage === null || a.coverage < LOW;
const unknown = (a) => !a.signal && low(a);
/* What needs eyes first: a signal, then what nobody knows. */
const rank = (a) => (a.signal ? 1 + ORDER.indexOf(a.signal) : unknown(a) ? 0.5 : 0);
const byUrgency = (a, b) => rank(b) - rank(a) || (b.population || 0) - (a.population || 0);
const byGrade = (a, b) => ORDER.indexOf(b.grade) - ORDER.indexOf(a.grade);
const behind = (a) => a.reporting.late + a.reporting.silent;
const standing = (a) => (a.signal ? word('signal', a.signal) : t(unknown(a) ? 'map.unknown' : 'map.quiet'));
const letter = (a) => (a.signal ? t(`map.letter.${a.signal}`) : unknown(a) ? '?' : '');
const tone = (a) => a.signal || (unknown(a) ? 'unknown' : 'quiet');

/* All facts of an area in one line. */
function told(a) {
	const facts = [standing(a), plural('map.active', a.active), plural('map.sites', a.sites)];
	if (a.coverage !== null)
		facts.push(t('map.heard', { share: percent(a.coverage) }));
	return `${named(a)}: ${facts.join(t('list.comma'))}`;
}

function Mark({ x, y, r, area }) {
	return html`<circle class="mark mark-${tone(area)}" cx=${x} cy=${y} r=${r} />
		${low(area) && html`<circle class="mark-hatch" cx=${x} cy=${y} r=${r} fill="url(#${area.signal ? 'hatch-signal' : 'hatch'})" />`}
		<text class="letter letter-${tone(area)}" x=${x} y=${y + 4.5} text-anchor="middle" aria-hidden="true">${letter(area)}</text>`;
}

/* The width of an element, as it changes; drawn in the next frame, as what is
   drawn may bring a scroll bar and with it another width. */
function useWidth() {
	const ref = useRef();
	const [width, setWidth] = useState(0);
	useLayoutEffect(() => {
		let frame = 0;
		const observer = new ResizeObserver(([entry]) => {
			cancelAnimationFrame(frame);
			frame = requestAnimationFrame(() => setWidth(Math.floor(entry.contentRect.width)));
		});
		observer.observe(ref.current);
		return () => {
			cancelAnimationFrame(frame);
			observer.disconnect();
		};
	}, []);
	return [ref, width];
}

/* What the circles of the whole page are hatched with. */
function Hatch() {
	return html`<svg class="hidden" aria-hidden="true"><defs>${['hatch', 'hatch-signal'].map((id) => html`<pattern id=${id} width="6" height="6"
		patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class=${id} x1="1" y1="0" x2="1" y2="6" /></pattern>`)}</defs></svg>`;
}

function Picture({ areas }) {
	const [ref, width] = useWidth();
	const plan = useMemo(() => (width > 0 && areas.length > 0 ? layout(areas, width, named, rank) : null),
		[areas, width, currentLanguage()]);
	return html`<div ref=${ref} class="map">${plan && html`<svg width=${width} height=${plan.height} role="group" aria-label=${t('map.label')}>
		${plan.points.map((p) => html`<a key=${p.area.area} href="#/map/${p.area.area}" aria-label=${told(p.area)}>
			<title>${told(p.area)}</title><${Mark} ...${p} />
			${p.label && html`<text class="name" x=${p.label.x} y=${p.label.y} text-anchor=${p.label.anchor} aria-hidden="true">${named(p.area)}</text>`}</a>`)}
		${plan.ruler && html`<g class="ruler" aria-hidden="true"><path d="M12 ${plan.height - 16}v6h${plan.ruler.px}v-6" />
			<text x=${18 + plan.ruler.px} y=${plan.height - 9}>${number(plan.ruler.km, 2)} km</text></g>`}
	</svg>`}</div>`;
}

function Legend() {
	const keys = [...ORDER.map((c) => [{ signal: c, coverage: 1 }, word('signal', c)]),
		[{ coverage: 1 }, t('map.quiet')], [{ coverage: 0 }, t('map.unknown')], [{ signal: 'blue', coverage: 0 }, t('map.low')]];
	return html`<div class="legend map-legend">${keys.map(([area, text]) => html`<span><svg width="20" height="20" aria-hidden="true">
		<${Mark} x=${10} y=${10} r=${9} area=${area} /></svg>${text}</span>`)}</div>`;
}

/* The alert that gives the colour, and how many more there are. */
function Alerts({ area }) {
	return html`${area.top && html`<a href="#/alerts/${area.top.id}">${subject(area.top)}</a>`}
		${area.top && area.top.area !== area.area && html`<small>${named(area.top, 'area_')}</small>`}
		${area.active > 1 && html`<small>${plural('map.more', area.active - 1)}</small>`}
		${area.ended > 0 && html`<small>${plural('map.ended', area.ended)}</small>`}`;
}

function Standing({ area }) {
	return area.signal ? html`<${Grade} grade=${area.signal} />` : html`<span class=${unknown(area) ? 'flag' : 'muted'}>${standing(area)}</span>`;
}

function Twin({ areas }) {
	return html`<div class="scroll" tabindex="0"><table class="dense map-table" aria-label=${t('map.table')}><thead><tr><th>${t('col.area')}</th><th>${t('col.grade')}</th>
		<th>${t('map.alerts')}</th><th title=${t('map.on_time_hint')}>${t('map.on_time')}</th><th class="num">${t('status.sites')}</th><th class="num">${t('map.behind')}</th>
		<th class="num">${t('map.population')}</th></tr></thead>
	<tbody>${areas.slice().sort(byUrgency).map((a) => html`<tr key=${a.area} data-area=${a.area}>
		<td><a href="#/map/${a.area}">${named(a)}</a>${!placed(a) && html`<small>${t('map.no_place')}</small>`}</td>
		<td><${Standing} area=${a} /></td><td><${Alerts} area=${a} /></td>
		<td>${a.sites > 0 ? html`<${Coverage} share=${a.coverage} of=${t('map.on_time_hint')} />` : html`<span class="flag">${t('map.no_site')}</span>`}</td>
		<td class="num">${number(a.sites)}</td><td class="num">${number(behind(a))}</td><td class="num">${number(a.population)}</td></tr>`)}</tbody></table></div>`;
}

/* What is known of the chosen area itself, and where to go on. */
function Own({ area, day }) {
	return html`<div class="row own"><${Standing} area=${area} /><span>${plural('map.active', area.active)}</span>
		${area.top && html`<a href="#/alerts/${area.top.id}">${subject(area.top)} (${named(area.top, 'area_')})</a>`}
		${area.ended > 0 && html`<span class="muted">${plural('map.ended', area.ended)}</span>`}
		${area.sites > 0 ? html`<span>${t('map.on_time')} <${Coverage} share=${area.coverage} of=${t('map.on_time_hint')} /></span>` : html`<span class="flag">${t('map.no_site')}</span>`}
		${behind(area) > 0 && html`<span class="flag">${plural('map.behind', behind(area))}</span>`}
		<a href="#/places/${area.area}">${plural('map.sites', area.sites)}</a><a href="#/why/${area.area}/${day}">${t('nav.why')}</a></div>`;
}

/* Every alert of an area that has no map of its own. */
function Leaf({ area, tick }) {
	const [alerts, setAlerts] = useState([]);
	const [error, setError] = useState(null);

	useEffect(() => {
		get('alerts', { area }).then((r) => { setAlerts(r.alerts); setError(null); }, setError);
	}, [area, tick]);
	return html`${error && html`<${Failure} error=${error} />`}<ul class="leaf">${alerts.slice().sort(byGrade).map((a) => html`<li key=${a.id}><${Grade} grade=${a.grade} />
		<a href="#/alerts/${a.id}">${subject(a)}</a> <span class="muted">${span(a.first_day, a.last_day)}${a.signal === 'ended' ? ` · ${t('signal.ended')}` : ''}</span></li>`)}</ul>
		<p class="muted">${t('map.leaf')}</p>`;
}

function Below({ areas }) {
	const here = areas.filter(placed);
	const nowhere = areas.filter((a) => !placed(a)).sort(byUrgency);
	return html`<${Hatch} /><${Legend} />
		<div class=${nowhere.length > 0 ? 'map-with' : ''}>
			${here.length > 0 ? html`<${Picture} areas=${here} />` : html`<${Empty} title=${t('map.nowhere')}>${t('map.nowhere_hint')}<//>`}
			${nowhere.length > 0 && html`<aside><h2>${t('map.off')} <span class="count">${number(nowhere.length)}</span></h2>
				<ul>${nowhere.map((a) => html`<li key=${a.area}><svg width="20" height="20" aria-hidden="true"><${Mark} x=${10} y=${10} r=${9} area=${a} /></svg>
					<a href="#/map/${a.area}" aria-label=${told(a)}>${named(a)}</a></li>`)}</ul><p class="muted small">${t('map.off_hint')}</p></aside>`}
		</div><p class="muted small">${t('map.hint')}</p>`;
}

export function AreaMap({ area, tick }) {
	const [reply, setReply] = useState(null);
	const [error, setError] = useState(null);
	const title = useRef();
	const shown = useRef();

	useEffect(() => {
		get('map', { area }).then((r) => { setReply(r); setError(null); }, setError);
	}, [area, tick]);
	useEffect(() => {
		/* Who went down by key goes on from the new title. */
		if (reply && shown.current !== undefined && shown.current !== reply.area?.area)
			title.current.focus();
		if (reply)
			shown.current = reply.area?.area ?? null;
	}, [reply]);
	if (error && !reply)
		return html`<${Failure} error=${error} />`;
	if (!reply)
		return html`<${Waiting} />`;
	const here = reply.area;
	return html`${error && html`<${Failure} error=${error} />`}
		<section class="card">
			${here && reply.above.length > 0 && html`<nav class="crumb" aria-label=${t('map.above')}>${reply.above.map((a) => html`<a href="#/map/${a.area}">${named(a)}</a> › `)}
				<span aria-current="true">${named(here)}</span></nav>`}
			<h1 ref=${title} tabindex="-1">${here ? named(here) : t('nav.map')} <span class="count">${date(reply.day)}</span></h1>
			${here && html`<${Own} area=${here} day=${reply.day} />`}
			${reply.areas.length > 0 ? html`<${Below} areas=${reply.areas} />` : here ? html`<${Leaf} area=${here.area} tick=${tick} />`
			: html`<${Empty} title=${t('map.none')}>${t('map.none_hint')}<//>`}</section>
		${reply.areas.length > 0 && html`<section class="card"><h2>${t('map.table')} <${Csv} path="map" query=${{ area: here?.area }} name="map" /></h2><${Twin} areas=${reply.areas} /></section>`}`;
}
