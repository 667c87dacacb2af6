// What the set-up pages are made of: elements, forms, and how they ask the API. They use nothing of the panel's but
// its style, so that they work where the rest may not.

import { t } from './setup-text.js';

const api = new URL('../api/', import.meta.url);
const patience = 45_000; // ms; the program itself gives up sooner

export const address = path => new URL(path, api).href;

// h makes an element. Properties are set as such where the element has them, else as attributes; children are nodes or
// texts, never markup.
export function h(tag, properties = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (name in element) element[name] = value;
		else if (value !== undefined) element.setAttribute(name, value);
	}
	element.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false));
	return element;
}

// rich gives the nodes of a text in which `…` is code.
export const rich = text => text.split('`').map((part, i) => i % 2 ? h('code', {}, part) : part);

// Refusal is an answer of the API that says no.
export class Refusal extends Error {
	constructor({ message = '', error = '', code = '', request_id: id }, status) {
		message ||= error || `HTTP ${status}`;
		super(id ? `${message} (${id})` : message);
		Object.assign(this, { status, code });
	}
}

// Silence is everything else: no connection (status 0), or an answer that the API did not write.
export class Silence extends Error {
	constructor(message, status = 0) {
		super(message);
		this.status = status;
	}
}

// ask sends a GET, or with a body a POST.
export async function ask(path, body, options = {}) {
	let response, text;
	try {
		response = await fetch(address(path), {
			method: body ? 'POST' : 'GET',
			body: body && JSON.stringify(body),
			cache: 'no-store',
			signal: AbortSignal.timeout(patience),
			...options,
		});
		text = await response.text();
	} catch (e) {
		throw new Silence(e.name === 'TimeoutError' ? t('setup.no_answer.time', { s: patience / 1000 }) : t('setup.no_answer'));
	}
	let answer;
	try {
		answer = JSON.parse(text);
	} catch {
		// said below
	}
	if (typeof answer?.success !== 'boolean') throw new Silence(t('setup.not_vpm', { status: response.status }), response.status);
	if (!answer.success) throw new Refusal(answer, response.status);
	return answer;
}

let ids = 0;

// field is an input with its label, and a hint that screen readers read along.
export function field(label, input, hint) {
	input.id = `setup-field-${++ids}`;
	const about = hint && h('small', { id: `${input.id}-hint` }, hint);
	if (about) input.setAttribute('aria-describedby', about.id);
	return h('div', { className: 'field' }, h('label', { htmlFor: input.id }, label), about, input);
}

export const input = (name, properties = {}) => h('input', { name, type: 'text', spellcheck: false, autocapitalize: 'none', autocomplete: 'off', ...properties });

// form makes a form that runs work with its values, one submission at a time, and shows what work throws; invalid names
// the input that an error is about.
export function form(content, { label, busy, work, invalid = () => undefined, others = [] }) {
	const error = h('p', { className: 'setup-error', role: 'alert' });
	const button = h('button', { className: 'primary' }, label);
	const element = h('form', { method: 'post', noValidate: true }, content, error, h('p', { className: 'setup-actions' }, button, others));
	const mark = input => {
		element.querySelectorAll('[aria-invalid]').forEach(marked => marked.removeAttribute('aria-invalid'));
		input?.setAttribute('aria-invalid', 'true');
		input?.focus();
	};
	element.addEventListener('submit', async event => {
		event.preventDefault();
		if (button.getAttribute('aria-disabled')) return;
		error.textContent = '';
		mark();
		await whileBusy(button, busy, async () => {
			try {
				await work(Object.fromEntries(new FormData(element)));
			} catch (e) {
				error.textContent = e.message;
				mark(element.elements[invalid(e)]);
			}
		});
	});
	return element;
}

// whileBusy marks a button while work runs. It stays enabled, for a disabled one would lose the focus.
export async function whileBusy(button, label, work) {
	const before = button.textContent;
	button.setAttribute('aria-disabled', 'true');
	button.textContent = label ?? t('setup.working');
	try {
		return await work();
	} finally {
		button.removeAttribute('aria-disabled');
		button.textContent = before;
	}
}

// path is the name of a file to be opened elsewhere, which a click selects whole.
export const path = name => h('code', { className: 'setup-path' }, name);

// proving asks with a code. The API's own word for a wrong one is that there is none.
export async function proving(path, body) {
	if (!body.code.trim()) throw Object.assign(new Error(t('setup.prove.none')), { field: 'code' });
	try {
		return await ask(path, body);
	} catch (e) {
		if (e.code === 'forbidden') Object.assign(e, { message: t('setup.prove.wrong'), field: 'code' });
		throw e;
	}
}

// twice checks what was typed twice.
export function twice({ password, again }) {
	if (password !== again) throw Object.assign(new Error(t('password.differ')), { field: 'again' });
}

// insecure warns where a password would go over an open connection. Browsers call this machine's own addresses secure.
export function insecure() {
	if (isSecureContext) return undefined;
	const to = location.href.replace(/^http:/, 'https:');
	return h('p', { className: 'setup-note warning' }, t('insecure'), ' ', h('a', { href: to }, t('insecure.link')));
}

// frame shows a page in root and gives the place for its content.
export function frame(root, title) {
	style();
	document.title = `${title} · vpm`;
	const h1 = h('h1', { tabIndex: -1 }, title), content = h('div');
	const brand = h('header', { className: 'setup-bar' }, h('img', { src: new URL('icon.svg', import.meta.url).href, alt: '', width: 26, height: 26 }), h('b', {}, 'vpm'), h('small', {}, location.host));
	root.replaceChildren(brand, h('main', { className: 'setup' }, h1, content));
	h1.focus({ preventScroll: true });
	return content;
}

function style() {
	const href = new URL('setup.css', import.meta.url).href;
	if (![...document.styleSheets].some(sheet => sheet.href === href)) document.head.append(h('link', { rel: 'stylesheet', href }));
}
