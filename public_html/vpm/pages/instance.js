import { act, pending } from '../actions.js';
import { html, useEffect, useState } from '../html.js';
import { ModeBadge, StateBadge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { Events } from '../components/eventlist.js';
import { Icon } from '../components/icon.js';
import { Empty, Loading, Notice, Trouble } from '../components/notice.js';
import { StopDialog } from '../components/stopdialog.js';
import { Checks } from '../instance/checks.js';
import { Log } from '../instance/log.js';
import { Overview } from '../instance/overview.js';
import { Settings } from '../instance/settings.js';
import { Usage } from '../instance/usage.js';
import { known, look } from '../instances.js';
import { usePoll } from '../poll.js';
import { to } from '../router.js';
import { may } from '../session.js';
import { addressOf, offers, stateOf } from '../state.js';
import { useStore } from '../store.js';
import { t } from '../words.js';

const every = 2_000; // ms

const tabs = { overview: Overview, usage: Usage, health: Checks, events: Events, log: Log, settings: Settings };

/** asListed gives what monitor.php answers in the form that the list has. */
const asListed = m => ({ ...m.instance, wanted: m.wanted, observed: m.observed, evidence: m.evidence, drift: m.drift,
	process: { ...m.process, healthy: m.health.healthy && m.process.status === 'running' } });

/** Instance is the page of one: its state and buttons above, and what is known of it in tabs. */
export function Instance({ route, user }) {
	const [, id, wantedTab] = route.parts;
	const tab = Object.hasOwn(tabs, wantedTab) ? wantedTab : 'overview';
	const { data, error, refresh } = usePoll(options => look(id, options), every, [id]);
	const listed = useStore(known)?.find(i => i.instance_id === id);
	const instance = data ? asListed(data) : listed;
	const Tab = tabs[tab], name = instance?.instance_name;
	useEffect(() => { if (name) document.title = `${name} · vpm`; }, [name, tab]);
	if (error?.status === 404) {
		return html`<${Back} /><h1 tabindex="-1">${id}</h1><${Empty} title=${t('instance.none')}><p>${t('instance.none.what', { id })}</p><//><${Events} id=${id} />`;
	}
	return html`
		<${Back} />
		${instance ? html`<${Head} instance=${instance} user=${user} />` : html`<h1 tabindex="-1">${id}</h1>`}
		<nav class="tabs" aria-label=${t('instance.tabs')}>${Object.keys(tabs).filter(name => name !== 'settings' || may('instances.manage', user)).map(name => html`
			<a key=${name} href=${to(['instances', id, name])} aria-current=${tab === name ? 'page' : undefined}>${t(`tab.${name}`)}</a>`)}
		</nav>
		${error && html`<${Trouble} error=${error} again=${refresh} />`}
		${data ? html`<${Tab} id=${id} monitor=${data} instance=${instance} user=${user} route=${route} />` : !error && html`<${Loading} lines=${4} />`}`;
}

const Back = () => html`<p class="back"><a href=${to(['instances'])}><${Icon} name="back" />${t('nav.instances')}</a></p>`;

function Head({ instance, user }) {
	const { instance_id: id, instance_name: name } = instance;
	const doing = useStore(pending)[id];
	const [asking, ask] = useState(false);
	const can = offers(instance), address = addressOf(instance);
	const button = action => html`<${Button} icon=${action} busy=${doing === action} idle=${!!doing || !can[action]}
		onClick=${() => act(action, id)}>${t(action)}<//>`;
	return html`
		<div class="head">
			<div class="title">
				<h1 tabindex="-1">${name}</h1>
				<p><${StateBadge} instance=${instance} doing=${doing} /> <${ModeBadge} mode=${instance.process.mode} />
					${address && html` <a href=${address} target="_blank" rel="noreferrer noopener">${address.replace(/^https?:\/\//, '')}<${Icon} name="out" /><span class="hidden"> ${t('newtab')}</span></a>`}</p>
			</div>
			${may('instances.manage', user) && html`<div class="buttons wrap">
				${button('start')}${button('stop')}${button('restart')}
				<${Button} idle=${!!doing} onClick=${() => ask(true)}>${t('stop.options')}<//>
			</div>`}
		</div>
		${['open', 'closed', 'damaged', 'failed'].includes(stateOf(instance).word) && !doing && html`<${Drift} instance=${instance} />`}
		${asking && html`<${StopDialog} names=${[name]} onStop=${options => act('stop', id, options)} onClose=${() => ask(false)} />`}`;
}

/** Drift says what was seen where it is not what is wanted, and what to do. */
function Drift({ instance }) {
	const { word } = stateOf(instance);
	return html`<${Notice} kind="bad" title=${t(`drift.${word}`)}>
		<p>${t('drift.seen', { seen: instance.evidence.seen })}</p><p>${t(`drift.${word}.do`)}</p>
	<//>`;
}
