import { html, useEffect, useId, useRef } from '../html.js';
import { session } from '../session.js';
import { useStore } from '../store.js';

/** Dialog is modal as long as it is drawn. The browser keeps the focus in it, and gives it back afterwards. */
export function Dialog({ title, onClose, wide, children }) {
	const element = useRef(null), id = useId();
	const opener = useRef(document.activeElement);
	const close = useRef(onClose);
	close.current = onClose;
	const { state } = useStore(session);
	useEffect(() => { // while the login is shown, a modal dialog would keep everybody from it
		const dialog = element.current;
		if (state === 'over') dialog.close();
		else if (!dialog.open) dialog.showModal();
	}, [state]);
	useEffect(() => {
		const dialog = element.current, before = opener.current;
		return () => {
			dialog.close();
			// What opened it may be gone by now, as the bar of a selection is.
			(before?.isConnected && before !== document.body ? before : document.getElementById('main'))?.focus();
		};
	}, []);
	return html`
		<dialog ref=${element} class=${wide ? 'wide' : ''} aria-labelledby=${id}
			onCancel=${event => { event.preventDefault(); close.current(); }}
			onClick=${event => event.target === element.current && close.current()}>
			<div class="dialog"><h2 id=${id}>${title}</h2>${children}</div>
		</dialog>`;
}
