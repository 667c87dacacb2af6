import { html, useEffect, useRef } from '../html.js';
import { Field, Form } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { logIn, resume, session } from '../session.js';
import { t } from '../words.js';

/** Login also stands in front of a page whose session is over: after it one is back there. */
export function Login({ over }) {
	const place = useRef(null);
	const { state, user } = session.get();
	useEffect(() => {
		const before = document.title;
		document.title = `${t('login')} · vpm`;
		place.current.querySelector(over && user ? '[name=password]' : '[name=username]').focus();
		// Where the server did not answer yet, somebody may be logged in.
		const timer = state === 'asking' && setInterval(() => document.hidden || resume().catch(() => {}), 5_000);
		return () => {
			clearInterval(timer);
			document.title = before;
		};
	}, [state]);
	const enter = async ({ username, password }) => {
		if (username === '' || password === '') throw Object.assign(new Error(t('login.both')), { field: username ? 'password' : 'username' });
		let back;
		try {
			back = await logIn(username, password);
		} catch (e) {
			throw new Error(e.message); // here a 401 is no end of a session
		}
		if (!back) throw new Error(t('login.cookie'));
	};
	return html`
		<section class="narrow card" ref=${place}>
			<h1 tabindex="-1">${t('login')}</h1>
			${over && html`<${Notice} kind="unknown" role="status">${t('login.over')}<//>`}
			<${Form} work=${enter} action=${t('login')} busyLabel=${t('login.busy')}>
				<${Field} label=${t('login.name')} name="username" autocomplete="username" required defaultValue=${over && user ? user.username : ''} />
				<${Field} label=${t('login.password')} name="password" type="password" autocomplete="current-password" required />
			<//>
			<p><a href="#/reset">${t('login.forgot')}</a></p>
		</section>`;
}
