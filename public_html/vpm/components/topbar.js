import { html, useEffect, useRef, useState } from '../html.js';
import { to, useRoute } from '../router.js';
import { logOut, may, session } from '../session.js';
import { useStore } from '../store.js';
import { complain } from '../toasts.js';
import { t } from '../words.js';
import { WorkButton } from './button.js';
import { Icon } from './icon.js';

const places = [['instances', 'instances.view'], ['find', 'instances.create'], ['activity', 'instances.view'], ['users', '*'], ['tokens', '*'], ['account', null]];

export function TopBar() {
	const { state, user } = useStore(session);
	const { parts } = useRoute();
	const here = parts[0] ?? 'instances';
	const nav = useRef(null);
	useEffect(() => nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [here, state]);
	const leave = () => logOut().catch(e => complain(t('logout.failed', { message: e.message })));
	return html`
		<header class="bar">
			<a class="brand" href="#/instances"><img src="icon.svg" alt="" width="26" height="26" /><b>vpm</b><span class="host">${location.host}</span></a>
			${state === 'in' && html`
				<nav ref=${nav} aria-label=${t('nav')}>${places.filter(([, needs]) => !needs || may(needs, user)).map(([name]) => html`
					<a key=${name} href=${to([name])} aria-current=${here === name ? 'page' : undefined}>${t(`nav.${name}`)}</a>`)}
				</nav>`}
			<div class="who">
				<${ThemeSwitch} />
				${state === 'in' && html`<span class="name">${user.username}</span><${WorkButton} kind="quiet" work=${leave}>${t('logout')}<//>`}
			</div>
		</header>`;
}

const themes = ['system', 'light', 'dark'];

/** ThemeSwitch goes round: as the system has it, light, dark. */
function ThemeSwitch() {
	const [choice, set] = useState(window.vpmTheme.choice);
	const next = themes[(themes.indexOf(choice) + 1) % themes.length];
	const label = t('theme', { now: t(`theme.${choice}`), next: t(`theme.${next}`) });
	return html`
		<button type="button" class="button quiet" aria-label=${label} title=${label} onClick=${() => { window.vpmTheme.choice = next; set(next); }}>
			<${Icon} name=${choice} />
		</button>`;
}
