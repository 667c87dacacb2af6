import { call, outdated, trouble } from '../api.js';
import { html, useState } from '../html.js';
import { askAgain } from '../poll.js';
import { session } from '../session.js';
import { useStore } from '../store.js';
import { say } from '../toasts.js';
import { t } from '../words.js';
import { WorkButton } from './button.js';
import { Notice } from './notice.js';

/** Banners are what concerns every page: no answer, an old database, no encryption, the server's warnings. */
export function Banners() {
	const silent = useStore(trouble), old = useStore(outdated);
	const { state, user, warnings } = useStore(session);
	const [closed, close] = useState(false);
	return html`
		<div class="banners">
			<div role="alert">${silent && html`
				<${Notice} kind="warn" title=${t('trouble.gone')}>
					<p>${silent} ${t('trouble.recovers')}</p>
					<button type="button" class="button" onClick=${askAgain}>${t('trouble.now')}</button>
				<//>`}</div>
			${old && state === 'in' && html`<${Migrate} user=${user} />`}
			${!isSecureContext && !closed && html`
				<${Notice} kind="warn"><p>${t('insecure')} <a href=${location.href.replace(/^http:/, 'https:')}>${t('insecure.link')}</a></p>
					<button type="button" class="button" onClick=${() => close(true)}>${t('close')}</button><//>`}
			${state === 'in' && warnings.map(text => html`<${Notice} key=${text} kind="warn"><p>${text}</p><//>`)}
		</div>`;
}

function Migrate({ user }) {
	const upgrade = async () => {
		const { message } = await call('migrate.php', {});
		outdated.set(false);
		say(message);
		askAgain();
	};
	const [error, fail] = useState(null);
	return html`
		<${Notice} kind="warn" title=${t('migrate.title')}>
			<p>${user.role === 'admin' ? t('migrate.text') : t('migrate.ask')}</p>
			${error && html`<p role="alert">${error.message}</p>`}
			${user.role === 'admin' && html`<${WorkButton} kind="primary" work=${() => upgrade().catch(fail)}>${t('migrate.do')}<//>`}
		<//>`;
}
