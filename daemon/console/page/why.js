/* Why did it ring, or not: any area and day, in the words of the daemon. */
import { html, useEffect, useState } from './vendor/htm-preact.js';
import { get, getAll } from './api.js';
import { t, named, currentLanguage } from './text.js';
import { Failure, Waiting } from './parts.js';

function Answer({ area, day }) {
	const [reply, setReply] = useState(null);
	const [error, setError] = useState(null);

	useEffect(() => {
		setReply(null);
		get('explain', { area, day, lang: currentLanguage() })
			.then((r) => { setReply(r); setError(null); }, setError);
	}, [area, day, currentLanguage()]);
	if (error)
		return html`<${Failure} error=${error} />`;
	if (!reply)
		return html`<${Waiting} />`;
	const heard = reply.triggers.filter((x) => x.streams > 0);
	const rest = reply.triggers.filter((x) => !x.streams);
	return html`<div class="answer">
		${reply.triggers.length === 0 && html`<p>${t('why.no_trigger')}</p>`}
		${heard.map((x) => html`<section key=${x.trigger} class="grade-line grade-${x.colour}"><h3>${x.words[0]}</h3>
			<ul>${x.words.slice(1).map((line) => html`<li>${line}</li>`)}</ul>
			${x.alert && html`<a href="#/alerts/${x.alert.id}">${t('why.open')}</a>`}</section>`)}
		${rest.length > 0 && html`<p class="muted small">${t('why.rest', {
		triggers: rest.map((x) => (currentLanguage() === 'zh-CN' && x.title_zh) || x.title).join(t('list.comma')),
	})}</p>`}</div>`;
}

export function Why({ area, day, status }) {
	const [areas, setAreas] = useState([]);
	const [where, setWhere] = useState(area || '');
	const [when, setWhen] = useState(day || status?.today || '');

	useEffect(() => {
		getAll('areas', 'areas').then(setAreas, () => {});
	}, []);
	useEffect(() => setWhere(area || ''), [area]);
	/* Today comes late, and must not take the place of what was typed. */
	useEffect(() => setWhen((was) => day || was || status?.today || ''), [day, status?.today]);
	/* A name is as good as a code. */
	const code = (text) => areas.find((a) => [a.area, a.name, a.name_zh].includes(text.trim()))?.area ?? text.trim();
	const ask = (e) => {
		e.preventDefault();
		location.hash = `#/why/${encodeURIComponent(code(where))}/${when}`;
	};
	return html`<section class="card"><h1>${t('why.ask_title')}</h1><p class="muted">${t('why.hint')}</p>
		<form class="row why-form" onSubmit=${ask}>
			<label>${t('why.area')}<input list="areas" required value=${where} onInput=${(e) => setWhere(e.target.value)} /></label>
			<datalist id="areas">${areas.map((a) => html`<option value=${a.area}>${named(a)}</option>`)}</datalist>
			<label>${t('why.day')}<input type="date" required value=${when} max=${status?.today}
				onInput=${(e) => setWhen(e.target.value)} /></label>
			<button class="primary">${t('why.ask')}</button>
		</form>
		${area && day && html`<h2>${named(areas.find((a) => a.area === area)) || area} · ${day}</h2><${Answer} area=${area} day=${day} />`}
	</section>`;
}
