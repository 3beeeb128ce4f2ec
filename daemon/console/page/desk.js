/* The duty desk: what needs a person now, then what is being worked on. */
import { html, useEffect, useLayoutEffect, useState } from './vendor/htm-preact.js';
import { get, post } from './api.js';
import { t, word, subject, plural, areaPath, span, date, number } from './text.js';
import { Grade, State, Coverage, Failure, Waiting, Empty, Tile, Csv } from './parts.js';
import { Countdown, nextStep, useNow } from './work.js';

const RANK = { red: 0, orange: 1, yellow: 2, blue: 3 };
const OVER = ['closed', 'discarded', 'merged'];
const isNew = (a) => a.state === 'open' || a.state === 'reopened';
const late = (a, now) => (nextStep(a)?.due_ms ?? Infinity) < now;
/* What is late stands first, then what is worse, then what is newer. */
const byUrgency = (now) => (a, b) => (late(b, now) - late(a, now)) || (RANK[a.grade] - RANK[b.grade])
	|| String(b.last_day).localeCompare(String(a.last_day));

function Row({ alert, chosen, kinds, now }) {
	const many = alert.kinds || [];
	return html`<tr class=${chosen ? 'chosen' : ''} data-id=${alert.id}>
		<td class="cell-grade"><${Grade} grade=${alert.grade} /></td>
		<td class="cell-what"><a href="#/alerts/${alert.id}">${subject(alert)}</a>
			<small>${areaPath(alert)}${alert.level ? ` · ${word('level', alert.level)}` : ''}</small></td>
		<td class="cell-kinds">${many.slice(0, 3).map((k) => html`<span class="chip">${kinds(k)}</span>`)}
			${many.length > 3 && html`<span class="chip more">+${many.length - 3}</span>`}
			<small>${alert.points > 0 && html`${plural('points', alert.points)} · `}${plural('series', alert.evidence_n)}</small></td>
		<td class="cell-days">${span(alert.first_day, alert.last_day)}
			${alert.signal === 'ended' && html`<small>${t('signal.ended')}</small>`}</td>
		<td class="cell-coverage"><${Coverage} share=${alert.coverage} /></td>
		<td class="cell-state"><${State} state=${alert.state} /> <${Countdown} alert=${alert} now=${now} />
			${alert.children > 0 && html`<small>${plural('areas', alert.children)}</small>`}</td>
	</tr>`;
}

function Table({ alerts, chosen, kinds, now, label }) {
	return html`<table class="alerts" aria-label=${label}>
		<thead><tr><th class="cell-grade">${t('col.grade')}</th><th class="cell-what">${t('col.what')}</th>
			<th class="cell-kinds">${t('col.sources')}</th><th class="cell-days">${t('col.days')}</th>
			<th class="cell-coverage">${t('col.coverage')}</th><th class="cell-state">${t('col.state')}</th></tr></thead>
		<tbody>${alerts.map((a) => html`<${Row} key=${a.id} alert=${a} kinds=${kinds} now=${now}
			chosen=${a.id === chosen} />`)}</tbody>
	</table>`;
}

/* j and k move, Enter opens, a acknowledges. Set before the screen is painted,
   so that a key pressed at once meets the row that the last one chose. */
function useKeys(alerts, chosen, choose, acknowledge) {
	useLayoutEffect(() => {
		const press = (e) => {
			if (e.target.closest('input, textarea, select, dialog') || e.ctrlKey || e.metaKey || e.altKey)
				return;
			const i = alerts.findIndex((a) => a.id === chosen);
			if (e.key === 'j' || e.key === 'k') {
				const next = alerts[Math.min(Math.max(i + (e.key === 'j' ? 1 : -1), 0), alerts.length - 1)];
				if (next) {
					choose(next.id);
					document.querySelector(`[data-id="${next.id}"]`)?.scrollIntoView({ block: 'nearest' });
				}
			} else if (e.key === 'Enter' && i >= 0 && !e.target.closest('a, button')) {
				location.hash = `#/alerts/${chosen}`;
			} else if (e.key === 'a' && i >= 0) {
				acknowledge(alerts[i]);
			}
		};
		addEventListener('keydown', press);
		return () => removeEventListener('keydown', press);
	});
}

export function Desk({ tick, kinds, status, actor, askSignIn }) {
	const [alerts, setAlerts] = useState(null);
	const [error, setError] = useState(null);
	const [showOver, setShowOver] = useState(false);
	const [chosen, choose] = useState(null);

	const load = () => get('alerts', { state: 'all' })
		.then((r) => { setAlerts(r.alerts); setError(null); }, setError);
	useEffect(() => { load(); }, [tick]);

	const now = useNow();
	const shown = (alerts || []).slice().sort(byUrgency(now));
	/* A part is told by its whole, and needs nobody by itself. */
	const isPart = (a) => isNew(a) && a.part_of && a.signal !== 'ended';
	const parts = shown.filter(isPart);
	const fresh = shown.filter((a) => isNew(a) && !isPart(a));
	const working = shown.filter((a) => !isNew(a) && !OVER.includes(a.state));
	const over = shown.filter((a) => OVER.includes(a.state));
	const acknowledge = (a) => {
		if (!isNew(a))
			return;
		if (!actor)
			askSignIn();
		else
			post(`alerts/${a.id}/events`, { verb: 'ack', version: a.version }).then(load, setError);
	};
	useKeys([...fresh, ...working, ...parts, ...(showOver ? over : [])], chosen, choose, acknowledge);

	if (error && !alerts)
		return html`<${Failure} error=${error} retry=${load} />`;
	if (!alerts)
		return html`<${Waiting} />`;
	return html`<h1 class="hidden">${t('nav.desk')}</h1>
		<div class="tiles">
			<${Tile} label=${t('desk.needs')} value=${number(fresh.length)} tone=${fresh.length ? 'warm' : ''} />
			<${Tile} label=${t('desk.working')} value=${number(working.length)} />
			<${Tile} label=${t('desk.sites')} value=${number(status?.sites)} />
			<${Tile} label=${t('desk.as_of')} value=${date(status?.today)} />
		</div>
		${error && html`<${Failure} error=${error} />`}
		<section><h2>${t('desk.needs')} <span class="count">${fresh.length}</span></h2>
			${fresh.length ? html`<${Table} alerts=${fresh} chosen=${chosen} kinds=${kinds} now=${now} label=${t('desk.needs')} />`
			: html`<${Empty} title=${t('desk.none')}>${t('desk.none_hint')}<//>`}</section>
		${working.length > 0 && html`<section><h2>${t('desk.working')} <span class="count">${working.length}</span></h2>
			<${Table} alerts=${working} chosen=${chosen} kinds=${kinds} now=${now} label=${t('desk.working')} /></section>`}
		${parts.length > 0 && html`<section><h2>${t('desk.parts')} <span class="count">${parts.length}</span></h2>
			<${Table} alerts=${parts} chosen=${chosen} kinds=${kinds} now=${now} label=${t('desk.parts')} /></section>`}
		${over.length > 0 && html`<section><h2><button class="link" aria-expanded=${showOver}
				onClick=${() => setShowOver(!showOver)}>${showOver ? '▾' : '▸'} ${t('desk.over')}</button>
				<span class="count">${over.length}</span></h2>
			${showOver && html`<${Table} alerts=${over} chosen=${chosen} kinds=${kinds} now=${now} label=${t('desk.over')} />`}</section>`}
		<p class="keys muted">${t('desk.keys')} <${Csv} path="alerts" query=${{ state: 'all' }} name="alerts" label=${t('csv.alerts')} /></p>`;
}
