import { html, useState } from '../html.js';
import { t } from '../words.js';
import { Dialog } from './dialog.js';
import { Check, Field, Form } from './form.js';

const spans = ['', '30m', '1h', '4h', '12h', '24h', '168h', 'at'];

/**
 * StopDialog asks for what a stop may have: a reason that visitors see, and when it ends.
 * `onStop` gets them as the API takes them.
 */
export function StopDialog({ names, onStop, onClose }) {
	const [span, set] = useState('');
	const stop = ({ reason, until, include_nested: nested }) => {
		const options = { reason: reason.trim() || undefined, include_nested: nested ? true : undefined };
		// datetime-local is in the visitor's zone, and so is new Date of it.
		if (span === 'at') {
			const at = new Date(until);
			if (Number.isNaN(at.getTime()) || at <= Date.now()) throw Object.assign(new Error(t('stop.future')), { field: 'until' });
			options.until = at.toISOString();
		} else if (span) {
			options.duration = span;
		}
		onClose();
		onStop(options);
	};
	const title = names.length === 1 ? t('stop.one', { name: names[0] }) : t('stop.many', { n: names.length });
	return html`
		<${Dialog} title=${title} onClose=${onClose}>
			<p>${t('stop.what')}</p>
			${names.length > 1 && html`<p class="names">${names.slice(0, 12).join(', ')}${names.length > 12 && ` ${t('more', { n: names.length - 12 })}`}</p>`}
			<${Form} work=${stop} action=${t('stop')} kind="danger" onCancel=${onClose}>
				<${Field} label=${t('stop.reason')} name="reason" optional hint=${t('stop.reason.hint')} maxlength="500" autocomplete="off" />
				<${Field} label=${t('stop.ends')} name="span" as="select" value=${span} onChange=${e => set(e.target.value)}>
					${spans.map(s => html`<option key=${s} value=${s}>${t(`stop.span.${s || 'none'}`)}</option>`)}
				<//>
				${span === 'at' && html`<${Field} label=${t('stop.until')} name="until" type="datetime-local" />`}
				<${Check} name="include_nested" label=${t('stop.nested')} hint=${t('stop.nested.hint')} />
			<//>
		<//>`;
}
