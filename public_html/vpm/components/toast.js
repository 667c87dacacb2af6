import { html, useEffect, useState } from '../html.js';
import { useStore } from '../store.js';
import { close, toasts } from '../toasts.js';
import { t } from '../words.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

/** Toasts are read out as they come: what was done politely, what failed at once. */
export function Toasts() {
	const list = useStore(toasts);
	return html`
		<div class="toasts">
			<div role="status">${list.filter(i => i.kind === 'ok').map(i => html`<${Toast} key=${i.id} toast=${i} />`)}</div>
			<div role="alert">${list.filter(i => i.kind === 'bad').map(i => html`<${Toast} key=${i.id} toast=${i} />`)}</div>
		</div>`;
}

function Toast({ toast }) {
	const [held, hold] = useState(false); // nothing vanishes under the mouse or the focus
	useEffect(() => {
		if (!toast.time || held) return;
		const timer = setTimeout(close, toast.time, toast.id);
		return () => clearTimeout(timer);
	}, [held]);
	const { action } = toast;
	return html`
		<div class=${`toast ${toast.kind}`} onMouseEnter=${() => hold(true)} onMouseLeave=${() => hold(false)}
			onFocusIn=${() => hold(true)} onFocusOut=${() => hold(false)}>
			<${Icon} name=${toast.kind} />
			<p>${toast.text}</p>
			${action && html`<${Button} onClick=${() => { close(toast.id); action.run(); }}>${action.label}<//>`}
			<${Button} kind="quiet" icon="close" label=${t('close')} onClick=${() => close(toast.id)} />
		</div>`;
}
