// The pages that need no login: set-up of a fresh upload, what to do where the program does not answer, and a new
// password for who has lost theirs. app.js loads this file only for them:
//
//	const { setup, reset } = await import('./setup.js');
//	setup(root)   where GET setup.php answers anything but needed: false, also nothing, or what is not from vpm
//	reset(root)   at #/reset
//
// root is an element that is theirs as long as it is in the document. They ask the API themselves, bring their own
// style sheet, and when they are done load the page anew at #/.

import { end } from './setup-end.js';
import { ask, field, form, frame, h, input, insecure, path, proving, twice } from './setup-parts.js';
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
