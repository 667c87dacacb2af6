// The first script: finds out how things stand, and shows set-up, the login or the panel.

import { call } from './api.js';
import { begun, remembered } from './first.js';
import { html, render } from './html.js';
import { Frame } from './components/frame.js';
import { open } from './instances.js';
import { resume, session } from './session.js';
import { t } from './words.js';

const root = document.getElementById('app');

async function start() {
	root.textContent = t('loading');
	if (location.hash.startsWith('#/reset')) return begin('reset');
	const opened = begun.has('instances/list.php') && open();
	const asked = remembered();
	// To draw once is quicker than twice, unless the list takes its time.
	if (asked) await Promise.all([ask(), Promise.race([opened, new Promise(go => { setTimeout(go, 100); })])]);
	if (session.get().state !== 'in') {
		let state;
		try {
			state = await call('setup.php');
		} catch { /* the set-up pages say what that means */ }
		if (state?.needed !== false) return begin('setup');
		if (!asked) await ask();
	}
	root.textContent = '';
	render(html`<${Frame} />`, root);
}

async function ask() {
	try {
		await resume();
	} catch { /* set-up or the banner says so, and the login page tries again */ }
}

/** begin shows the pages that need no login. They are few people's, so they are loaded only for them. */
async function begin(name) {
	root.textContent = '';
	(await import('./setup.js'))[name](root);
}

// The one other way in and out of those pages.
addEventListener('hashchange', event => {
	const isReset = url => new URL(url).hash.startsWith('#/reset');
	if (isReset(event.newURL) !== isReset(event.oldURL)) location.reload();
});

start();
