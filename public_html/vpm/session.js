// Who is logged in. The cookie itself is out of reach of scripts, so the API is asked.

import { call, onEnd } from './api.js';
import { remember } from './first.js';
import { store } from './store.js';

/**
 * state: `asking` at first, `out`, `in`, or `over`: it has ended while somebody worked, and what they see waits
 * behind the login until they are back.
 */
export const session = store({ state: 'asking', user: null, warnings: [] });

onEnd(() => session.set(s => s.state === 'in' ? { ...s, state: 'over' } : s.state === 'over' ? s : { ...s, state: 'out' }));

session.subscribe(({ state }) => remember(state === 'in'));

/** resume finds out whether the browser still has a session. */
export async function resume() {
	try {
		const { user } = await call('auth/verify', {});
		session.set({ state: 'in', user, warnings: [] });
	} catch (e) {
		if (e.status !== 401) throw e;
		session.set({ state: 'out', user: null, warnings: [] });
	}
}

/** logIn goes without .php: an older login.php that lies there sets no cookie. It tells whether the cookie came back. */
export async function logIn(username, password) {
	const { warnings = [] } = await call('auth/login', { username, password });
	let user;
	try {
		({ user } = await call('auth/verify', {}));
	} catch (e) {
		if (e.status === 401) return false;
		throw e;
	}
	session.set({ state: 'in', user, warnings });
	return true;
}

export async function logOut() {
	try {
		await call('auth/logout', {});
	} catch (e) {
		if (e.status !== 401) throw e; // it was over already
	}
	session.set({ state: 'out', user: null, warnings: [] });
}

/** may tells whether the person may press a button; the API decides for itself. */
export function may(permission, user = session.get().user) {
	if (!user) return false;
	if (user.role === 'admin' || user.permissions.includes('*')) return true;
	const has = p => user.permissions.includes(p);
	// Whoever may manage or create may also look.
	return has(permission) || permission === 'instances.view' && (has('instances.manage') || has('instances.create'));
}
