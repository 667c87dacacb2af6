// Asking again and again, politely: not in hidden tabs, not while nobody is logged in, ever more seldom while it fails.

import { useEffect, useRef, useState } from './html.js';
import { session } from './session.js';

const longest = 60_000; // ms between two tries of what fails
const everybody = new Set();

/** askAgain makes every poll of the page ask at once: after a change, a login, or "Try now". */
export function askAgain() {
	for (const poll of [...everybody]) poll.ask();
}
addEventListener('online', askAgain);
session.subscribe(({ state }) => state === 'in' && askAgain());
document.addEventListener('visibilitychange', () => document.hidden || askAgain());

/** start polls until it is stopped; `every` gives the ms between two answers, 0: none by itself. */
function start(ask, every, tell) {
	let timer, controller, failures = 0;
	const poll = {
		async ask() {
			clearTimeout(timer);
			controller?.abort(); // what was asked before a change answers with what was before it
			if (document.hidden || session.get().state !== 'in') return; // asked again when that ends
			const mine = controller = new AbortController();
			const began = Date.now();
			try {
				const data = await ask({ signal: mine.signal });
				if (mine.signal.aborted) return;
				failures = 0;
				tell({ data, error: null, at: Date.now() });
			} catch (error) {
				if (mine.signal.aborted) return;
				failures++;
				tell({ error });
			}
			if (!every()) return;
			// A page spends at most a tenth of its time asking: a long list on a slow host is asked for less often.
			const wait = Math.max(every(), 9 * (Date.now() - began));
			timer = setTimeout(poll.ask, Math.min(wait * 2 ** failures, longest));
		},
	};
	everybody.add(poll);
	poll.ask();
	return {
		ask: poll.ask,
		stop() {
			everybody.delete(poll);
			clearTimeout(timer);
			controller?.abort();
		},
	};
}

/**
 * usePoll gives what was last answered, and keeps it while later tries fail.
 * @template T
 * @param {(options: {signal: AbortSignal}) => Promise<T>} ask
 * @param {number} every ms; 0: once, and after changes; another value asks at once and keeps what is known
 * @param {unknown[]} deps what else `ask` depends on: another value begins anew
 * @param {T} [known] what is shown before the first answer
 * @returns {{data?: T, error: Error | null, at: number, refresh: () => void}}
 */
export function usePoll(ask, every, deps, known) {
	const [state, set] = useState({ data: known, error: null, at: 0 });
	const latest = useRef({ every }), running = useRef(null);
	const before = latest.current.every;
	latest.current = { ask, every };
	useEffect(() => {
		set({ data: known, error: null, at: 0 });
		const poll = running.current = start(options => latest.current.ask(options), () => latest.current.every, news => set(old => ({ ...old, ...news })));
		return poll.stop;
	}, deps);
	useEffect(() => {
		if (before !== every) running.current.ask();
	}, [every]);
	return { ...state, refresh: () => running.current?.ask() };
}
