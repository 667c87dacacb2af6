// A value that several parts of the page show.

import { useLayoutEffect, useState } from './html.js';

/** @template T @param {T} value */
export function store(value) {
	const listeners = new Set();
	return {
		get: () => value,
		/** @param {T | ((old: T) => T)} next */
		set(next) {
			next = typeof next === 'function' ? next(value) : next;
			if (next === value) return;
			value = next;
			for (const tell of [...listeners]) tell(value);
		},
		subscribe(tell) {
			listeners.add(tell);
			return () => listeners.delete(tell);
		},
	};
}

/** useStore gives the value, and draws the component again when it is another. */
export function useStore(s) {
	const [value, set] = useState(s.get());
	useLayoutEffect(() => {
		set(() => s.get()); // it may have changed between drawing and here
		return s.subscribe(next => set(() => next));
	}, [s]);
	return value;
}
