// The instances as last heard of, shared by the pages: the list shows at once what it knew.

import { call, get } from './api.js';
import { session } from './session.js';
import { store } from './store.js';

export const known = store(/** @type {object[] | null} */ (null));
session.subscribe(({ state }) => { // the next one may see less
	if (state !== 'out') return;
	opening = null;
	known.set(null);
});

let opening = /** @type {Promise<object[]> | null} */ (null);

/** open asks for the list before there is a page that shows it. What it gives tells when the answer is there, also a bad one. */
export function open() {
	opening = ask();
	return opening.catch(() => {}); // told to who takes it
}

/** list gives all; what was asked for by open is not asked for twice. */
export function list(options) {
	const answer = opening ?? ask(options);
	opening = null;
	return answer;
}

async function ask(options) {
	const { instances } = await call('instances/list.php', undefined, options);
	known.set(instances);
	return instances;
}

/** learn puts what a change answered into the list, before the next look at it. */
export function learn(id, answer) {
	const { wanted, observed, evidence, pid = null, status, mode } = answer;
	known.set(all => all?.map(i => i.instance_id !== id ? i : {
		...i, wanted, observed, evidence, drift: observed !== 'unknown' && observed !== wanted,
		status: wanted === 'running' ? 'active' : 'inactive',
		process: { ...i.process, pid, status, mode, healthy: status === 'running' && observed === 'running' },
	}) ?? null);
}

const names = new Map(); // of those that were looked at one by one

/** look asks for one, as seen now. */
export async function look(id, options) {
	const answer = await get('instances/monitor.php', { instance_id: id }, options);
	names.set(id, answer.instance.instance_name);
	return answer;
}

export const nameOf = id => known.get()?.find(i => i.instance_id === id)?.instance_name ?? names.get(id) ?? id;
