import { call, get } from '../api.js';
import { html } from '../html.js';
import { when, zoned } from '../format.js';
import { usePoll } from '../poll.js';
import { complain, say } from '../toasts.js';
import { t } from '../words.js';
import { Badge } from './badge.js';
import { WorkButton } from './button.js';
import { Loading, Trouble } from './notice.js';

/** Sessions are the logins that last: one's own, or everybody's. */
export function Sessions({ all }) {
	const { data, error, refresh } = usePoll(options => get('sessions/list', { all: all ? '1' : '' }, options), 30_000, [all]);
	if (!data) return error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} />`;
	const end = async id => {
		try {
			say(`${(await call('sessions/revoke', { id })).message}.`);
		} catch (e) {
			if (e.status !== 401) complain(e.message);
		}
		refresh();
	};
	const local = time => {
		const moment = zoned(time, data.timestamp);
		return moment ? when(moment) : time;
	};
	return html`
		<ul class="people">${data.sessions.map(s => html`
			<li key=${s.id} class="card">
				<div><h3>${all ? s.username : t('sessions.one', { n: s.id })}</h3></div>
				<p><small>${t('sessions.from', { time: local(s.created_at) })}<br />${t('sessions.until', { time: local(s.expires_at) })}</small></p>
				<p>${s.current && html`<${Badge} kind="ok">${t('sessions.current')}<//>`}</p>
				${!s.current && html`<${WorkButton} label=${t('sessions.end.name', { name: s.username, time: local(s.created_at) })} work=${() => end(s.id)}>${t('sessions.end')}<//>`}
			</li>`)}</ul>`;
}
