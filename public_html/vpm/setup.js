// The pages that need no login: set-up of a fresh upload, what to do where the program does not answer, and a new
// password for who has lost theirs. app.js loads this file only for them:
//
//	const { setup, reset } = await import('./setup.js');
//	setup(root)   where GET setup.php answers anything but needed: false, also nothing, or what is not from vpm
//	reset(root)   at #/reset
//
// root is an element that is theirs as long as it is in the document. They ask the API themselves, bring their own
// style sheet, and when they are done load the page anew at #/.

import { address, ask, field, form, frame, h, input, insecure, path, proving, twice, whileBusy } from './setup-parts.js';
import { steps } from './setup-steps.js';
import { t } from './setup-text.js';
import { state, trouble } from './setup-trouble.js';

/** setup finds out how things stand and goes on from there. */
export async function setup(root) {
	const content = frame(root, t('setup.title'));
	const status = h('p', { role: 'status' }, t('setup.asking'));
	content.append(status);
	const seen = await state(say => { status.textContent = say; });
	if (seen.error) return trouble(root, seen, () => setup(root));
	if (!seen.state.needed) return home();
	const place = h('div');
	content.replaceChildren(...[insecure(), seen.switched && h('p', { className: 'setup-note', role: 'status' }, t('setup.switched')), place].filter(Boolean));
	return steps(place, seen.state, done => end(root, done));
}

// home is where somebody logs in.
function home() {
	location.hash = '#/';
	location.reload();
}

/** reset names the file with the code, and sets a new password. */
export async function reset(root) {
	const content = frame(root, t('setup.reset.title'));
	let file;
	try {
		({ code_file: file } = await ask('reset.php'));
	} catch (error) {
		return trouble(root, { error }, () => reset(root));
	}
	const back = h('button', { type: 'button', className: 'setup-plain', onclick: home }, t('setup.reset.back'));
	content.append(...[insecure()].filter(Boolean), h('p', {}, t('setup.reset.why')), path(file), form([
		field(t('setup.prove.code'), input('code', { className: 'mono', required: true })),
		field(t('setup.reset.name'), input('username', { required: true, autocomplete: 'username' })),
		field(t('password.new'), input('password', { type: 'password', required: true, autocomplete: 'new-password' }), t('setup.admin.password.hint')),
		field(t('password.again'), input('again', { type: 'password', required: true, autocomplete: 'new-password' })),
	], {
		label: t('password.change'), busy: t('setup.reset.going'), others: back,
		invalid: e => e.field ?? (e.code === 'not_found' ? 'username' : e.message.includes('password') ? 'password' : undefined),
		work: async values => {
			twice(values);
			const { code, username, password } = values;
			const { message } = await proving('reset.php', { code, username, password });
			const login = h('button', { type: 'button', className: 'primary', onclick: home }, t('login'));
			frame(root, t('setup.reset.done')).append(h('p', { role: 'status' }, message), h('p', { className: 'setup-actions' }, login));
		},
	}));
}

// end logs the administrator in and shows what is next. Where that fails, as without cookies, or where somebody else
// was first, people log in themselves.
async function end(root, { username, password, message }) {
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
