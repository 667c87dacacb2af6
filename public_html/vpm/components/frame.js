// What surrounds every page: the bar, the banners, the toasts; and which page is shown.

import { html, useEffect, useErrorBoundary, useLayoutEffect, useRef } from '../html.js';
import { pages } from '../pages/pages.js';
import { Login } from '../pages/login.js';
import { useRoute } from '../router.js';
import { may, session } from '../session.js';
import { useStore } from '../store.js';
import { t } from '../words.js';
import { Banners } from './banners.js';
import { JobDialog } from './job.js';
import { Trouble } from './notice.js';
import { Toasts } from './toast.js';
import { TopBar } from './topbar.js';

export function Frame() {
	const { state, user } = useStore(session);
	const inside = user && state !== 'out';
	return html`
		<a class="skip" href="#main" onClick=${event => { event.preventDefault(); document.getElementById('main')?.focus(); }}>${t('skip')}</a>
		<${TopBar} />
		<main id="main" tabindex="-1">
			<${Banners} />
			${state !== 'in' && html`<${Login} over=${state === 'over'} />`}
			${/* After a session's end the page waits as it was; for somebody else it begins anew. */
			inside && html`<div key=${user.id} hidden=${state !== 'in'}><${Page} user=${user} /></div>`}
		</main>
		${inside && html`<${JobDialog} />`}
		<${Toasts} />`;
}

function Page({ user }) {
	const route = useRoute();
	const place = useRef(null), first = useRef(true);
	const { component: Shown, title, needs } = pages(route.parts);
	const [error, retry] = useErrorBoundary();
	useLayoutEffect(() => {
		if (error) retry();
		if (first.current) { first.current = false; return; }
		scrollTo(0, 0);
		place.current.querySelector('h1')?.focus({ preventScroll: true }); // so that a screen reader says where one is
	}, [route.page]);
	useEffect(() => { document.title = `${title} · vpm`; }, [title]);
	if (error) {
		console.error(error);
		return html`<div class="page" ref=${place}><${Trouble} error=${new Error(t('trouble.page', { message: error.message }))} again=${retry} /></div>`;
	}
	const allowed = !needs || may(needs, user);
	return html`<div class="page" ref=${place}>${allowed
		? html`<${Shown} key=${route.page} route=${route} user=${user} />`
		: html`<h1 tabindex="-1">${title}</h1><p>${t('forbidden')}</p>`}</div>`;
}
