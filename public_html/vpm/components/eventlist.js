import { get } from '../api.js';
import { html, useState } from '../html.js';
import { usePoll } from '../poll.js';
import { to } from '../router.js';
import { complain } from '../toasts.js';
import { has, t } from '../words.js';
import { Badge } from './badge.js';
import { WorkButton } from './button.js';
import { Loading, Trouble } from './notice.js';
import { Ago, When } from './time.js';

const limit = 30;

/** EventList is who changed what, when, and why; of one instance or of all. Older ones are added on request. */
function EventList({ id = '' }) {
	const ask = (before, options) => get('instances/events.php', { instance_id: id, limit, before }, options);
	const { data, error, refresh } = usePoll(options => ask('', options), 10_000, [id]);
	const [older, add] = useState({ events: [], next: undefined });
	if (!data) return error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} lines=${6} />`;
	const seen = new Set(older.events.map(e => e.id));
	// What is new may push what was the first page's end beyond it; it is kept with the older ones.
	const events = [...data.events.filter(e => !seen.has(e.id)), ...older.events];
	const next = older.events.length ? older.next : data.next_before;
	const more = async () => {
		try {
			const page = await ask(next);
			add({ events: [...(older.events.length ? older.events : data.events), ...page.events], next: page.next_before });
		} catch (e) {
			complain(e.message);
		}
	};
	if (events.length === 0) return html`<p>${t('events.none')}</p>`;
	return html`
		<ul class="events">${events.map(e => html`<${Event} key=${e.id} event=${e} all=${!id} />`)}</ul>
		${next && html`<div class="actions"><${WorkButton} work=${more}>${t('events.more')}<//></div>`}`;
}

function Event({ event: e, all }) {
	const what = has(`event.${e.action}`) ? t(`event.${e.action}`) : e.action;
	return html`
		<li>
			<div class="moment"><${Ago} time=${e.at} /><small><${When} time=${e.at} seconds /></small></div>
			<div>
				<p><strong>${what}</strong>${all && e.instance_id && html` <a href=${to(['instances', e.instance_id, 'events'])}>${e.instance_id}</a>`}
					<span class="by">${e.actor ? t('event.by', { actor: e.actor }) : t('event.itself')}${e.address && html` <small>${e.address}</small>`}</span></p>
				${e.reason && html`<p class="reason">${e.reason}</p>`}
				${e.result && e.result !== 'ok' && html`<p class="result">${e.result}</p>`}
			</div>
			<div>${e.result === 'ok' ? html`<${Badge} kind="ok">${t('event.ok')}<//>` : ''}</div>
		</li>`;
}

/** Events is what happened to one instance. */
export const Events = ({ id }) => html`<section class="card"><h2>${t('events')}</h2><${EventList} id=${id} /></section>`;

/** Activity is the page of who changed what in the whole panel. */
export const Activity = () => html`
	<div class="head"><h1 tabindex="-1">${t('nav.activity')}</h1></div>
	<section class="card"><${EventList} /></section>`;
