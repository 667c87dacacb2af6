import { call, now } from '../api.js';
import { html } from '../html.js';
import { WorkButton } from '../components/button.js';
import { Field, Form } from '../components/form.js';
import { When } from '../components/time.js';
import { askAgain } from '../poll.js';
import { complain, say } from '../toasts.js';
import { t } from '../words.js';

const spans = ['1h', '4h', '24h', '72h', '168h'];

/** Mute keeps alerts of an instance back for a while. */
export function Mute({ id, until, manage }) {
	const muted = until && Date.parse(until) > now();
	const send = async body => {
		const { message } = await call('instances/mute.php', { instance_id: id, ...body });
		say(message);
		askAgain();
	};
	return html`
		<section class="card">
			<h2>${t('alerts')}</h2>
			<p>${muted ? html`${t('alerts.muted')} <${When} time=${until} />.` : t('alerts.sent')}</p>
			${manage && (muted ? html`<div class="actions"><${WorkButton} work=${() => send({}).catch(e => complain(e.message))}>${t('alerts.unmute')}<//></div>`
				: html`<${Form} class="inline" work=${({ duration, reason }) => send({ duration, reason })} action=${t('alerts.mute')} kind="">
					<${Field} label=${t('alerts.for')} name="duration" as="select">${spans.map(s => html`<option key=${s} value=${s}>${t(`span.${s}`)}</option>`)}<//>
					<${Field} label=${t('stop.reason')} name="reason" optional maxlength="500" autocomplete="off" />
				<//>`)}
		</section>`;
}
