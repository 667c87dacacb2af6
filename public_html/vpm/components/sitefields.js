import { html } from '../html.js';
import { t } from '../words.js';
import { Field } from './form.js';

const text = v => v == null ? '' : String(v);

/** SiteFields are what both a new and a registered instance have; the names are the API's. */
export const SiteFields = ({ values = {} }) => html`
	<div class="grid">
		<${Field} label=${t('field.name')} name="instance_name" required maxlength="255" placeholder=${t('field.name.like')} defaultValue=${text(values.instance_name)} />
		<${Field} label=${t('field.domain')} name="domain" optional inputmode="url" placeholder="shop.example" hint=${t('field.domain.hint')} defaultValue=${text(values.domain)} />
		<${Field} label=${t('field.path_prefix')} name="path_prefix" optional placeholder="/" hint=${t('field.path_prefix.hint')} defaultValue=${text(values.path_prefix)} />
		<${Field} label=${t('field.url')} name="url" optional inputmode="url" placeholder="https://shop.example/" hint=${t('field.url.hint')} defaultValue=${text(values.url)} />
	</div>
	<fieldset><legend>${t('field.files')}</legend><div class="grid">
		<${Field} label=${t('field.path')} name="path" optional placeholder="/home/you/public_html/shop" hint=${t('field.path.hint')} defaultValue=${text(values.path)} />
		<${Field} label=${t('field.docroot')} name="docroot" optional hint=${t('field.docroot.hint')} defaultValue=${text(values.docroot)} />
		<${Field} label=${t('field.database')} name="database_name" required maxlength="64" defaultValue=${text(values.database_name)} />
		<${Field} label=${t('field.prefix')} name="database_prefix" optional maxlength="20" placeholder="wp_" defaultValue=${text(values.database_prefix)} />
	</div></fieldset>`;
