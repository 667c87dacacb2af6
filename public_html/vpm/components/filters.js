import { html, useEffect, useRef, useState } from '../html.js';
import { sorts } from '../arrange.js';
import { setQuery } from '../router.js';
import { groups } from '../state.js';
import { t } from '../words.js';
import { Icon } from './icon.js';

const types = ['wordpress', 'joomla', 'drupal', 'native'];

/** Filters write into the address, so that what is shown can be sent and gone back to. */
export function Filters({ all, query }) {
	const [text, set] = useState(query.q ?? '');
	const input = useRef(null);
	useEffect(() => set(query.q ?? ''), [query.q]);
	useEffect(() => {
		const slash = event => {
			if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, dialog')) return;
			event.preventDefault();
			input.current.focus();
		};
		addEventListener('keydown', slash);
		return () => removeEventListener('keydown', slash);
	}, []);
	const search = value => {
		set(value);
		setQuery({ q: value, page: '' });
	};
	const show = query.show ?? 'all';
	return html`
		<div class="filters">
			<div class="search">
				<${Icon} name="search" />
				<input ref=${input} type="search" aria-label=${t('list.search')} placeholder=${t('list.search')} value=${text} spellcheck=${false} autocomplete="off"
					onInput=${e => search(e.target.value)} onKeyDown=${e => e.key === 'Escape' && search('')} />
			</div>
			<div class="segments" role="group" aria-label=${t('list.show')}>${Object.entries(groups).map(([name, fits]) => html`
				<button key=${name} type="button" aria-pressed=${show === name} class=${name} onClick=${() => setQuery({ show: name === 'all' ? '' : name, page: '' })}>
					${t(`list.show.${name}`)} <span class="number">${all.filter(fits).length}</span>
				</button>`)}
			</div>
			<select aria-label=${t('list.type')} value=${query.type ?? ''} onChange=${e => setQuery({ type: e.target.value, page: '' })}>
				<option value="">${t('list.types')}</option>
				${types.map(type => html`<option key=${type} value=${type}>${t(`type.${type}`)}</option>`)}
			</select>
			<select class="phone" aria-label=${t('list.sort')} value=${query.sort ?? 'name'} onChange=${e => setQuery({ sort: e.target.value, page: '' })}>
				${Object.keys(sorts).map(sort => html`<option key=${sort} value=${sort}>${t('list.sort.by', { what: t(`col.${sort}`) })}</option>`)}
			</select>
		</div>`;
}
