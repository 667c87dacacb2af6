// The last page of set-up: what to do next.

import { ask, address, frame, h, whileBusy } from './setup-parts.js';
import { t } from './setup-text.js';

// end logs the administrator in and shows what is next. Where that fails, as without cookies, or where somebody else
// was first, people log in themselves.
export async function end(root, { username, password, message }) {
	let loggedIn = false;
	if (username) {
		try {
			await ask('auth/login', { username, password }); // without .php: an older login.php sets no cookie
			await ask('auth/verify');
			loggedIn = true;
		} catch (e) {
			message = e.message;
		}
	}
	const content = frame(root, t('setup.end.title'));
	content.append(
		message ? h('p', { className: 'setup-note', role: 'status' }, message) : '',
		h('p', {}, t('setup.end.closed')));
	if (loggedIn) content.append(h('p', {}, t('setup.end.sites')), actions(enter('#/find', t('nav.find'))), ...cron());
	else content.append(actions(enter('#/', t('login'))));
}

const actions = (...buttons) => h('p', { className: 'setup-actions' }, buttons);

// enter loads the page anew, which asks how things stand.
function enter(hash, label) {
	return h('button', { type: 'button', className: 'primary', onclick: () => {
		location.hash = hash;
		location.reload();
	} }, label);
}

// cron makes a token that may do nothing but the tick, and the line that uses it.
function cron() {
	const place = h('div', { role: 'status' });
	const make = h('button', { type: 'button', onclick: () => whileBusy(make, undefined, async () => {
		try {
			const { token } = await ask('tokens/create.php', { name: 'cron', scope: 'tick' });
			const line = `*/5 * * * * curl -fsS "${address('tick.php')}?token=${token}" >/dev/null`;
			const code = h('code', { className: 'setup-path', tabIndex: 0, role: 'region', 'aria-label': t('setup.end.cron.line') }, line);
			place.replaceChildren(code, h('p', {}, h('small', {}, t('setup.end.cron.once'))), actions(copy(line)));
			make.hidden = true;
			code.focus();
		} catch (e) {
			place.replaceChildren(h('p', { className: 'setup-error' }, e.message));
		}
	}) }, t('setup.end.cron.make'));
	return [h('h2', {}, t('setup.end.cron')), h('p', {}, t('setup.end.cron.about')), place, actions(make)];
}

// copy is a button that copies a text. Without HTTPS browsers do not let pages copy.
function copy(text) {
	if (!navigator.clipboard) return '';
	const button = h('button', { type: 'button', onclick: async () => {
		await navigator.clipboard.writeText(text);
		button.textContent = t('copied');
	} }, t('copy'));
	return button;
}
