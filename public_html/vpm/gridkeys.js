// The keys of a list: one row at a time is a stop of Tab, and the arrows go from row to row.

import { useRef, useState } from './html.js';

const pageful = 10; // rows

const steps = {
	ArrowDown: at => at + 1,
	ArrowUp: at => at - 1,
	PageDown: at => at + pageful,
	PageUp: at => at - pageful,
	Home: () => 0,
	End: (_, last) => last,
};

/**
 * useRowKeys gives the id of the row that is in the order of Tab, and what the body of the table listens with. Space picks
 * a row and Enter opens it; keys that are pressed in a control of the row are the control's, but for the arrows.
 * @param {string[]} ids of the rows in their order
 * @param {{pick?: (id: string) => void, open: (id: string) => void}} does
 */
export function useRowKeys(ids, { pick, open }) {
	const [current, set] = useState(ids[0]);
	const body = useRef(null);
	const at = Math.max(ids.indexOf(current), 0);
	const onKeyDown = event => {
		if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
		const row = event.target.closest('tr'), here = ids.indexOf(row.dataset.id);
		const step = steps[event.key];
		if (step) {
			const next = Math.min(Math.max(step(here, ids.length - 1), 0), ids.length - 1);
			set(ids[next]);
			body.current.rows[next].focus();
		} else if (event.target !== row) {
			return;
		} else if (event.key === ' ' && pick) {
			pick(ids[here]);
		} else if (event.key === 'Enter') {
			open(ids[here]);
		} else {
			return;
		}
		event.preventDefault();
	};
	return { current: ids[at], listens: { ref: body, onKeyDown, onFocusIn: event => set(event.target.closest('tr').dataset.id) } };
}
