/* The frame of the page: navigation, language, sign-in, live updates. */
import { html, render, useEffect, useRef, useState } from './vendor/htm-preact.js';
import { get, post, signOut, listen } from './api.js';
import { t, loadTexts, setLanguage, otherLanguage, named } from './text.js';
import { Desk } from './desk.js';
import { Alert } from './alert.js';
import { Places, Site } from './places.js';
import { Status } from './status.js';
import { Why } from './why.js';
import { Score } from './score.js';
import { AreaMap } from './map.js';

const GATHER_MS = 400;
const POLL_MS = 15000;
const REFRESH_MS = 60000;

function readRoute() {
	const [, view = '', id, more] = location.hash.split('/');
	return { view, id: id ? decodeURIComponent(id) : undefined, more };
}

function useRoute() {
	const [route, setRoute] = useState(readRoute);
	useEffect(() => {
		const change = () => {
			setRoute(readRoute());
			scrollTo(0, 0);
		};
		addEventListener('hashchange', change);
		return () => removeEventListener('hashchange', change);
	}, []);
	return route;
}

/* A number that grows when something has changed; bursts count once. */
function useLive() {
	const [tick, setTick] = useState(0);
	const [state, setState] = useState('lost');
	useEffect(() => {
		let timer = null;
		const soon = () => {
			timer = timer || setTimeout(() => {
				timer = null;
				setTick((n) => n + 1);
			}, GATHER_MS);
		};
		listen(soon, setState);
	}, []);
	useEffect(() => {
		/* Counts that ring nothing are no events: the day goes on too. */
		const poll = setInterval(() => setTick((n) => n + 1), state === 'live' ? REFRESH_MS : POLL_MS);
		return () => clearInterval(poll);
	}, [state]);
	return [tick, state];
}

function SignIn({ open, onClose, onDone }) {
	const dialog = useRef();
	const [name, setName] = useState(localStorage.getItem('tocsin.name') || '');
	const [token, setToken] = useState('');
	const [error, setError] = useState(null);
	useEffect(() => {
		if (open && !dialog.current.open)
			dialog.current.showModal();
		else if (!open)
			dialog.current.close();
	}, [open]);
	const submit = (e) => {
		e.preventDefault();
		post('session', { name: name.trim(), token: token.trim() }).then((r) => {
			localStorage.setItem('tocsin.name', name.trim());
			setToken('');
			setError(null);
			onDone(r.actor);
		}, setError);
	};
	return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="sign-in-title">
		<form onSubmit=${submit}><h2 id="sign-in-title">${t('sign.title')}</h2>
			<label>${t('sign.name')}<input value=${name} required maxlength="60" autocomplete="name"
				onInput=${(e) => setName(e.target.value)} /></label>
			<label>${t('sign.token')}<input type="password" value=${token} required autocomplete="current-password"
				onInput=${(e) => setToken(e.target.value)} /></label>
			<p class="muted small">${t('sign.hint')}</p>
			${error && html`<p class="failure" role="alert">${error.message}</p>`}
			<div class="row"><button class="primary">${t('sign.in')}</button>
				<button type="button" onClick=${onClose}>${t('sign.cancel')}</button></div>
		</form></dialog>`;
}

function Bar({ route, live, actor, onSignIn, onSignOut, onLanguage }) {
	const link = (view, label, also = []) => html`<a href="#/${view}"
		aria-current=${route.view === view || also.includes(route.view) ? 'page' : undefined}>${label}</a>`;
	return html`<header class="bar"><div class="bar-in">
		<a class="brand" href="#/"><img src=${new URL('icon.svg', import.meta.url)} alt="" width="26" height="26" />tocsin</a>
		<nav aria-label=${t('nav.label')}>${link('', t('nav.desk'), ['alerts'])}${link('map', t('nav.map'))}${link('places', t('nav.places'), ['sites'])}${link('why', t('nav.why'))}${link('score', t('nav.score'))}${link('status', t('nav.status'))}</nav>
		<span class="live live-${live}" role="status">${t(`live.${live}`)}</span>
		<button class="quiet" lang=${otherLanguage()} onClick=${onLanguage}>${otherLanguage() === 'en' ? 'English' : '中文'}</button>
		${actor ? html`<button class="quiet" onClick=${onSignOut} title=${t('sign.out')}>${actor}</button>`
		: html`<button class="quiet" onClick=${onSignIn}>${t('sign.in')}</button>`}
	</div></header>`;
}

function nameOf(list, key) {
	const map = new Map(list.map((x) => [x[key], x]));
	return (code) => named(map.get(code)) || code;
}

function App() {
	const route = useRoute();
	const [tick, live] = useLive();
	const [, setLanguageTurn] = useState(0);
	const [actor, setActor] = useState(null);
	const [asking, setAsking] = useState(false);
	const [vocabulary, setVocabulary] = useState({ kinds: [], indicators: [] });
	const [status, setStatus] = useState(null);

	useEffect(() => {
		get('vocabulary').then(setVocabulary, () => {});
		get('session').then((r) => setActor(r.actor), () => {});
	}, []);
	useEffect(() => {
		get('status').then((s) => {
			setStatus(s);
			const fresh = (s.alerts.open || 0) + (s.alerts.reopened || 0);
			document.title = `${fresh ? `(${fresh}) ` : ''}${t('title')}`;
		}, () => setStatus(null));
	}, [tick, otherLanguage()]);

	const kinds = nameOf(vocabulary.kinds, 'kind');
	const indicators = nameOf(vocabulary.indicators, 'indicator');
	const shared = { tick, kinds, indicators, actor, status, askSignIn: () => setAsking(true) };
	const changeLanguage = () => setLanguage(otherLanguage()).then(() => setLanguageTurn((n) => n + 1));
	const leave = () => signOut().finally(() => setActor(null));
	const views = {
		'': () => html`<${Desk} ...${shared} />`,
		alerts: () => html`<${Alert} key=${route.id} id=${route.id} ...${shared} />`,
		map: () => html`<${AreaMap} area=${route.id} ...${shared} />`,
		places: () => html`<${Places} area=${route.id} ...${shared} />`,
		sites: () => html`<${Site} key=${route.id} site=${route.id} ...${shared} />`,
		why: () => html`<${Why} area=${route.id} day=${route.more} ...${shared} />`,
		score: () => html`<${Score} from=${route.id} to=${route.more} ...${shared} />`,
		status: () => html`<${Status} ...${shared} />`,
	};
	return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById('main').focus(); }}>${t('nav.skip')}</a>
		<${Bar} route=${route} live=${live} actor=${actor} onSignIn=${() => setAsking(true)} onSignOut=${leave} onLanguage=${changeLanguage} />
		<main id="main" tabindex="-1">${(views[route.view] || views[''])()}</main>
		<footer class="foot">${t('foot')}</footer>
		<${SignIn} open=${asking} onClose=${() => setAsking(false)} onDone=${(a) => { setActor(a); setAsking(false); }} />`;
}

loadTexts().then(() => render(html`<${App} />`, document.getElementById('app')));
