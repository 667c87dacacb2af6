import { html } from '../html.js';
import { Badge, ModeBadge } from '../components/badge.js';
import { Ago } from '../components/time.js';
import { bytes, count, zoned } from '../format.js';
import { to } from '../router.js';
import { may } from '../session.js';
import { configOf } from '../state.js';
import { has, t } from '../words.js';
import { Bypass } from './bypass.js';
import { Move } from './move.js';
import { Mute } from './mute.js';

const kinds = { running: 'ok', stopped: 'idle', unknown: 'unknown', error: 'bad' };

/** Overview has the three facts side by side: what is wanted, what was seen, and whether visitors are served. */
export function Overview({ id, monitor: m, instance, user }) {
	const manage = may('instances.manage', user);
	const { health } = m;
	const unknown = m.observed === 'unknown' && !health.checked_at;
	const failed = health.checks.filter(c => c.result === 'failed');
	return html`
		<div class="facts">
			<${Fact} title=${t('fact.wanted')}><${Badge} kind=${kinds[m.wanted]}>${t(`observed.${m.wanted}`)}<//>
				<p>${t(`fact.wanted.${m.wanted}`)}</p><//>
			<${Fact} title=${t('fact.observed')}><${Badge} kind=${m.drift ? 'bad' : kinds[m.observed] ?? 'unknown'}>${t(`observed.${m.observed === 'error' && m.process.mode === 'real' ? 'failed' : m.observed}`)}<//>
				<p>${m.evidence.seen}</p>
				<p><small>${m.evidence.at ? html`<${Ago} time=${m.evidence.at} />, ` : ''}${t(`how.${m.evidence.how}`)}</small></p><//>
			<${Fact} title=${t('fact.healthy')}><${Badge} kind=${unknown ? 'unknown' : health.healthy ? 'ok' : 'bad'}>${t(unknown ? 'observed.unknown' : health.healthy ? 'yes' : 'no')}<//>
				<p>${failed.length ? failed[0].reason : m.drift ? t('fact.drift') : health.checked_at ? t('fact.checks', { n: health.checks.length }) : t(unknown ? 'fact.nothing' : 'fact.gateonly')}</p>
				<p><small>${health.checked_at && html`<${Ago} time=${health.checked_at} />, `}<a href=${to(['instances', id, 'health'])}>${t('fact.allchecks')}</a></small></p><//>
		</div>
		<div class="columns">
			<section class="card"><h2>${t('about')}</h2><${About} instance=${instance} monitor=${m} /></section>
			<div>
				<section class="card"><h2>${t('usage.now')}</h2><${Figures} resources=${m.resources} /></section>
				<section class="card"><h2>${t('limits')}</h2><${Limits} instance=${instance} mode=${m.process.mode} /></section>
				<${Move} id=${id} instance=${instance} user=${user} />
				<${Mute} id=${id} until=${health.muted_until} manage=${manage} />
				${manage && m.wanted === 'stopped' && html`<${Bypass} id=${id} />`}
			</div>
		</div>`;
}

const Fact = ({ title, children }) => html`<section class="card fact"><h2>${title}</h2>${children}</section>`;

/** Rows is a list of terms; what is empty is left out. */
export const Rows = ({ rows }) => html`<dl class="rows">${rows.filter(([, value]) => value != null && value !== '' && value !== false).map(([term, value]) => html`
	<div key=${term}><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;

function About({ instance: i, monitor: m }) {
	const config = configOf(i), since = m.process.started_at && zoned(m.process.started_at, m.timestamp);
	const type = has(`type.${i.cms_type}`) ? t(`type.${i.cms_type}`) : i.cms_type;
	return html`<${Rows} rows=${[
		[t('field.id'), html`<code>${i.instance_id}</code>`],
		[t('col.type'), [type, m.cms?.version ?? i.cms_version].filter(Boolean).join(' ')],
		[t('field.mode'), html`<${ModeBadge} mode=${m.process.mode} />`],
		[t('field.pid'), m.process.pid && html`<code>${m.process.pid}</code>`],
		[t('field.since'), since && m.process.status === 'running' && html`<${Ago} time=${since} />`],
		[t('field.domain'), i.domain],
		[t('field.path_prefix'), i.path_prefix],
		[t('field.path'), typeof config.path === 'string' && config.path && html`<code>${config.path}</code>`],
		[t('field.moved_from'), typeof config.moved_from === 'string' && config.moved_from && html`<code>${config.moved_from}</code>`],
		[t('field.docroot'), typeof config.docroot === 'string' && config.docroot && html`<code>${config.docroot}</code>`],
		[t('field.database'), html`<code>${i.database_name}</code>`],
		[t('field.prefix'), i.database_prefix && html`<code>${i.database_prefix}</code>`],
		[t('field.changed'), m.resources.changed_at && html`<${Ago} time=${m.resources.changed_at} />`],
	]} />`;
}

const figures = [['disk_usage', bytes], ['database_size', bytes], ['memory', bytes], ['queries', count]];

/** Figures are what the instance uses, each with how that is known. A figure that nobody could see is none. */
export function Figures({ resources }) {
	return html`
		<dl class="figures">${figures.map(([name, show]) => {
			const how = resources.evidence?.[name] ?? '';
			const known = resources.measured_at && !how.startsWith('unknown');
			const word = how.split(/[:\s]/)[0];
			return html`<div key=${name}><dt>${t(`usage.${name}`)}</dt><dd>${known ? show(resources[name]) : '–'}</dd>
				<dd class="how" title=${how}>${has(`evidence.${word}`) ? t(`evidence.${word}`) : how}</dd></div>`;
		})}</dl>
		<p><small>${resources.measured_at ? html`${t('usage.measured')} <${Ago} time=${resources.measured_at} />` : t('usage.unmeasured')}</small></p>`;
}

/** Limits are only shown in virtual mode: who enforces them there is the host. */
function Limits({ instance, mode }) {
	const { memory_limit: memory, max_execution_time: time, max_children: children } = configOf(instance);
	return html`
		<${Rows} rows=${[[t('field.memory_limit'), memory == null ? null : String(memory)], [t('field.max_execution_time'), time == null ? null : t('seconds', { n: Number(time) })],
			[t('field.max_children'), children == null ? null : String(children)]]} />
		<p><small>${t(mode === 'virtual' ? 'limits.virtual' : 'limits.real')}</small></p>`;
}
