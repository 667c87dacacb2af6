import { address, call } from '../api.js';
import { html, useState } from '../html.js';
import { Button, CopyButton, WorkButton } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Field, Form } from '../components/form.js';
import { Empty, Loading, Trouble } from '../components/notice.js';
import { Ago } from '../components/time.js';
import { usePoll } from '../poll.js';
import { complain, say } from '../toasts.js';
import { has, t } from '../words.js';

const scopes = ['tick', 'view', 'manage'];

/** Tokens let programs call the API; for administrators. */
export function Tokens() {
	const { data, error, refresh } = usePoll(options => call('tokens/list', undefined, options), 30_000, []);
	const [making, make] = useState(false), [asking, ask] = useState(null);
	const revoke = async token => {
		try {
			say(`${token.name}: ${(await call('tokens/revoke', { id: token.id })).message}.`);
			ask(null);
		} catch (e) {
			if (e.status !== 401) complain(e.message);
		}
		refresh();
	};
	return html`
		<div class="head"><h1 tabindex="-1">${t('nav.tokens')}</h1><${Button} kind="primary" icon="add" onClick=${() => make(true)}>${t('tokens.add')}<//></div>
		<p>${t('tokens.what')}</p>
		${!data ? error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} />`
			: data.tokens.length === 0 ? html`<${Empty} title=${t('tokens.none')}><p>${t('tokens.none.do')}</p><//>` : html`
			<ul class="people">${data.tokens.map(k => html`
				<li key=${k.id} class="card">
					<div><h2>${k.name}</h2><p><small>${has(`scope.${k.scope}`) ? t(`scope.${k.scope}`) : k.scope}</small></p></div>
					<p><small>${t('tokens.by', { name: k.created_by })} <${Ago} time=${k.created_at} /></small></p>
					<p><small>${k.last_used_at ? html`${t('tokens.used')} <${Ago} time=${k.last_used_at} />` : t('tokens.unused')}</small></p>
					<${Button} label=${t('tokens.revoke.name', { name: k.name })} onClick=${() => ask(k)}>${t('tokens.revoke')}<//>
				</li>`)}</ul>`}
		${making && html`<${Make} onClose=${() => { make(false); refresh(); }} />`}
		${asking && html`<${Dialog} title=${t('tokens.revoke.name', { name: asking.name })} onClose=${() => ask(null)}>
			<p>${t('tokens.revoke.what')}</p>
			<div class="actions"><${WorkButton} kind="danger" work=${() => revoke(asking)}>${t('tokens.revoke')}<//><${Button} onClick=${() => ask(null)}>${t('cancel')}<//></div>
		<//>`}`;
}

/** Make shows the new token once: what the server keeps of it lets nobody in. */
function Make({ onClose }) {
	const [made, set] = useState(null);
	const close = () => onClose();
	if (!made) {
		return html`
			<${Dialog} title=${t('tokens.add')} onClose=${close}>
				<${Form} work=${async values => set(await call('tokens/create', values))} action=${t('tokens.make')} onCancel=${close}>
					<${Field} label=${t('tokens.name')} name="name" required maxlength="100" placeholder="cron" hint=${t('tokens.name.hint')} autocomplete="off" />
					<${Field} label=${t('tokens.scope')} name="scope" as="select">${scopes.map(s => html`<option key=${s} value=${s}>${t(`scope.${s}`)}</option>`)}<//>
				<//>
			<//>`;
	}
	const cron = `*/5 * * * * curl -fsS "${address('tick.php')}?token=${made.token}" >/dev/null`;
	return html`
		<${Dialog} key="made" title=${t('tokens.made', { name: made.name })} onClose=${close} wide>
			<p>${t('tokens.once')}</p>
			<p class="secret"><code>${made.token}</code></p>
			<div class="actions"><${CopyButton} text=${made.token}>${t('tokens.copy')}<//></div>
			${made.scope === 'tick' && html`
				<h3 class="section">${t('tokens.cron')}</h3><p>${t('tokens.cron.what')}</p>
				<p class="secret"><code>${cron}</code></p>
				<div class="actions"><${CopyButton} text=${cron}>${t('tokens.cron.copy')}<//></div>`}
			<div class="actions end"><${Button} kind="primary" onClick=${close}>${t('tokens.kept')}<//></div>
		<//>`;
}
