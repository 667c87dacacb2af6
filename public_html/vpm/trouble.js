// The screen for when /api/setup.php does not answer as the API does: what that means, and what to check.

import { address, call, NoAnswer } from './api.js';
import { $, busy } from './forms.js';

const view = $('#trouble');

const checks = {
	htaccess: 'Is `api/.htaccess` there? File managers hide names that begin with a dot: turn on “show hidden files”, and upload the file again if it is missing.',
	program: 'Is `api/vpm.cgi` there, and as large as in the zip?',
	mode: 'Have `api/vpm.cgi` and the directory `api` the permissions 755, and do both belong to your account? File managers may drop permissions when they extract a zip.',
	log: 'What does the host’s error log say? `Option … not allowed here`: the host must allow `.htaccess` files FileInfo, Options, AuthConfig and Limit. `suexec policy violation`: permissions or owner. `cannot allocate memory`, or nothing at all: the host limits memory, see below.',
	host: 'Does the plan include CGI programs and `.htaccess` files (Apache or a server that reads them)? The host’s support knows.',
	other: 'Does another program answer at this address, for example a firewall of the host, or the CMS in this directory?',
	wait: 'Is the account at a limit of the host for processes or time? Wait a minute and try again.',
};

function diagnosis({ status }) {
	if (status === 404) return ['The web server found nothing there: it does not pass calls on to the program.', 'htaccess', 'program', 'host'];
	if (status === 403) return ['The web server refuses to run the program.', 'mode', 'host', 'other'];
	if ([502, 503, 504, 508].includes(status)) return ['The web server could not get an answer from the program.', 'wait', 'mode', 'log'];
	if (status >= 500) return ['The web server failed to run the program.', 'mode', 'htaccess', 'log'];
	return ['Something other than vpm answered.', 'htaccess', 'other', 'host'];
}

// fill writes what happened into the screen. A Failure is the API's own word, for example that its database is away.
export function fill(e) {
	const [title, what, ...keys] =
		!(e instanceof NoAnswer) ? ['vpm cannot go on', e.message]
		: e.status === 0 ? ['The server does not answer', `${e.message} Check the connection, then try again.`]
		: ['vpm does not answer', ...diagnosis(e)];
	$('h1', view).textContent = title;
	$('.what', view).textContent = what;
	$('.checks', view).replaceChildren(...(keys.length ? list(e, keys) : []));
	$('#switch', view).hidden = !keys.length || e.status < 500;
	$('.result', view).textContent = '';
}

function list(e, keys) {
	const seen = document.createElement('p');
	seen.append(code(address('setup.php')), ` answered HTTP ${e.status}${e.type && `, ${e.type}`}.`);
	const title = document.createElement('h2');
	title.textContent = 'What to check, likeliest first';
	const ol = document.createElement('ol');
	for (const key of keys) {
		const li = document.createElement('li');
		li.append(...checks[key].split('`').map((part, i) => i % 2 ? code(part) : part));
		ol.append(li);
	}
	return [seen, title, ol];
}

function code(text) {
	const element = document.createElement('code');
	element.textContent = text;
	return element;
}

$('#switch386').addEventListener('click', event => busy(event.target, async () => {
	const result = $('.result', view);
	result.textContent = 'Trying both programs, this takes some seconds…';
	try {
		result.textContent = `${(await call('switch386.php', {})).message}. Now try again.`;
		$('#retry').focus();
	} catch (e) {
		result.textContent = e instanceof NoAnswer ? `${e.message} So the cause is more likely above than in the memory.` : e.message;
	}
}));
