import { call } from '../api.js';
import { html, useState } from '../html.js';
import { Badge } from '../components/badge.js';
import { Button, WorkButton } from '../components/button.js';
import { Empty, Notice } from '../components/notice.js';
import { bytes } from '../format.js';
import { askAgain } from '../poll.js';
import { to } from '../router.js';
import { complain, say } from '../toasts.js';
import { has, t } from '../words.js';

const portion = 8;

/** Find looks for the sites of the account, and registers one or all with a click. */
export function Find() {
	const [found, set] = useState(null), [results, put] = useState({});
	const [busy, work] = useState(false);
	const look = async () => {
		try {
			set(await call('instances/scan.php', {}));
			put({});
		} catch (e) {
			if (e.status !== 401) complain(e.message);
		}
	};
	const adopt = async sites => {
		work(true);
		let added = 0;
		try {
			for (let from = 0; from < sites.length; from += portion) {
				const some = sites.slice(from, from + portion);
				put(old => ({ ...old, ...Object.fromEntries(some.map(s => [s.dir, { doing: true }])) }));
				const ask = some.map(s => ({ dir: s.dir, instance_id: s.instance_id ?? s.suggested_id, url: s.url || undefined, cms_type: s.cms_type }));
				const answer = await call('instances/adopt.php', { sites: ask });
				added += answer.results.filter(r => r.success).length;
				put(old => ({ ...old, ...Object.fromEntries(answer.results.map(r => [r.dir, r])) }));
			}
		} catch (e) {
			if (e.status !== 401) complain(e.message);
			put(old => Object.fromEntries(Object.entries(old).filter(([, r]) => !r.doing)));
		}
		if (added) say(t('find.added', { n: added }));
		askAgain();
		work(false);
	};
	const open = found?.sites.filter(s => (!s.instance_id || s.moved) && !results[s.dir]?.success) ?? [];
	return html`
		<div class="head"><h1 tabindex="-1">${t('nav.find')}</h1>
			<${WorkButton} icon="search" kind=${found ? '' : 'primary'} work=${look}>${t(found ? 'find.again' : 'find.look')}<//>
			${open.length > 1 && html`<${Button} kind="primary" busy=${busy} onClick=${() => adopt(open)}>${t('find.all', { n: open.length })}<//>`}</div>
		<p>${t('find.what')}</p>
		${found && !found.complete && html`<${Notice} kind="warn" title=${t('find.incomplete')}><p>${t('find.incomplete.do')}</p><//>`}
		${found?.sites.length === 0 && html`<${Empty} title=${t('find.none')}><p>${t('find.none.do')}</p><p><a class="button" href=${to(['new'])}>${t('list.none.new')}</a></p><//>`}
		${found?.sites.length > 0 && html`<ul class="sites">${found.sites.map(s => html`
			<${Site} key=${s.dir} site=${s} result=${results[s.dir]} busy=${busy} adopt=${() => adopt([s])} />`)}</ul>`}`;
}

function Site({ site: s, result, busy, adopt }) {
	const id = result?.success ? result.instance_id : s.instance_id;
	const there = id && (!s.moved || result?.success);
	const type = has(`type.${s.cms_type}`) ? t(`type.${s.cms_type}`) : s.cms_type;
	const name = s.url?.replace(/^https?:\/\//, '').replace(/\/$/, '') || s.dir;
	return html`
		<li class="card">
			<div>
				<h2>${name}</h2>
				<p>${[type, s.cms_version].filter(Boolean).join(' ')}</p>
				<p><small><code>${s.dir}</code></small></p>
				<p><small>${[s.database_name && t('find.database', { name: s.database_name, prefix: s.database_prefix || '–' }), s.database_size > 0 && bytes(s.database_size),
					s.url_from && t('find.from', { from: s.url_from })].filter(Boolean).join(' · ')}</small></p>
				${result && !result.success && !result.doing && html`<${Notice} kind="bad" role="alert">${result.message}<//>`}
				${s.moved && !result?.success && html`<${Notice} kind="warn">${t('find.moved', { id: s.instance_id })}<//>`}
			</div>
			<div class="do">
				${there ? html`<${Badge} kind="ok">${t('find.there')}<//><a class="button" href=${to(['instances', id])}>${t('find.open')}</a>`
					: html`<${Button} kind="primary" busy=${result?.doing} idle=${busy && !result?.doing} label=${t(s.moved ? 'find.repair.name' : 'find.add.name', { name })}
						onClick=${adopt}>${t(s.moved ? 'find.repair' : 'find.add')}<//>`}
			</div>
		</li>`;
}
