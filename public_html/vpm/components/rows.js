import { act, pending } from '../actions.js';
import { html } from '../html.js';
import { useRowKeys } from '../gridkeys.js';
import { go, setQuery, to } from '../router.js';
import { may } from '../session.js';
import { offers, stateOf } from '../state.js';
import { useStore } from '../store.js';
import { has, t } from '../words.js';
import { ModeBadge, StateBadge } from './badge.js';
import { Button } from './button.js';
import { Icon } from './icon.js';
import { Ago } from './time.js';

export function Rows({ page, query, selected, select, user }) {
	const doing = useStore(pending);
	const manage = may('instances.manage', user);
	const sort = query.sort ?? 'name';
	const here = page.filter(i => selected.has(i.instance_id)).length;
	const pick = (ids, on) => {
		const next = new Set(selected);
		for (const id of ids) next[on ? 'add' : 'delete'](id);
		select(next);
	};
	const { current, listens } = useRowKeys(page.map(i => i.instance_id), {
		pick: manage && (id => pick([id], !selected.has(id))),
		open: id => go(['instances', id]),
	});
	const column = name => html`
		<th scope="col" aria-sort=${sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined} class=${`col-${name}`}>
			<button type="button" onClick=${() => setQuery({ sort: sort === name ? `-${name}` : name === 'name' ? '' : name, page: '' })}>
				${t(`col.${name}`)}${sort.replace('-', '') === name && html`<${Icon} name=${sort === name ? 'up' : 'down'} />`}
			</button>
		</th>`;
	return html`
		<p id="list-keys" class="hidden">${t(manage ? 'list.keys.manage' : 'list.keys')}</p>
		<table class=${`list ${manage ? 'manage' : ''}`} aria-label=${t('nav.instances')} aria-describedby="list-keys">
			<thead><tr>
				${manage && html`<td class="pick"><input type="checkbox" aria-label=${t('list.select.page')} checked=${here === page.length}
					indeterminate=${here > 0 && here < page.length} onChange=${e => pick(page.map(i => i.instance_id), e.target.checked)} /></td>`}
				${column('name')}${column('state')}${column('type')}${column('seen')}<th scope="col" class="col-pid">${t('col.pid')}</th>
				${manage && html`<th scope="col"><span class="hidden">${t('col.actions')}</span></th>`}
			</tr></thead>
			<tbody ...${listens}>${page.map(i => html`<${Row} key=${i.instance_id} instance=${i} doing=${doing[i.instance_id]} manage=${manage} tab=${i.instance_id === current}
				picked=${selected.has(i.instance_id)} pick=${on => pick([i.instance_id], on)} />`)}</tbody>
		</table>`;
}

function Row({ instance: i, doing, manage, picked, pick, tab }) {
	const id = i.instance_id, name = i.instance_name;
	const { word, kind } = stateOf(i);
	const place = i.domain ? i.domain + (i.path_prefix ?? '').replace(/^\/$/, '') : '';
	return html`
		<tr class=${picked ? 'picked' : ''} data-id=${id} tabindex=${tab ? 0 : -1}>
			${manage && html`<td class="pick"><input type="checkbox" aria-label=${t('list.select', { name })} checked=${picked} onChange=${e => pick(e.target.checked)} /></td>`}
			<th scope="row" class="col-name"><a href=${to(['instances', id])}>${name}</a><small>${id}${place && html` · <span>${place}</span>`}</small></th>
			<td class="col-state"><${StateBadge} instance=${i} doing=${doing} />${kind === 'bad' && !doing && has(`state.${word}.note`) && html`<small class="note">${t(`state.${word}.note`)}</small>`}</td>
			<td class="col-type">${has(`type.${i.cms_type}`) ? t(`type.${i.cms_type}`) : i.cms_type}<small>${i.cms_version ?? ''}</small></td>
			<td class="col-seen">${i.evidence.at ? html`<${Ago} time=${i.evidence.at} />` : t('never')}<small>${has(`how.${i.evidence.how}`) ? t(`how.${i.evidence.how}`) : i.evidence.how}</small></td>
			<td class="col-pid"><${ModeBadge} mode=${i.process.mode} /><small class="mono">${i.process.pid ?? '–'}</small></td>
			${manage && html`<td class="do"><${RowActions} instance=${i} doing=${doing} /></td>`}
		</tr>`;
}

/** Of start and stop only one would change something, and restart is beside it; where something drifts both may help. */
function RowActions({ instance, doing }) {
	const { instance_id: id, instance_name: name, wanted, drift } = instance;
	const can = offers(instance);
	const asWanted = wanted === 'running' ? 'start' : 'stop', other = wanted === 'running' ? 'stop' : 'start';
	const [first, second] = drift ? [asWanted, other] : [other, 'restart'];
	const button = action => html`<${Button} kind="small" icon=${action} busy=${doing === action} idle=${!!doing || !can[action]}
		label=${t(`${action}.name`, { name })} onClick=${() => act(action, id)}>${t(action)}<//>`;
	return html`<div class="buttons">${button(first)}${button(second)}</div>`;
}
