import { html, useEffect, useMemo, useState } from '../html.js';
import { BulkBar } from '../components/bulkbar.js';
import { Filters } from '../components/filters.js';
import { Icon } from '../components/icon.js';
import { Empty, Loading, Trouble } from '../components/notice.js';
import { Pager } from '../components/pager.js';
import { Rows } from '../components/rows.js';
import { known, list } from '../instances.js';
import { usePoll } from '../poll.js';
import { arrange, size } from '../arrange.js';
import { setQuery, to } from '../router.js';
import { may } from '../session.js';
import { useStore } from '../store.js';
import { t } from '../words.js';

const every = 5_000; // ms

/** List is all instances: searched, filtered, sorted and paged here, so that each of it is there at once. */
export function List({ route, user }) {
	const { error, refresh } = usePoll(list, every, []);
	const all = useStore(known);
	const [selected, select] = useState(() => new Set());
	const query = Object.fromEntries(route.query);
	const found = useMemo(() => all && arrange(all, query), [all, route.query]);
	const pages = Math.max(1, Math.ceil((found?.length ?? 0) / size));
	const page = Math.min(Math.max(Number(query.page) || 1, 1), pages);
	useEffect(() => { // what is gone cannot stay selected
		const there = new Set(all?.map(i => i.instance_id));
		if ([...selected].some(id => !there.has(id))) select(new Set([...selected].filter(id => there.has(id))));
	}, [all]);

	return html`
		<div class="head">
			<h1 tabindex="-1">${t('nav.instances')}</h1>
			${may('instances.create', user) && html`
				<a class="button" href=${to(['find'])}><${Icon} name="search" /><span>${t('nav.find')}</span></a>
				<a class="button primary" href=${to(['new'])}><${Icon} name="add" /><span>${t('nav.new')}</span></a>`}
		</div>
		${error && html`<${Trouble} error=${error} again=${refresh} />`}
		${!all ? !error && html`<${Loading} lines=${8} />` : all.length === 0 ? html`<${None} user=${user} />` : html`
			<${Filters} all=${all} query=${query} />
			<p class="hidden" role="status">${t('list.found', { n: found.length })}</p>
			${found.length === 0
				? html`<${Empty} title=${t('list.nomatch')}><button type="button" class="button" onClick=${() => setQuery({ q: '', show: '', type: '', page: '' })}>${t('list.showall')}</button><//>`
				: html`<${Rows} found=${found} page=${found.slice((page - 1) * size, page * size)} query=${query} selected=${selected} select=${select} user=${user} />`}
			<${Pager} page=${page} pages=${pages} total=${found.length} size=${size} />
			${may('instances.manage', user) && html`<${BulkBar} found=${found} selected=${selected} select=${select} />`}`}`;
}

const None = ({ user }) => html`
	<${Empty} title=${t('list.none')}>
		<p>${t('list.none.what')}</p>
		${may('instances.create', user)
			? html`<p class="actions"><a class="button primary" href=${to(['find'])}>${t('nav.find')}</a><a class="button" href=${to(['new'])}>${t('list.none.new')}</a></p>`
			: html`<p>${t('list.none.ask')}</p>`}
	<//>`;
