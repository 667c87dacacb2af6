// How the pages talk to the API: JSON both ways, the session in a cookie that scripts cannot read.

import { begun, send } from './first.js';
import { store } from './store.js';
import { t } from './words.js';

const base = new URL('../api/', import.meta.url);
const patience = 45_000; // ms; the program itself gives up sooner

/** address is that of a call: `instances/list.php` → an absolute URL, wherever the zip was extracted. */
export const address = path => new URL(path, base).href;

/** Failure is an answer of the API that says no. `field` names the input it is about, where that is known. */
export class Failure extends Error {
	constructor(message, { status = 0, code = '', field = '', answer = null } = {}) {
		super(message);
		Object.assign(this, { status, code, field, answer });
	}
}

/** NoAnswer is everything else: no connection (status 0), or an answer that the API did not write. */
export class NoAnswer extends Error {
	constructor(message, status = 0, type = '') {
		super(message);
		Object.assign(this, { status, type });
	}
}

/** What was last heard of the server: null while it answers, else the sentence for the banner. */
export const trouble = store(null);

/** Whether the server said that its database must be upgraded first. */
export const outdated = store(false);
const saysOutdated = e => e.code === 'unavailable' && e.message.includes('migrate.php');

/** hasBanner tells whether a failure is of the whole panel, and so is told above every page now. */
export const hasBanner = e => e instanceof NoAnswer ? trouble.get() !== null : saysOutdated(e);

/** ended is called when an answer says that nobody is logged in (any more). */
const hooks = { ended() {} };
export const onEnd = ended => { hooks.ended = ended; };

/**
 * call sends a GET, or with a body a POST.
 * @param {string} path as `instances/list.php`
 * @param {object} [body]
 * @param {{signal?: AbortSignal}} [options]
 */
export async function call(path, body, { signal } = {}) {
	let response, text;
	try {
		const early = begun.get(path);
		begun.delete(path);
		response = await (early ?? send(path, {
			method: body ? 'POST' : 'GET',
			body: body && JSON.stringify(body),
			signal: signal ? AbortSignal.any?.([signal, AbortSignal.timeout(patience)]) ?? signal : AbortSignal.timeout(patience),
		}));
		text = await response.text();
	} catch (e) {
		if (signal?.aborted) throw e;
		throw silence(path, e.name === 'TimeoutError' ? t('trouble.timeout', { n: patience / 1000 }) : t('trouble.silent'));
	}
	const answer = object(text);
	if (typeof answer?.success !== 'boolean') {
		const type = response.headers.get('Content-Type')?.split(';')[0] ?? '';
		throw silence(path, t('trouble.foreign', { status: String(response.status), type }), response.status, type);
	}
	trouble.set(null);
	heard(path, response);
	if (!response.ok || (!answer.success && !answer.results)) throw failure(answer, response.status, path);
	return answer;
}

/** get makes the query of a GET: `get('instances/log.php', {instance_id, lines})`. Empty values are left out. */
export const get = (path, query, options) =>
	call(`${path}?${new URLSearchParams(Object.entries(query).filter(([, v]) => v !== '' && v != null))}`, undefined, options);

// The last answer: while the API answers other calls, what is wrong is with one call and not with the server.
let last = { path: '', at: 0 };
const recently = 4_000; // ms

function silence(path, message, status, type) {
	const elsewhere = last.path !== path && Date.now() - last.at < recently;
	if (!status || !elsewhere) trouble.set(message);
	return new NoAnswer(message, status, type);
}

function object(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

function failure(answer, status, path) {
	const { message = '', error = '', code, request_id: id } = answer;
	let words = message || error || `HTTP ${status}`;
	const [, field] = words.match(/(?:[Ff]ield|this) '?(\w+)'?/) ?? [];
	if (id) words = t('trouble.request', { message: words, id });
	if (status === 401 && path !== 'auth/login') hooks.ended();
	const e = new Failure(words, { status, code, field, answer });
	if (saysOutdated(e)) outdated.set(true);
	return e;
}

// The server's clock against this one: ages are told by the server's.
let ahead = 0; // ms

function heard(path, response) {
	last = { path, at: Date.now() };
	const date = Date.parse(response.headers.get('Date') ?? '');
	// The header has whole seconds, so a difference below two is none.
	if (!Number.isNaN(date)) ahead = Math.abs(date - Date.now()) < 2000 ? 0 : date - Date.now();
}

/** now is the server's time in ms since 1970. */
export const now = () => Date.now() + ahead;
