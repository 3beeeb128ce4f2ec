/*
 * One series: observed bars, the expected line, the limit, the alarm window
 * and the days without a report; below it the same as a table.
 */
import { html, useEffect, useRef, useState } from './vendor/htm-preact.js';
import { t, date, weekday, number, probability, word } from './text.js';

const DAY = 86400;
const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;
const isoDay = (s) => new Date(s * 1000).toISOString().slice(0, 10);

function colours() {
	const style = getComputedStyle(document.documentElement);
	const of = (name) => style.getPropertyValue(`--${name}`).trim();
	return {
		observed: of('chart-observed'), warning: of('chart-warning'), alert: of('chart-alert'),
		expected: of('chart-expected'), upper: of('chart-upper'), band: of('chart-band'),
		grid: of('line'), text: of('muted'), shade: of('chart-shade'), missing: of('chart-missing'),
	};
}

const level = (p, want) => (want.includes(p.level) ? p.count : null);

function columns(points) {
	return [
		points.map((p) => seconds(p.day)),
		points.map((p) => level(p, ['normal', 'unknown'])),
		points.map((p) => level(p, ['warning'])),
		points.map((p) => level(p, ['alert'])),
		points.map((p) => p.expected ?? null),
		points.map((p) => p.upper ?? null),
	];
}

/* The alarm window behind everything; ticks where no report came. */
function painter(points, shade, step, c) {
	return {
		drawClear: (u) => {
			if (!shade)
				return;
			const left = u.valToPos(Math.max(seconds(shade.from) - step / 2, u.scales.x.min), 'x', true);
			const right = u.valToPos(Math.min(seconds(shade.to) + step / 2, u.scales.x.max), 'x', true);
			u.ctx.fillStyle = c.shade;
			u.ctx.fillRect(left, u.bbox.top, Math.max(right - left, 2), u.bbox.height);
		},
		draw: (u) => {
			const half = 3 * devicePixelRatio;
			u.ctx.strokeStyle = c.missing;
			u.ctx.lineWidth = 1.5 * devicePixelRatio;
			u.ctx.setLineDash([]);
			u.ctx.beginPath();
			for (const p of points) {
				if (p.count !== null)
					continue;
				const x = u.valToPos(seconds(p.day), 'x', true);
				const y = u.bbox.top + u.bbox.height - 2 * half;
				u.ctx.moveTo(x - half, y - half);
				u.ctx.lineTo(x + half, y + half);
				u.ctx.moveTo(x - half, y + half);
				u.ctx.lineTo(x + half, y - half);
			}
			u.ctx.stroke();
		},
	};
}

function options(points, shade, step, width, height, onCursor) {
	const c = colours();
	const hooks = painter(points, shade, step, c);
	const bars = uPlot.paths.bars({ size: [0.72, 18 * devicePixelRatio] });
	const bar = (fill) => ({ paths: bars, fill, stroke: fill, width: 0, points: { show: false } });
	const font = '11px system-ui, sans-serif';
	return {
		width, height, padding: [8, 8, 0, 0],
		tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), 'Etc/UTC'),
		legend: { show: false },
		cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
		scales: {
			x: { range: (u, min, max) => [min - step * 0.7, max + step * 0.7] },
			y: { range: (u, min, max) => [0, Math.max(max * 1.08, 3)] },
		},
		axes: [
			{ stroke: c.text, grid: { show: false }, ticks: { stroke: c.grid, size: 4 }, font, size: 26,
				space: 64, values: (u, at) => at.map((s) => date(isoDay(s), true)), incrs: [7, 14, 28, 56, 91].map((n) => n * DAY) },
			{ stroke: c.text, grid: { stroke: c.grid, width: 1 }, ticks: { show: false }, font, size: 38,
				space: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e4, 1e5, 1e6],
				values: (u, at) => at.map((v) => number(v)) },
		],
		bands: [{ series: [5, 4], fill: c.band }],
		series: [
			{},
			bar(c.observed), bar(c.warning), bar(c.alert),
			{ stroke: c.expected, width: 1.75, points: { show: false } },
			{ stroke: c.upper, width: 1.25, dash: [5, 4], points: { show: false } },
		],
		hooks: {
			drawClear: [hooks.drawClear], draw: [hooks.draw],
			setCursor: [(u) => onCursor(u.cursor.idx)],
		},
	};
}

function Readout({ point }) {
	if (!point)
		return html`<span class="muted">${t('chart.hint')}</span>`;
	return html`<span><b>${weekday(point.day)} ${date(point.day)}</b>
		${' '}${point.count === null ? html`<em>${t('chart.no_report')}</em>`
		: html`${t('chart.observed')} <b>${number(point.count)}</b>`}
		${point.expected != null && html` · ${t('chart.expected')} <b>${number(point.expected, 1)}</b>`}
		${point.upper != null && html` · ${t('chart.upper')} <b>${number(point.upper, 1)}</b>`}
		${point.partial && html` · <em>${t('chart.partial')}</em>`}</span>`;
}

export function Legend() {
	const item = (name, label) => html`<span><i class="key key-${name}"></i>${label}</span>`;
	return html`<p class="legend" aria-hidden="true">
		${item('observed', t('chart.observed'))}${item('warning', t('verdict.warning'))}${item('alert', t('chart.above'))}
		${item('expected', t('chart.expected'))}${item('upper', t('chart.upper'))}
		${item('shade', t('chart.window'))}${item('missing', t('chart.no_report'))}
	</p>`;
}

function Twin({ points, csv }) {
	return html`<details class="twin"><summary>${t('chart.table')}</summary>${csv}
		<div class="scroll" tabindex="0"><table class="dense">
			<thead><tr><th>${t('col.day')}</th><th class="num">${t('chart.observed')}</th>
				<th class="num">${t('chart.expected')}</th><th class="num">${t('chart.upper')}</th>
				<th class="num">${t('col.p')}</th><th>${t('col.verdict')}</th></tr></thead>
			<tbody>${[...points].reverse().map((p) => html`<tr>
				<td>${date(p.day)}</td>
				<td class="num">${p.count === null ? html`<em>${t('chart.no_report')}</em>` : number(p.count)}</td>
				<td class="num">${number(p.expected, 1)}</td><td class="num">${number(p.upper, 1)}</td>
				<td class="num">${probability(p.p)}</td>
				<td>${word('verdict', p.level)}${p.reason ? html` <small>${word('reason', p.reason)}</small>` : ''}${p.borrowed && html` <small>${t('chart.borrowed', { n: number(p.borrowed.peers) })}</small>`}</td>
			</tr>`)}</tbody></table></div></details>`;
}

/* title is what a screen reader says for the picture; csv is a link. */
export function Chart({ points, period = 1, shade, title, csv, height = 150 }) {
	const box = useRef();
	const [at, setAt] = useState(null);

	useEffect(() => {
		const node = box.current;
		if (!points.length || !node)
			return undefined;
		const width = () => Math.max(node.clientWidth, 200);
		const plot = new uPlot(options(points, shade, period * DAY, width(), height, setAt),
			columns(points), node);
		const watch = new ResizeObserver(() => plot.setSize({ width: width(), height }));
		watch.observe(node);
		return () => {
			watch.disconnect();
			plot.destroy();
		};
	}, [points, shade?.from, shade?.to, height]);

	return html`<div class="chart">
		<p class="readout"><${Readout} point=${at === null || at === undefined ? null : points[at]} /></p>
		<div class="plot" ref=${box} role="img" aria-label=${title}></div>
		<${Twin} points=${points} csv=${csv} />
	</div>`;
}
