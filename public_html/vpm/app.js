// Which screen is shown, and the forms that lead to the list.

import { call, Failure } from './api.js';
import { $, busy, onSubmit, reset, same } from './forms.js';
import * as instances from './instances.js';
import { fill } from './trouble.js';

const setup = $('#setup form'), login = $('#login form'), forgotten = $('#reset form');

function show(id, title) {
	for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== id;
	$('#session').hidden = id !== 'instances';
	$('#insecure').hidden = !['setup', 'login', 'reset'].includes(id) || isSecureContext;
	if (id !== 'instances') instances.close();
	document.title = title ? `${title} · vpm` : 'vpm';
	const h1 = $(`#${id} h1`);
	h1?.focus({ preventScroll: true });
	scrollTo(0, 0);
}

// start asks how things stand: not running, not set up, nobody logged in, or ready.
async function start() {
	show('loading');
	try {
		const state = await call('setup.php');
		if (state.needed) showSetup(state);
		else await enter();
	} catch (e) {
		fill(e);
		show('trouble', 'Trouble');
	}
}

async function enter(warnings = []) {
	let user;
	try {
		({ user } = await call('auth/verify'));
	} catch (e) {
		if (e.status !== 401) throw e;
		return showLogin();
	}
	show('instances', 'Instances');
	$('#who').textContent = user.username;
	$('#warnings').replaceChildren(...warnings.map(text => Object.assign(document.createElement('li'), { textContent: text })));
	await instances.open(user, () => showLogin('The session has ended. Log in again.'));
}

function showSetup(state) {
	reset(setup);
	$('#code-file').textContent = state.code_file;
	$('#choice').hidden = $('#choice').disabled = state.database_configured;
	chooseDatabase();
	show('setup', 'Set-up');
}

function chooseDatabase() {
	$('#mysql').hidden = setup.elements.db_driver.value !== 'mysql';
}
setup.addEventListener('change', chooseDatabase);

function showLogin(notice = '', username = '') {
	reset(login);
	show('login', 'Log in');
	$('#login .notice').textContent = notice;
	login.elements.username.value = username;
	login.elements[username ? 'password' : 'username'].focus();
}

// logIn goes without .php: an older login.php that lies there sets no cookie.
async function logIn(username, password) {
	const { warnings } = await call('auth/login', { username, password });
	await enter(warnings);
	if ($('#instances').hidden) throw new Failure('The password is right, but the session did not come back: allow cookies for this site and log in again.');
}

onSubmit(setup, async values => {
	const request = same(values);
	let done;
	try {
		done = await call('setup.php', request);
	} catch (e) {
		if (e.code !== 'conflict') throw e;
		return showLogin(e.message);
	}
	try {
		await logIn(request.username, request.password);
	} catch {
		showLogin(done.message, request.username);
	}
});

onSubmit(login, ({ username, password }) => logIn(username, password));

$('#forgot').addEventListener('click', event => busy(event.target, async () => {
	let notice;
	try {
		notice = (await call('reset.php', {})).message;
	} catch (e) {
		notice = e.message; // the API refuses, and names the file with the code
	}
	const { value } = login.elements.username;
	reset(forgotten);
	forgotten.elements.username.value = value;
	show('reset', 'New password');
	$('#reset .notice').textContent = notice;
}));

onSubmit(forgotten, async values => {
	const request = same(values);
	const { message } = await call('reset.php', request);
	showLogin(message, request.username);
});

$('#back').addEventListener('click', () => showLogin());
$('#retry').addEventListener('click', start);
$('#logout').addEventListener('click', event => busy(event.target, async () => {
	try {
		showLogin((await call('auth/logout', {})).message);
	} catch (e) {
		showLogin(e.status === 401 ? '' : `${e.message} You may still be logged in.`);
	}
}));

$('#host').textContent = location.host;
$('#secure').href = location.href.replace(/^http:/, 'https:');
start();
