/* What an operator asks first: is it well, is it keeping up, is mail going out. */
import { html, useEffect, useState } from './vendor/htm-preact.js';
import { get } from './api.js';
import { t, word, named, areaPath, date, time, number, currentLanguage } from './text.js';
import { Failure, State, Waiting, Tile } from './parts.js';

const HEAD = ['version', 'ready', 'not_ready', 'clock', 'today', 'uptime_s', 'areas', 'sites', 'series', 'kinds'];

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function bytes(n) {
	const step = n > 0 ? Math.min(Math.floor(Math.log2(n) / 10), UNITS.length - 1) : 0;
	return `${number(n / 1024 ** step, 1)} ${UNITS[step]}`;
}

/* A figure as its name says: bytes, microseconds, a date, a count. */
function value(key, v) {
	if (v === null || v === '')
		return '–';
	if (typeof v === 'number' && (key === 'bytes' || key.endsWith('_bytes')))
		return bytes(v);
	if (typeof v === 'number' && key.endsWith('_us'))
		return `${number(v / 1000, 1)} ms`;
	if (typeof v === 'number' && key.endsWith('_at_ms'))
		return time(v);
	if (typeof v === 'number')
		return number(v, 2);
	if (typeof v === 'boolean')
		return v ? t('yes') : t('no');
	if (typeof v === 'object')
		return Object.entries(v).map(([k, x]) => `${k} ${value(k, x)}`).join(', ') || t('status.none');
	return /^\d{4}-\d\d-\d\d$/.test(v) ? date(v) : v;
}

function Block({ name, block }) {
	const words = { alerts: 'state', operator_alerts: 'state', reporting: 'reporting' };
	const label = (k) => word(words[name] || `status.${name}`, k);
	return html`<section class="card"><h2>${word('block', name)}</h2><dl class="facts">
		${Object.entries(block).map(([k, v]) => html`<dt>${label(k)}</dt><dd>${value(k, v)}</dd>`)}
	</dl></section>`;
}

function Notices({ list }) {
	return html`<section class="card"><h2>${t('notices.title')}</h2>
		<div class="scroll" tabindex="0"><table class="dense"><thead><tr><th>${t('notices.receiver')}</th><th>${t('notices.state')}</th>
			<th class="num">${t('notices.tries')}</th><th>${t('notices.created')}</th><th>${t('notices.error')}</th></tr></thead>
		<tbody>${list.map((n) => html`<tr class=${n.state === 'dead' ? 'silent' : ''}><td>${n.receiver}</td>
			<td>${n.state === 'waiting' && n.digest_ms && n.tries === 0
				? t('notices.digest', { time: time(n.digest_ms) }) : word('notice', n.state)}</td><td class="num">${number(n.tries)}</td>
			<td>${n.created_ms ? time(n.created_ms) : '–'}</td><td>${n.error}</td></tr>`)}</tbody></table></div></section>`;
}

/* What is wrong with the reports or the centre, apart from the duty desk. */
function OperatorAlerts({ list }) {
	return html`<section class="card"><h2>${t('operator.title')} <span class="count">${number(list.length)}</span></h2>
		<p class="muted small">${list.length > 0 ? t('operator.hint') : t('operator.none')}</p>
		${list.length > 0 && html`<div class="scroll" tabindex="0"><table class="dense"><thead><tr><th>${t('col.what')}</th>
			<th>${t('operator.since')}</th><th>${t('col.state')}</th></tr></thead>
		<tbody>${list.map((a) => html`<tr class=${a.signal === 'active' ? 'silent' : ''}>
			<td><a href="#/alerts/${a.id}">${a.summary}</a> <small>${areaPath(a)}</small></td><td>${date(a.first_day)}</td>
			<td><${State} state=${a.state} />${a.signal === 'ended' && html` <small>${word('event', 'mended')}</small>`}</td></tr>`)}</tbody></table></div>`}
	</section>`;
}

/* Who is on duty in the areas that have a rota. */
function Rota({ list }) {
	const names = (all) => all.join(t('list.comma')) || t('rota.nobody');
	return html`<section class="card"><h2>${t('rota.now')}</h2>
		<div class="scroll" tabindex="0"><table class="dense"><thead><tr><th>${t('why.area')}</th><th>${t('rota.now')}</th>
			<th>${t('rota.until')}</th><th>${t('rota.next')}</th></tr></thead>
		<tbody>${list.map((r) => html`<tr class=${r.now.length > 0 ? '' : 'silent'}><td>${named(r, 'area_') || r.area}</td>
			<td>${names(r.now)}</td><td>${r.until_ms ? time(r.until_ms) : '–'}</td>
			<td>${r.until_ms ? names(r.next) : '–'}</td></tr>`)}</tbody></table></div></section>`;
}

export function Status({ tick }) {
	const [data, setData] = useState(null);
	const [error, setError] = useState(null);

	useEffect(() => {
		const load = () => Promise.all([get('status'), get('notices', { limit: 50 }).catch(() => ({ notices: [] })),
			get('alerts', { route: 'operator', lang: currentLanguage() }), get('rota').catch(() => ({ rota: [] }))])
			.then(([status, n, o, r]) => {
				setData({ status, notices: n.notices, operator: o.alerts, rota: r.rota });
				setError(null);
			}, setError);
		load();
		const timer = setInterval(load, 10000);
		return () => clearInterval(timer);
	}, [tick, currentLanguage()]);
	if (error && !data)
		return html`<${Failure} error=${error} />`;
	if (!data)
		return html`<${Waiting} />`;
	const s = data.status;
	const blocks = Object.entries(s).filter(([k, v]) => !HEAD.includes(k) && v && typeof v === 'object' && !Array.isArray(v));
	return html`<h1 class="hidden">${t('nav.status')}</h1>
		${error && html`<${Failure} error=${error} />`}
		<div class="tiles">
			<${Tile} label=${s.ready ? t('status.ready') : s.not_ready || t('status.not_ready')}
				value=${s.ready ? '✓' : '✕'} tone=${s.ready ? 'good' : 'warm'} />
			<${Tile} label=${t('status.clock', { clock: word('clock', s.clock) })} value=${date(s.today)} />
			<${Tile} label=${t('status.sites')} value=${number(s.sites)} />
			<${Tile} label=${t('status.series')} value=${number(s.series)} />
			<${Tile} label=${t('status.version')} value=${s.version} />
		</div>
		<${OperatorAlerts} list=${data.operator} />
		${data.rota.length > 0 && html`<${Rota} list=${data.rota} />`}
		<div class="blocks">${blocks.map(([name, block]) => html`<${Block} key=${name} name=${name} block=${block} />`)}</div>
		${data.notices.length > 0 && html`<${Notices} list=${data.notices} />`}`;
}
