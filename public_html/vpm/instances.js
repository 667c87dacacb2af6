// The instances as last heard of, shared by the pages: the list shows at once what it knew.

import { call } from './api.js';
import { session } from './session.js';
import { store } from './store.js';

export const known = store(/** @type {object[] | null} */ (null));
session.subscribe(({ state }) => state === 'out' && known.set(null)); // the next one may see less

export async function list(options) {
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

export const nameOf = id => known.get()?.find(i => i.instance_id === id)?.instance_name ?? id;
