import { call } from '../api.js';
import { html } from '../html.js';
import { Doctor } from '../components/doctor.js';
import { Field, Form } from '../components/form.js';
import { Server } from '../components/server.js';
import { Sessions } from '../components/sessions.js';
import { Rows } from '../instance/overview.js';
import { askAgain } from '../poll.js';
import { may } from '../session.js';
import { say } from '../toasts.js';
import { has, t } from '../words.js';

/** Account is what one may do for oneself: another password, and an end of other logins. */
export function Account({ user }) {
	const change = async ({ old_password: old, password, again }, form) => {
		if (password !== again) throw Object.assign(new Error(t('password.differ')), { field: 'again' });
		const { message } = await call('users/password', { old_password: old, new_password: password });
		form.reset();
		say(`${message}.`);
		askAgain();
	};
	return html`
		<div class="head"><h1 tabindex="-1">${t('nav.account')}</h1></div>
		<div class="columns">
			<div>
				<section class="card"><h2>${user.username}</h2><${Rows} rows=${[
					[t('users.full_name'), user.full_name], [t('users.email'), user.email],
					[t('users.role'), has(`role.${user.role}`) ? t(`role.${user.role}`) : user.role],
				]} /></section>
				<section class="card"><h2>${t('password')}</h2>
					<${Form} work=${change} action=${t('password.change')} busyLabel=${t('saving')}>
						<input type="text" name="username" value=${user.username} autocomplete="username" hidden readonly />
						<${Field} label=${t('password.old')} name="old_password" type="password" required autocomplete="current-password" />
						<${Field} label=${t('password.new')} name="password" type="password" required autocomplete="new-password" hint=${t('password.hint')} />
						<${Field} label=${t('password.again')} name="again" type="password" required autocomplete="new-password" />
					<//>
				</section>
				${may('*', user) && html`<${Server} /><${Doctor} />`}
			</div>
			<section><h2 class="section">${t('sessions')}</h2><${Sessions} /></section>
		</div>`;
}
