/* What people do with an alert: verbs, clocks, tasks. */
import { html, useEffect, useState } from './vendor/htm-preact.js';
import { post, deskNow } from './api.js';
import { t, word, named, time, currentLanguage } from './text.js';
import { Failure } from './parts.js';

const OUTCOMES = ['outbreak', 'artefact', 'known-event', 'holiday', 'duplicate', 'other'];
const RISKS = ['very-low', 'low', 'medium', 'high'];
const OVER = ['closed', 'discarded', 'merged'];
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/* What may follow each state; the first is the usual one. */
const NEXT = {
	open: ['ack', 'verify', 'close'],
	reopened: ['ack', 'verify', 'close'],
	acknowledged: ['verify', 'discard', 'monitor', 'assess', 'close'],
	verifying: ['assess', 'discard', 'monitor', 'close'],
	monitoring: ['assess', 'verify', 'discard', 'close'],
	assessing: ['characterise', 'discard', 'monitor', 'close'],
	characterised: ['respond', 'assess', 'monitor', 'close'],
	responding: ['close', 'assess', 'monitor'],
	closed: ['reopen'], discarded: ['reopen'], merged: ['reopen'],
};
const NEEDS_NOTE = ['close', 'discard', 'reopen', 'report', 'note'];
const NEEDS_OUTCOME = ['close', 'discard'];

/* Sends an act; version guards against somebody who was quicker. */
function useAct(alert, actor, askSignIn, onDone) {
	const [error, setError] = useState(null);
	const [busy, setBusy] = useState(false);
	const act = (body) => {
		if (!actor) {
			askSignIn();
			return Promise.resolve(false);
		}
		setBusy(true);
		return post(`alerts/${alert.id}/events`, body, { 'If-Match': `"${alert.version}"` })
			.then(() => { setError(null); onDone(); return true; }, (e) => {
				setError(e.status === 412 ? new Error(t('act.stale')) : e);
				if (e.status === 412)
					onDone();
				return false;
			}).finally(() => setBusy(false));
	};
	return [act, busy, error];
}

export function Actions({ alert, actor, askSignIn, onDone }) {
	const [note, setNote] = useState('');
	const [outcome, setOutcome] = useState('');
	const [risk, setRisk] = useState('');
	const [act, busy, error] = useAct(alert, actor, askSignIn, onDone);
	const verbs = NEXT[alert.state] || [];
	const said = note.trim() !== '';
	const ready = (verb) => !busy && (!NEEDS_NOTE.includes(verb) || said)
		&& (!NEEDS_OUTCOME.includes(verb) || outcome) && (verb !== 'characterise' || risk);
	const send = (verb) => act({
		verb, note,
		...(NEEDS_OUTCOME.includes(verb) ? { outcome } : {}),
		...(verb === 'characterise' ? { outcome: risk } : {}),
	}).then((done) => done && setNote(''));
	const button = (verb, primary) => html`<button class=${primary ? 'primary' : ''} data-verb=${verb}
		disabled=${!ready(verb)} onClick=${() => send(verb)}>${t(verb === 'note' ? 'act.add_note' : `act.${verb}`)}</button>`;
	const select = (label, value, set, prefix, list) => html`<label>${label}<select value=${value}
		onChange=${(e) => set(e.target.value)}><option value="">${t('act.choose')}</option>
		${list.map((o) => html`<option value=${o}>${word(prefix, o)}</option>`)}</select></label>`;
	return html`<section class="card actions"><h2>${t('act.title')}</h2>
		${!NEEDS_NOTE.includes(verbs[0]) && verbs[0] !== 'characterise' && button(verbs[0], true)}
		<label>${t('act.note')}<textarea rows="3" value=${note} onInput=${(e) => setNote(e.target.value)}
			placeholder=${t('act.note_hint')}></textarea></label>
		${verbs.some((v) => NEEDS_OUTCOME.includes(v)) && select(t('act.outcome'), outcome, setOutcome, 'outcome', OUTCOMES)}
		${verbs.includes('characterise') && select(t('act.risk'), risk, setRisk, 'risk', RISKS)}
		<div class="row">
			${verbs.filter((v, i) => i > 0 || NEEDS_NOTE.includes(v) || v === 'characterise').map((v) => button(v))}
			${!OVER.includes(alert.state) && button('report')}${button('note')}
		</div>
		<p class="muted small">${t('act.needs')}</p>
		<p class="muted small">${actor ? t('act.as', { actor }) : t('act.sign_in_first')}</p>
		${error && html`<${Failure} error=${error} />`}
	</section>`;
}

