import { cancelJob, job } from '../actions.js';
import { html } from '../html.js';
import { to } from '../router.js';
import { useStore } from '../store.js';
import { t } from '../words.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { Icon } from './icon.js';

const icons = { ok: 'ok', bad: 'bad', left: 'unknown' };

/** JobDialog shows a change of many as it goes on, each with its own result; what failed comes first. */
export function JobDialog() {
	const j = useStore(job);
	if (!j) return null;
	const count = state => j.items.filter(i => i.state === state).length;
	const done = count('ok') + count('bad'), failed = count('bad'), left = count('left');
	const close = () => j.running || job.set(null);
	const items = [...j.items].sort((a, b) => (b.state === 'bad') - (a.state === 'bad'));
	return html`
		<${Dialog} title=${t(`job.${j.action}`, { n: j.items.length })} onClose=${close} wide>
			<progress value=${done} max=${j.items.length} aria-label=${t('job.progress')}></progress>
			<p role="status">${t('job.done', { done, all: j.items.length })}${failed > 0 && ` ${t('job.failed', { n: failed })}`}${left > 0 && ` ${t('job.left', { n: left })}`}</p>
			<ul class="results">${items.map(i => html`
				<li key=${i.id} class=${i.state}>
					${icons[i.state] ? html`<${Icon} name=${icons[i.state]} />` : i.state === 'doing' ? html`<span class="spinner" aria-hidden="true"></span>` : html`<span class="dot" aria-hidden="true"></span>`}
					<a href=${to(['instances', i.id])} onClick=${close}>${i.name}</a>
					<span>${i.message || t(`job.state.${i.state}`)}</span>
				</li>`)}</ul>
			<div class="actions">
				${j.running ? html`<${Button} onClick=${cancelJob} idle=${j.cancelled}>${t(j.cancelled ? 'job.cancelling' : 'job.cancel')}<//>`
					: html`<${Button} kind="primary" onClick=${close}>${t('close')}<//>`}
			</div>
		<//>`;
}
