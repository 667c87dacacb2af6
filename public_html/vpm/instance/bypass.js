import { call } from '../api.js';
import { html, useState } from '../html.js';
import { CopyButton } from '../components/button.js';
import { Field, Form } from '../components/form.js';
import { When } from '../components/time.js';
import { t } from '../words.js';

const spans = ['1h', '24h', '168h'];

/** Bypass makes a link with which one sees a stopped site as if it ran. It is shown once: it is a secret. */
export function Bypass({ id }) {
	const [link, set] = useState(null);
	return html`
		<section class="card">
			<h2>${t('bypass')}</h2>
			<p>${t('bypass.what')}</p>
			${link && html`<div role="status">
				<p class="secret"><code>${link.url ?? link.cookie}</code></p>
				<p><small>${t('bypass.until')} <${When} time=${link.until} />. ${!link.url && t('bypass.cookie')}</small></p>
				<div class="actions"><${CopyButton} text=${link.url ?? link.cookie} />
					${/^https?:\/\//.test(link.url) && html`<a class="button" href=${link.url} target="_blank" rel="noreferrer noopener">${t('bypass.open')}</a>`}</div>
			</div>`}
			<${Form} class="inline" kind="" action=${t(link ? 'bypass.another' : 'bypass.make')}
				work=${async ({ duration }) => set(await call('instances/bypass.php', { instance_id: id, duration }))}>
				<${Field} label=${t('bypass.for')} name="duration" as="select">${spans.map(s => html`<option key=${s} value=${s} selected=${s === '24h'}>${t(`span.${s}`)}</option>`)}<//>
			<//>
		</section>`;
}
