// Short messages at the edge of the page.

import { store } from './store.js';

let last = 0;
const shown = { ok: 6_000, undo: 10_000 }; // ms; failures stay until they are closed

/** @typedef {{id: number, kind: 'ok' | 'bad', text: string, action?: {label: string, run: () => void}, time: number}} Toast */
export const toasts = store(/** @type {Toast[]} */ ([]));

/** say shows that something was done, and offers to undo it where `action` is given. */
export const say = (text, action) => add({ kind: 'ok', text, action, time: action ? shown.undo : shown.ok });

/** complain shows why something was not done. */
export const complain = (text, action) => add({ kind: 'bad', text, action, time: 0 });

function add(toast) {
	toast.id = ++last;
	// The same sentence twice is one.
	toasts.set(list => [...list.filter(other => other.text !== toast.text), toast].slice(-4));
	return toast.id;
}

export const close = id => toasts.set(list => list.filter(toast => toast.id !== id));
