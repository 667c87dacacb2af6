import { call } from '../api.js';
import { html } from '../html.js';
import { usePoll } from '../poll.js';
import { t } from '../words.js';
import { ModeBadge } from './badge.js';
import { CheckList } from './checklist.js';
import { Loading, Notice, Trouble } from './notice.js';

/** Server is whether instances may have processes of their own here, and what keeps the server from it. */
export function Server() {
	const { data, error, refresh } = usePoll(options => call('mode.php', undefined, options), 0, []);
	if (!data) return error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} lines=${2} />`;
	const { missing, checks = [] } = data.details ?? {};
	const { installation, sudoers } = data.sudo ?? {};
	return html`
		<section class="card"><h2>${t('server')}</h2>
			<p><${ModeBadge} mode=${data.mode} /></p>
			<p>${t(data.mode === 'real' ? 'server.real' : 'server.virtual')}</p>
			${missing && html`<${Notice} kind="warn" title=${t('server.missing')}><p class="pre">${missing}</p><//>`}
			${installation && html`<${Notice} kind=${installation.state === 'failed' ? 'bad' : 'unknown'} title=${t(`server.installation.${installation.state}`)}>
				<p class="pre">${installation.message}</p><//>`}
			${sudoers && html`<${Notice} kind="warn" title=${t('server.sudoers')}><p class="pre">${sudoers.message}</p>
				${sudoers.files && html`<p>${t('server.sudoers.files', { files: sudoers.files.join(', ') })}</p>`}<//>`}
			<${CheckList} checks=${checks} />
		</section>`;
}
