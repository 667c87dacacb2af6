import { html, useRef, useState } from '../html.js';
import { say } from '../toasts.js';
import { t } from '../words.js';
import { Icon } from './icon.js';

/**
 * Button. While `busy` it stays focused but does nothing: a disabled button would lose the focus to nowhere.
 * `label` is its name for screen readers where the visible words alone are not enough.
 */
export function Button({ kind = '', icon, busy = false, idle = false, label, type = 'button', onClick, children, ...rest }) {
	const off = busy || idle;
	const press = event => {
		if (off) event.preventDefault();
		else onClick?.(event);
	};
	return html`
		<button type=${type} class=${`button ${kind}`} aria-disabled=${off || undefined} aria-busy=${busy || undefined}
			aria-label=${label} onClick=${press} ...${rest}>
			${busy ? html`<span class="spinner" aria-hidden="true"></span>` : icon && html`<${Icon} name=${icon} />`}${children && html`<span>${children}</span>`}
		</button>`;
}

/** WorkButton runs something that takes time, and shows that it does. */
export function WorkButton({ work, ...rest }) {
	const [busy, set] = useState(false);
	const gone = useRef(false);
	const run = async event => {
		set(true);
		try {
			await work(event);
		} finally {
			if (!gone.current) set(false);
		}
	};
	return html`<${Button} busy=${busy} onClick=${run} ...${rest} />`;
}

/** CopyButton copies a text, or says how where the browser does not let it (pages without HTTPS). */
export function CopyButton({ text, children }) {
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			say(t('copied'));
		} catch {
			say(t('copy.byhand'));
		}
	};
	return html`<${Button} icon="copy" onClick=${copy}>${children ?? t('copy')}<//>`;
}
