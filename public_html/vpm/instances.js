// The list: polled while the page is visible, changed in place so that the focus stays where it is.

import { call, Failure } from './api.js';
import { $, busy, onSubmit, reset } from './forms.js';

const interval = 5_000; // ms
const view = $('#instances'), body = $('tbody', view), dialog = $('#stop'), form = $('#add form');
const rows = new Map(); // by instance_id
const types = { wordpress: 'WordPress', joomla: 'Joomla', drupal: 'Drupal', native: 'Other (native)' };
const modes = { virtual: 'Virtual Mode', real: 'Process Mode' };
const doing = { start: 'Starting…', stop: 'Stopping…', restart: 'Restarting…' };

let user, ended; // who is logged in; what to call when that is over
let timer, seenAt = '';
let epoch = 0; // counts changes: a list that was asked for before one is old

const may = permission => user.role === 'admin' || [permission, '*'].some(p => user.permissions.includes(p));
const now = () => new Date().toLocaleTimeString();

export function open(who, onEnd) {
	[user, ended] = [who, onEnd];
	close();
	$('#add').hidden = !may('instances.create');
	return refresh();
}

export function close() {
	epoch++;
	clearTimeout(timer);
	rows.clear();
	body.replaceChildren();
	reset(form);
	dialog.close();
	$('#add').open = false;
	$('#updated').textContent = $('#done').textContent = seenAt = '';
	for (const id of ['table', '#empty', '#honest', '#migrate']) $(id, view).hidden = true;
	problem('');
}

async function refresh() {
	clearTimeout(timer);
	const asked = epoch;
	try {
		const answer = await call('instances/list.php');
		if (asked === epoch) render(answer.instances);
	} catch (e) {
		if (asked === epoch && !over(e)) {
			problem(seenAt ? `Not refreshed since ${seenAt}: ${e.message}` : e.message);
			// The answer names the call that mends this.
			$('#migrate').hidden = !(e instanceof Failure && e.message.includes('migrate.php') && user.role === 'admin');
		}
	}
	if (asked === epoch && !document.hidden) timer = setTimeout(refresh, interval);
}

document.addEventListener('visibilitychange', () => {
	clearTimeout(timer);
	if (document.hidden || view.hidden) return;
	epoch++;
	refresh();
});

// over tells whether the session is, and leaves.
function over(e) {
	if (e.status !== 401) return false;
	ended();
	return true;
}

// problem changes the text only if it is another: a screen reader reads each change.
function problem(text) {
	const p = $('#problem');
	if (p.textContent !== text) p.textContent = text;
}

function render(instances) {
	problem('');
	seenAt = now();
	$('#updated').textContent = `Updated ${seenAt}`;
	$('#migrate').hidden = true;
	for (const [id, row] of rows) {
		if (instances.some(i => i.instance_id === id)) continue;
		row.remove();
		rows.delete(id);
	}
	instances.forEach((instance, i) => {
		const row = rows.get(instance.instance_id) ?? newRow(instance.instance_id);
		fill(row, instance);
		if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
	});
	const none = instances.length === 0;
	if (none && $('#empty').hidden) $('#add').open = true;
	$('#empty').hidden = !none;
	$('table', view).hidden = $('#honest').hidden = none;
}

function newRow(id) {
	const row = $('#row').content.cloneNode(true).firstElementChild;
	for (const button of row.querySelectorAll('button')) button.addEventListener('click', () => ask(row, id, button));
	rows.set(id, row);
	return row;
}

function fill(row, instance) {
	const { process } = instance;
	row.instance = instance;
	const set = (selector, text) => { $(selector, row).textContent = text; };
	set('.name', instance.instance_name);
	set('.id', instance.instance_id);
	set('.type', [types[instance.cms_type] ?? instance.cms_type, instance.cms_version].filter(Boolean).join(' '));
	set('.domain', instance.domain ? instance.domain + (instance.path_prefix ?? '').replace(/^\/$/, '') : '–');
	set('.status b', process.status);
	$('.status b', row).dataset.status = process.status;
	set('.status small', instance.drift ? drifts[instance.observed] ?? '' : instance.status === 'maintenance' ? 'in maintenance' : '');
	set('.badge', modes[process.mode] ?? process.mode);
	set('.pid', process.pid ?? '–');
	enable(row);
}

// drifts says what was seen where it is not what is wanted.
const drifts = { running: 'but visitors still reach it', stopped: 'but it is closed to visitors', error: 'but its gate is damaged' };

// enable offers what would change something; nothing while a call runs.
function enable(row) {
	const { status, process } = row.instance;
	const settled = !row.instance.drift;
	const running = settled && status === 'active' && process.status === 'running';
	const stopped = settled && status === 'inactive' && process.status === 'stopped';
	for (const button of row.querySelectorAll('button')) {
		const idle = button.value === 'start' ? running : stopped;
		button.setAttribute('aria-label', `${button.textContent} ${row.instance.instance_name}`);
		button.disabled = row.busy || idle || !may('instances.manage');
	}
}

// ask has a stop confirmed, with room for a reason.
function ask(row, id, button) {
	if (button.value !== 'stop') return act(row, id, button);
	$('h2', dialog).textContent = `Stop ${row.instance.instance_name}?`;
	$('input', dialog).value = dialog.returnValue = '';
	dialog.onclose = () => {
		if (dialog.returnValue === 'stop') act(row, id, button, $('input', dialog).value.trim());
	};
	dialog.showModal();
}

$('button[type=button]', dialog).addEventListener('click', () => dialog.close());

async function act(row, id, button, reason) {
	const result = $('.result', row);
	const say = (text, failed) => {
		result.textContent = text;
		result.classList.toggle('failed', failed);
	};
	row.busy = true;
	enable(row);
	say(doing[button.value], false);
	try {
		const answer = await call(`instances/${button.value}.php`, { instance_id: id, reason });
		say(`${now()} ${answer.message}`, false);
	} catch (e) {
		if (over(e)) return;
		say(`${now()} ${e.message}${e instanceof Failure ? '' : ' Whether it was done, the list shows.'}`, true);
	}
	if (!row.isConnected) return; // logged out meanwhile
	epoch++;
	row.busy = false;
	await refresh();
	enable(row);
	// A disabled button loses the focus.
	if (document.activeElement === document.body) (button.disabled ? $('button:enabled', row) : button)?.focus();
}

onSubmit(form, async values => {
	try {
		const { message, instance } = await call('instances/create.php', values);
		$('#done').textContent = `${now()} ${message}: ${instance.instance_id}`;
	} catch (e) {
		if (over(e)) return;
		if (e.code === 'conflict') e.field = 'instance_id';
		throw e;
	}
	reset(form);
	$('#add').open = false;
	$('#add summary').focus();
	epoch++;
	await refresh();
});

$('#migrate button').addEventListener('click', event => busy(event.target, async () => {
	try {
		$('#done').textContent = (await call('migrate.php', {})).message;
	} catch (e) {
		if (!over(e)) problem(e.message);
		return;
	}
	await refresh();
}));
