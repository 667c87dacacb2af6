import { call } from '../api.js';
import { html, useState } from '../html.js';
import { Badge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Field, Form } from '../components/form.js';
import { Loading, Trouble } from '../components/notice.js';
import { Sessions } from '../components/sessions.js';
import { usePoll } from '../poll.js';
import { say } from '../toasts.js';
import { has, t } from '../words.js';

const roles = ['viewer', 'manager', 'admin'];

/** Users are the people who may use the panel, and their logins; for administrators. */
export function Users({ user }) {
	const { data, error, refresh } = usePoll(options => call('users/list', undefined, options), 30_000, []);
	const [editing, edit] = useState(null);
	const done = message => {
		edit(null);
		say(message);
		refresh();
	};
	return html`
		<div class="head"><h1 tabindex="-1">${t('nav.users')}</h1><${Button} kind="primary" icon="add" onClick=${() => edit({})}>${t('users.add')}<//></div>
		${!data ? error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} />` : html`
			<ul class="people">${data.users.map(u => html`
				<li key=${u.id} class="card">
					<div><h2>${u.username}${u.id === user.id && html` <small>${t('users.you')}</small>`}</h2><p><small>${[u.full_name !== u.username && u.full_name, u.email].filter(Boolean).join(' · ')}</small></p></div>
					<p>${roleOf(u.role)}<br /><small>${t('users.sessions', { n: u.sessions })}</small></p>
					<p>${u.status === 'active' ? html`<${Badge} kind="ok">${t('users.active')}<//>` : html`<${Badge} kind="idle">${t('users.inactive')}<//>`}</p>
					<${Button} label=${t('users.edit.name', { name: u.username })} onClick=${() => edit(u)}>${t('users.edit')}<//>
				</li>`)}</ul>`}
		<h2 class="section">${t('sessions.all')}</h2>
		<${Sessions} all />
		${editing && html`<${Edit} user=${editing} self=${editing.id === user.id} onDone=${done} onClose=${() => edit(null)} />`}`;
}

const roleOf = role => has(`role.${role}`) ? t(`role.${role}`) : role;

function Edit({ user: u, self, onDone, onClose }) {
	const fresh = !u.id;
	const save = async ({ password, ...values }) => {
		const body = { ...values, ...(password && { password }) };
		const { message } = await call(fresh ? 'users/create' : 'users/update', fresh ? body : { id: u.id, ...body });
		onDone(`${u.username ?? values.username}: ${message}.`);
	};
	return html`
		<${Dialog} title=${fresh ? t('users.add') : t('users.edit.name', { name: u.username })} onClose=${onClose}>
			<${Form} work=${save} action=${t('save')} busyLabel=${t('saving')} onCancel=${onClose}>
				${fresh && html`<${Field} label=${t('login.name')} name="username" required maxlength="50" autocomplete="off" />`}
				<${Field} label=${t('users.full_name')} name="full_name" optional maxlength="100" autocomplete="off" defaultValue=${u.full_name ?? ''} />
				<${Field} label=${t('users.email')} name="email" type="email" optional maxlength="100" autocomplete="off" defaultValue=${u.email ?? ''} />
				<${Field} label=${t('users.role')} name="role" as="select" hint=${self ? t('users.role.self') : t('users.role.hint')}>
					${roles.map(role => html`<option key=${role} value=${role} selected=${role === (u.role ?? 'viewer')}>${t(`role.${role}`)}</option>`)}<//>
				${!fresh && html`<${Field} label=${t('users.status')} name="status" as="select" hint=${t('users.status.hint')}>
					${['active', 'inactive'].map(s => html`<option key=${s} value=${s} selected=${s === u.status}>${t(`users.${s}`)}</option>`)}<//>`}
				<${Field} label=${t(fresh ? 'login.password' : 'users.newpassword')} name="password" type="password" optional=${!fresh} autocomplete="new-password" hint=${t('password.hint')} />
			<//>
		<//>`;
}
