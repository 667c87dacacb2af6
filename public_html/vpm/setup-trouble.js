// What set-up shows where the program does not answer as it should: what that means, what to check, and the change to
// the 32-bit program where the host gives too little memory for the other.

import { address, ask, frame, h, rich, Silence, whileBusy } from './setup-parts.js';
import { t } from './setup-text.js';

// state asks how set-up stands. Where the web server fails to run the program, the 32-bit one is told to take over: it
// does only if the other really fails for want of memory.
export async function state(say) {
	try {
		return { state: await ask('setup.php') };
	} catch (error) {
		if (!(error instanceof Silence) || error.status < 500) return { error };
		say(t('setup.switching'));
		try {
			await ask('switch386.php', {});
		} catch (e) {
			return { error, tried: e instanceof Silence ? t('setup.trouble.silent') : e.message };
		}
		try {
			return { state: await ask('setup.php'), switched: true };
		} catch (again) {
			return { error: again };
		}
	}
}

function diagnosis({ status }) {
	if (status === 404) return ['404', 'htaccess', 'program', 'plan'];
	if (status === 403) return ['403', 'mode', 'plan', 'else'];
	if ([502, 503, 504, 508].includes(status)) return ['50x', 'wait', 'mode', 'log'];
	if (status >= 500) return ['500', 'mode', 'htaccess', 'log'];
	return ['other', 'htaccess', 'else', 'plan'];
}

// trouble shows an error. A Refusal is the API's own word, for example that its database is away.
export function trouble(root, { error, tried }, retry) {
	const refused = !(error instanceof Silence), gone = error.status === 0;
	const content = frame(root, t(refused ? 'setup.trouble.cannot' : gone ? 'trouble.gone' : 'setup.trouble'));
	const button = h('button', { type: 'button', className: 'primary', onclick: () => whileBusy(button, undefined, retry) }, t('again'));
	const actions = h('p', { className: 'setup-actions' }, button);
	if (refused || gone) {
		content.append(h('p', { role: 'alert' }, refused ? error.message : t('setup.trouble.gone.about', { message: error.message })), actions);
		return;
	}
	const [what, ...checks] = diagnosis(error);
	content.append(
		h('p', { role: 'alert' }, t(`setup.trouble.${what}`)),
		h('p', {}, rich(t('setup.trouble.seen', { url: address('setup.php'), status: error.status }))),
		tried ? h('p', {}, t('setup.trouble.386', { message: tried })) : '',
		h('h2', {}, t('setup.trouble.check')),
		h('ol', { className: 'setup-list' }, checks.map(check => h('li', {}, rich(t(`setup.trouble.${check}`))))),
		actions);
}
