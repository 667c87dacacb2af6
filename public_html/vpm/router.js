// Addresses within the page: #/instances/ID/usage?range=7d. They can be kept, sent and gone back to.

import { store, useStore } from './store.js';

function read(hash = location.hash) {
	const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
	let parts;
	try {
		parts = path.split('/').filter(Boolean).map(decodeURIComponent);
	} catch { // a broken escape
		parts = ['instances'];
	}
	return { parts, query: new URLSearchParams(query), page: parts.slice(0, 2).join('/') };
}

const route = store(read());
addEventListener('hashchange', () => route.set(read()));

/** useRoute gives the parts of the address, its query, and `page`, which is another when another page is meant. */
export const useRoute = () => useStore(route);

/** to makes the address of a page: `to(['instances', id, 'usage'], {range: '7d'})`. */
export function to(parts, query = {}) {
	const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== '' && v != null)).toString();
	return `#/${parts.map(encodeURIComponent).join('/')}${q && `?${q}`}`;
}

export const go = (parts, query) => { location.hash = to(parts, query); };

/** setQuery changes the query of the address in place, without a step to go back to. */
export function setQuery(changes) {
	const { parts, query } = route.get();
	const hash = to(parts, { ...Object.fromEntries(query), ...changes });
	route.set(read(hash));
	try {
		history.replaceState(null, '', hash);
	} catch { /* a browser that limits how often this may be done, to somebody who types fast */ }
}
