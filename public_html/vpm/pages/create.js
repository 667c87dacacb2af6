import { call } from '../api.js';
import { html, useLayoutEffect, useRef, useState } from '../html.js';
import { Field, Form } from '../components/form.js';
import { LaidOut, LayoutFields } from '../components/layoutfields.js';
import { SiteFields } from '../components/sitefields.js';
import { askAgain } from '../poll.js';
import { go, to } from '../router.js';
import { say } from '../toasts.js';
import { t } from '../words.js';

const types = ['wordpress', 'joomla', 'drupal', 'native'];

/** idFrom makes an id of a name by the API's rule: a-z, 0-9 and -, 3 to 50 of them. */
const idFrom = name => name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 50).replace(/^-+|-+$/g, '');

/** Create registers a site that is there already, or lays out a new one. */
export function Create() {
	const [id, setID] = useState(''), [own, keep] = useState(false);
	const [made, show] = useState(null);
	const create = async entered => {
		const values = Object.fromEntries(Object.entries(entered).map(([key, value]) => [key, key === 'database_password' ? value : value.trim()]).filter(([, value]) => value !== ''));
		if (values.layout) values.layout = values.layout === 'true';
		try {
			const { message, instance, layout } = await call('instances/create.php', values);
			say(`${instance.instance_name}: ${message}.`);
			askAgain();
			if (layout?.created || layout?.next) show({ instance, layout });
			else go(['instances', instance.instance_id]);
		} catch (e) {
			if (e.code === 'conflict') e.field = 'instance_id';
			throw e;
		}
	};
	if (made) return html`<${Made} ...${made} />`;
	return html`
		<div class="head"><h1 tabindex="-1">${t('nav.new')}</h1></div>
		<p>${t('new.what')} <a href=${to(['find'])}>${t('new.find')}</a></p>
		<div onInput=${e => e.target.name === 'instance_name' && !own && setID(idFrom(e.target.value))}>
		<${Form} class="card" work=${create} action=${t('nav.new')} busyLabel=${t('new.busy')} onCancel=${() => go(['instances'])}>
			<div class="grid">
				<${Field} label=${t('col.type')} name="cms_type" as="select">${types.map(type => html`<option key=${type} value=${type}>${t(`type.${type}`)}</option>`)}<//>
				<${Field} label=${t('field.id')} name="instance_id" required maxlength="50" placeholder="my-shop" hint=${t('field.id.hint')} class="mono"
					value=${id} onInput=${e => { setID(e.target.value); keep(e.target.value !== ''); }} />
			</div>
			<${SiteFields} />
			<${LayoutFields} />
			<fieldset><legend>${t('limits')}</legend><p>${t('limits.virtual')}</p><div class="grid">
				<${Field} label=${t('field.memory_limit')} name="memory_limit" optional placeholder="256M" />
				<${Field} label=${t('field.max_execution_time')} name="max_execution_time" optional inputmode="numeric" placeholder="60" />
				<${Field} label=${t('field.max_children')} name="max_children" optional inputmode="numeric" placeholder="5" />
			</div></fieldset>
		<//></div>`;
}

/** Made says what was done for the new one, and what to do next. */
function Made({ instance: { instance_id: id, instance_name: name }, layout }) {
	const heading = useRef(null);
	useLayoutEffect(() => heading.current.focus(), []);
	return html`
		<div class="head"><h1 tabindex="-1" ref=${heading}>${t('layout.made', { name })}</h1></div>
		<${LaidOut} layout=${layout} />
		<div class="actions"><a class="button primary" href=${to(['instances', id])}>${t('layout.open', { name })}</a>
			<a class="button" href=${to(['instances'])}>${t('nav.instances')}</a></div>`;
}
