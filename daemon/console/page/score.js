/* The scorecard: what became of each trigger's alerts, and what it means. */
import { html, useEffect, useState } from './vendor/htm-preact.js';
import { get } from './api.js';
import { t, word, plural, date, number, percent, currentLanguage } from './text.js';
import { Csv, Grade, Failure, Waiting, Empty } from './parts.js';
import { duration } from './work.js';

/* Below so many the figure says more about chance than about the trigger. */
const FEW_JUDGED = 10;
const FEW_EXPECTED = 5;
const DAYS_A_YEAR = 365.25;
const COLUMNS = ['trigger', 'opened', 'rate', 'budget', 'answered', 'in_time', 'minutes', 'closed', 'confirmed'];

const days = (from, to) => (new Date(to) - new Date(from)) / 864e5 + 1;
const judged = (row) => row.closed - (row.outcomes.duplicate || 0);
const title = (row) => (currentLanguage() === 'zh-CN' && row.title_zh) || row.title || row.trigger;

/* How many openings the budget stands for in these days; null without one. */
function expected(row, span) {
	return row.budget === null ? null : row.budget * row.areas * span / DAYS_A_YEAR;
}

/* One figure; on a narrow page its column's name stands before it. */
function Cell({ column, title, children }) {
	return html`<td class="num" data-label=${t(`card.${column}`)} title=${title}>${children}</td>`;
}

/* More than the budget and chance together explain, or too few to say. */
function Rate({ row, span }) {
	const e = expected(row, span);
	const above = e !== null && row.opened > e + 1 + 2 * Math.sqrt(e);
	return html`<${Cell} column="rate">${number(row.per_area_year, 2)}
		${above ? html`<small class="flag">${t('card.above')}</small>`
		: e !== null && e < FEW_EXPECTED && html`<small>${t('card.few')}</small>`}<//>`;
}

/* The share of outbreaks, never without how many it stands on. */
function Confirmed({ row }) {
	const n = judged(row);
	if (row.confirmed === null)
		return html`<${Cell} column="confirmed">–<small>${t('card.none_judged')}</small><//>`;
	return html`<${Cell} column="confirmed">${n < FEW_JUDGED ? '' : percent(row.confirmed)}
		<small class=${n < FEW_JUDGED ? 'strong' : ''}>${t('card.of', { n: number(row.outcomes.outbreak || 0), of: number(n) })}</small>
		${n < FEW_JUDGED && html`<small>${t('card.few')}</small>`}<//>`;
}

function Row({ row, span }) {
	const of = (column, n, all) => html`<${Cell} column=${column}>${all > 0 ? percent(n / all) : '–'}
		${all > 0 && html`<small>${t('card.of', { n: number(n), of: number(all) })}</small>`}<//>`;
	const outcomes = Object.entries(row.outcomes).map(([k, n]) => `${word('outcome', k)} ${number(n)}`);
	return html`<tr data-trigger=${row.trigger}><td><b>${title(row)}</b><small>${row.trigger} · ${plural('card.areas', row.areas)}</small></td>
		<${Cell} column="opened">${number(row.opened)}<small class="colours">${Object.entries(row.colours).filter(([, n]) => n > 0)
		.map(([c, n]) => html`<span><${Grade} grade=${c} word=${false} />${number(n)}</span>`)}</small><//>
		<${Rate} row=${row} span=${span} />
		<${Cell} column="budget">${row.budget === null ? html`<small>${t(row.statutory ? 'card.law' : 'card.gone')}</small>` : number(row.budget, 3)}<//>
		${of('answered', row.acknowledged, row.opened)}${of('in_time', row.in_time, row.acknowledged)}
		<${Cell} column="minutes">${row.median_minutes === null ? '–' : duration(Math.round(row.median_minutes))}<//>
		<${Cell} column="closed" title=${outcomes.join(t('list.comma'))}>${number(row.closed)}<//>
		<${Confirmed} row=${row} /></tr>`;
}

function Card({ reply }) {
	const rang = reply.triggers.filter((x) => x.opened > 0);
	const quiet = reply.triggers.filter((x) => !x.opened);
	const span = days(reply.from, reply.to);
	return html`${rang.length === 0 ? html`<${Empty} title=${t('card.none')}>${t('card.none_hint')}<//>` : html`
		<div class="scroll" tabindex="0"><table class="dense score" aria-label=${t('card.title')}>
		<thead><tr>${COLUMNS.map((c, i) => html`<th class=${i ? 'num' : ''} title=${i ? t(`card.${c}_hint`) : undefined}>${t(`card.${c}`)}</th>`)}</tr></thead>
		<tbody>${rang.map((x) => html`<${Row} key=${x.trigger} row=${x} span=${span} />`)}</tbody></table></div>`}
	${quiet.length > 0 && html`<p class="muted small">${t('card.quiet', { triggers: quiet.map(title).join(t('list.comma')) })}</p>`}
	<section class="meaning"><h2>${t('card.meaning')}</h2><dl>${COLUMNS.slice(1).map((c) => html`<dt>${t(`card.${c}`)}</dt>
		<dd>${t(`card.${c}_hint`)}</dd>`)}<dt>${t('card.few')}</dt><dd>${t('card.few_hint', { n: number(FEW_JUDGED), expected: number(FEW_EXPECTED) })}</dd></dl></section>`;
}

export function Score({ from, to, tick }) {
	const [reply, setReply] = useState(null);
	const [error, setError] = useState(null);
	const [first, setFirst] = useState(from || '');
	const [last, setLast] = useState(to || '');

	useEffect(() => {
		get('scorecard', { from, to }).then((r) => {
			setReply(r);
			setFirst((was) => was || r.from);
			setLast((was) => was || r.to);
			setError(null);
		}, setError);
	}, [from, to, tick]);
	const ask = (e) => {
		e.preventDefault();
		location.hash = `#/score/${first}/${last}`;
	};
	return html`<section class="card"><h1>${t('card.title')}</h1><p class="muted">${t('card.hint')}</p>
		<form class="row why-form" onSubmit=${ask}>
			<label>${t('card.from')}<input type="date" required value=${first} max=${last} onInput=${(e) => setFirst(e.target.value)} /></label>
			<label>${t('card.to')}<input type="date" required value=${last} min=${first} onInput=${(e) => setLast(e.target.value)} /></label>
			<button class="primary">${t('card.show')}</button>
		</form>
		${error && html`<${Failure} error=${error} />`}
		${reply ? html`<p class="muted small">${date(reply.from)} – ${date(reply.to)} <${Csv} path="scorecard" query=${{ from: reply.from, to: reply.to }} name="scorecard" /></p><${Card} reply=${reply} />` : !error && html`<${Waiting} />`}
	</section>`;
}
