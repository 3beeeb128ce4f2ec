/* Small pieces that several views use. */
import { html } from './vendor/htm-preact.js';
import { address } from './api.js';
import { t, word, percent } from './text.js';

/* Shape, colour and word each say the grade on their own. */
const SHAPE = {
	blue: 'M8 1.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13z',
	yellow: 'M8 1.500L15.200 14H.800z',
	orange: 'M8 .800L15.200 8 8 15.200.800 8z',
	red: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z',
};

export function Grade({ grade, word: withWord = true }) {
	return html`<span class="grade grade-${grade}">
		<svg viewBox="0 0 16 16" aria-hidden="true"><path d=${SHAPE[grade] || SHAPE.blue} /></svg>
		<span class=${withWord ? '' : 'hidden'}>${word('signal', grade)}</span>
	</span>`;
}

export function State({ state }) {
	return html`<span class="state state-${state}">${word('state', state)}</span>`;
}

export function Coverage({ share, of = t('coverage.title') }) {
	const known = share !== null && share !== undefined;
	const low = known && share < 0.8;
	return html`<span class="coverage ${low ? 'low' : ''}"
			title=${low ? t('coverage.low') : of}>
		<svg viewBox="0 0 40 6" aria-hidden="true">
			<rect class="track" width="40" height="6" rx="3" />
			${known && html`<rect class="fill" width=${Math.max(40 * share, 1)} height="6" rx="3" />`}
		</svg>
		${percent(share)}${low ? html` <span class="flag">${t('coverage.flag')}</span>` : ''}
	</span>`;
}

export function Failure({ error, retry }) {
	return html`<div class="failure" role="alert">
		<strong>${t('error.title')}</strong> ${error.message}
		${retry && html` <button class="link" onClick=${retry}>${t('error.retry')}</button>`}
	</div>`;
}

/* The rows of a request as a file for a spreadsheet. */
export function Csv({ path, query, name, label = t('csv.link') }) {
	return html`<a class="csv" title=${t('csv.title')} download="tocsin-${name}.csv"
		href=${address(path, { ...query, format: 'csv', bom: 'yes' })}>${label}</a>`;
}

export function Waiting() {
	return html`<p class="waiting" role="status">${t('wait')}</p>`;
}

export function Empty({ title, children }) {
	return html`<div class="empty"><strong>${title}</strong><p>${children}</p></div>`;
}

export function Tile({ label, value, tone = '' }) {
	return html`<div class="tile ${tone}"><b>${value}</b><span>${label}</span></div>`;
}
