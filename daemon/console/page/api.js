/*
 * Requests to the daemon, and the one stream of events that all tabs of a
 * browser share (a browser opens six connections to a host, over all tabs).
 */
export class Problem extends Error {
	constructor(status, body) {
		super(body.detail || body.title || `HTTP ${status}`);
		this.status = status;
		this.errors = body.errors || [];
	}
}

let ahead = 0;

/* Now by the clock of the desk, which may be a manual one. */
export const deskNow = () => Date.now() + ahead;

async function request(path, options) {
	const reply = await fetch(path, { credentials: 'same-origin', ...options });
	const body = await reply.json().catch(() => ({}));
	if (body.now_ms)
		ahead = body.now_ms - Date.now();
	if (!reply.ok)
		throw new Problem(reply.status, body);
	return body;
}

export function address(path, query = {}) {
	const pairs = Object.entries(query).filter(([, v]) => v !== undefined && v !== '' && v !== null);
	const text = new URLSearchParams(pairs).toString();
	return `/api/v1/${path}${text ? `?${text}` : ''}`;
}

export const get = (path, query) => request(address(path, query));

/* Every page of a list. */
export async function getAll(path, name, query = {}) {
	const all = [];
	let after = 0;
	do {
		const page = await get(path, { ...query, after });
		all.push(...page[name]);
		after = page.next;
	} while (after);
	return all;
}

export function post(path, body, headers = {}) {
	return request(`/api/v1/${path}`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', ...headers },
		body: JSON.stringify(body),
	});
}

export const signOut = () => request('/api/v1/session', { method: 'DELETE' });

/*
 * Calls onEvent({...}) for each alert event and onState('live' | 'lost').
 * The tab that holds the lock has the stream and passes it on to the others.
 */
export function listen(onEvent, onState) {
	const channel = 'BroadcastChannel' in window ? new BroadcastChannel('tocsin') : null;
	const tell = (message) => {
		take(message);
		channel?.postMessage(message);
	};
	const take = (message) => {
		if (message.state)
			onState(message.state);
		if (message.event)
			onEvent(message.event);
	};
	const open = () => new Promise(() => {
		const source = new EventSource('/api/v1/events');
		source.addEventListener('open', () => tell({ state: 'live' }));
		source.addEventListener('error', () => tell({ state: 'lost' }));
		source.addEventListener('alert', (e) => tell({ event: JSON.parse(e.data) }));
		channel?.addEventListener('message', (e) => {
			if (e.data.ask)
				tell({ state: source.readyState === 1 ? 'live' : 'lost' });
		});
	});

	channel?.addEventListener('message', (e) => take(e.data));
	channel?.postMessage({ ask: true });
	if (navigator.locks && channel)
		navigator.locks.request('tocsin-events', open);
	else
		open();
}