/* "3 h 20 min", of a number of minutes. */
export function duration(minutes) {
	const unit = (value, name) => new Intl.NumberFormat(currentLanguage(), { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
	if (minutes < 60)
		return unit(minutes, 'minute');
	if (minutes < 48 * 60)
		return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`;
	return `${unit(Math.floor(minutes / 1440), 'day')} ${unit(Math.floor(minutes / 60) % 24, 'hour')}`;
}

/* A step's word and whether it is late, running or over. */
function standing(step, now) {
	const left = step.due_ms - now;
	if (step.met_ms)
		return [step.met_ms > step.due_ms ? 'over late' : 'over', t(step.met_ms > step.due_ms ? 'clock.met_late' : 'clock.met')];
	if (step.off)
		return ['over', t('clock.off')];
	return [left < 0 ? 'late' : left < 60 * MINUTE_MS ? 'soon' : 'runs',
		t(left < 0 ? 'clock.late' : 'clock.in', { time: duration(Math.floor(Math.abs(left) / MINUTE_MS)) })];
}

/* Now, again and again, so that countdowns go on by themselves. */
export function useNow() {
	const [, again] = useState(0);
	useEffect(() => {
		const timer = setInterval(() => again((n) => n + 1), 20 * SECOND_MS);
		return () => clearInterval(timer);
	}, []);
	return deskNow();
}

/* The step that is due first, or undefined. */
export function nextStep(alert) {
	return (alert.deadlines?.steps || []).filter((s) => !s.met_ms && !s.off)
		.sort((a, b) => a.due_ms - b.due_ms)[0];
}

/* One countdown for a list. */
export function Countdown({ alert, now }) {
	const step = nextStep(alert);
	if (!step)
		return '';
	const [tone, text] = standing(step, now);
	return html`<small class="clock clock-${tone}" title=${time(step.due_ms)}>${word('deadline', step.step)}: ${text}</small>`;
}

/* Who above was told that the clock was missed. */
function toldAbove(step) {
	return (step.escalated || []).map((e) => html`<small class="above">${t(e.area ? 'clock.told' : 'clock.told_nobody',
		{ area: named(e, 'area_'), time: time(e.at_ms) })}</small>`);
}

export function Clocks({ alert }) {
	const now = useNow();
	const all = alert.deadlines;
	if (!all?.steps?.length)
		return '';
	const basis = (currentLanguage() === 'zh-CN' && all.basis_zh) || all.basis;
	return html`<section class="card"><h2>${t('cli.deadlines')}</h2><dl class="facts clocks">
		${all.steps.map((s) => {
		const [tone, text] = standing(s, now);
		return html`<dt>${word('deadline', s.step)}</dt><dd class="clock clock-${tone}" title=${time(s.due_ms)}>${text}${toldAbove(s)}</dd>`;
	})}</dl>${basis && html`<p class="muted small">${basis}</p>`}</section>`;
}

function Task({ task, alert, act, busy, now }) {
	const [note, setNote] = useState('');
	const place = task.site ? task.site_name || task.site : named(task, 'area_');
	const finish = () => act({ verb: 'task', outcome: String(task.n), note });
	return html`<li class=${task.state}><b>${word('task', task.state)}</b> ${task.site
		? html`<a href="#/sites/${task.site}">${place}</a>` : place}
		${task.site && html` <small class="muted">${named(task, 'area_')}</small>`}
		${task.phone && html` <small><a href="tel:${task.phone}">${task.phone}</a></small>`}
		${task.state === 'done' ? html`<p>${task.note}</p><small class="muted">${task.actor} · ${time(task.done_ms)}</small>`
		: html`${task.due_ms && html` <small class="clock clock-${standing(task, now)[0]}">${standing(task, now)[1]}</small>`}
		<div class="row"><input value=${note} onInput=${(e) => setNote(e.target.value)} aria-label=${t('task.found')}
			placeholder=${t('task.found')} /><button data-task=${task.n} disabled=${busy || !note.trim()}
			onClick=${finish}>${t('task.finish')}</button></div>`}</li>`;
}

export function Tasks({ alert, actor, askSignIn, onDone }) {
	const [act, busy, error] = useAct(alert, actor, askSignIn, onDone);
	const now = useNow();
	const tasks = alert.tasks || [];
	if (tasks.length === 0)
		return '';
	return html`<section class="card"><h2>${t('cli.tasks')} <span class="count">${tasks.filter((x) => x.state === 'open').length}</span></h2>
		<ul class="tasks">${tasks.map((task) => html`<${Task} key=${task.n} task=${task} alert=${alert} act=${act} busy=${busy} now=${now} />`)}</ul>
		${error && html`<${Failure} error=${error} />`}</section>`;
}
