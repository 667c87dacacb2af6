import { html } from '../html.js';
import { t } from '../words.js';
import { Field } from './form.js';

/** LayoutFields are what a new site needs besides: whether to lay it out, and its account of the database. */
export const LayoutFields = () => html`
	<details><summary>${t('layout')}</summary>
		<p>${t('layout.what')}</p>
		<div class="grid">
			<${Field} label=${t('layout.wanted')} name="layout" as="select">${['', 'true', 'false'].map(v => html`<option key=${v} value=${v}>${t(`layout.wanted.${v || 'auto'}`)}</option>`)}<//>
			<${Field} label=${t('layout.user')} name="database_user" optional maxlength="80" autocomplete="off" hint=${t('layout.user.hint')} />
			<${Field} label=${t('layout.password')} name="database_password" type="password" optional autocomplete="new-password" />
			<${Field} label=${t('layout.host')} name="database_host" optional placeholder="localhost" />
		</div>
	</details>`;

/** linked makes links of the addresses in a text of the server. */
const linked = text => text.split(/(https?:\/\/[^\s,;]*[^\s,;.:)])/).map((part, i) => i % 2 ? html`<a href=${part} target="_blank" rel="noreferrer noopener">${part}</a>` : part);

/** LaidOut is what was done for a new site, and what people do now. */
export const LaidOut = ({ layout: { steps, next } }) => html`
	${steps.length > 0 && html`<section class="card"><h2>${t('layout.done')}</h2><ul class="steps">${steps.map(step => html`<li key=${step}>${step}</li>`)}</ul></section>`}
	${next && html`<section class="card"><h2>${t('layout.next')}</h2><p>${linked(next)}</p></section>`}`;
