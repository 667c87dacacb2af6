import { call } from '../api.js';
import { html, useState } from '../html.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Field, Form } from '../components/form.js';
import { SiteFields } from '../components/sitefields.js';
import { known } from '../instances.js';
import { askAgain } from '../poll.js';
import { go } from '../router.js';
import { may } from '../session.js';
import { configOf } from '../state.js';
import { say } from '../toasts.js';
import { t } from '../words.js';

const limits = ['memory_limit', 'max_execution_time', 'max_children'];

/** Settings are what is registered of an instance. Only what is changed is sent, so that two people do not undo each other. */
export function Settings({ id, instance, user }) {
	// The form keeps what it began with: what comes in while somebody types must not overwrite it.
	const [began, begin] = useState(instance);
	if (!may('instances.manage', user)) return html`<p>${t('forbidden')}</p>`;
	const config = configOf(began);
	const values = { ...began, ...Object.fromEntries(['path', 'docroot', 'url', 'health_path', 'health_expect', 'disk_alert', ...limits].map(k => [k, config[k]])) };
	const text = v => v == null ? '' : String(v);
	const real = instance.process.mode !== 'virtual';
	const save = async entered => {
		const changed = Object.entries(entered).filter(([key, value]) => value !== text(values[key]));
		if (changed.length === 0) return say(t('settings.same'));
		const { message, instance: now } = await call('instances/update.php', { instance_id: id, ...Object.fromEntries(changed) });
		begin(now);
		say(message);
		askAgain();
	};
	return html`
		<${Form} class="card" work=${save} action=${t('save')} busyLabel=${t('saving')}>
			<h2>${t('settings')}</h2>
			<p>${t('settings.what')}</p>
			<${SiteFields} values=${values} />
			<fieldset><legend>${t('settings.health')}</legend><div class="grid">
				<${Field} label=${t('field.health_path')} name="health_path" hint=${t('field.health_path.hint')} placeholder="/" defaultValue=${text(values.health_path)} />
				<${Field} label=${t('field.health_expect')} name="health_expect" hint=${t('field.health_expect.hint')} maxlength="200" defaultValue=${text(values.health_expect)} />
				<${Field} label=${t('field.disk_alert')} name="disk_alert" hint=${t('field.disk_alert.hint')} placeholder="20G" defaultValue=${text(values.disk_alert)} />
			</div></fieldset>
			<fieldset><legend>${t('limits')}</legend><p>${t(real ? 'limits.real' : 'limits.virtual')}</p><div class="grid">
				${limits.map(name => html`<${Field} key=${name} label=${t(`field.${name}`)} name=${name} readonly=${!real} defaultValue=${text(values[name])} />`)}
			</div></fieldset>
		<//>
		<${Delete} id=${id} name=${instance.instance_name} stopped=${instance.wanted === 'stopped'} />`;
}

/** Delete asks for the id, for it cannot be undone. */
function Delete({ id, name, stopped }) {
	const [asking, ask] = useState(false), [typed, type] = useState('');
	const remove = async ({ reason }) => {
		const { message } = await call('instances/delete.php', { instance_id: id, reason: reason.trim() || undefined });
		known.set(all => all?.filter(i => i.instance_id !== id) ?? null);
		say(`${name}: ${message}.`);
		go(['instances']);
	};
	return html`
		<section class="card">
			<h2>${t('delete')}</h2>
			<p>${t('delete.what')} ${stopped && t('delete.opens')}</p>
			<div class="actions"><${Button} onClick=${() => { type(''); ask(true); }}>${t('delete.dots')}<//></div>
			${asking && html`<${Dialog} title=${t('delete.title', { name })} onClose=${() => ask(false)}>
				<p>${t('delete.what')} ${stopped && t('delete.opens')}</p>
				<${Form} work=${remove} action=${t('delete')} kind="danger" idle=${typed !== id} onCancel=${() => ask(false)}>
					<${Field} label=${t('delete.type', { id })} name="typed" autocomplete="off" value=${typed} onInput=${e => type(e.target.value)} />
					<${Field} label=${t('stop.reason')} name="reason" optional maxlength="500" autocomplete="off" />
				<//>
			<//>`}
		</section>`;
}
