// What of the list is shown, and in which order.

import { groups, stateOf } from './state.js';
import { language } from './text.js';

/** How many rows a page has. */
export const size = 50;

const order = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
const urgency = ['bad', 'warn', 'unknown', 'ok', 'idle'];

/** What the list can be sorted by. */
export const sorts = {
	name: i => i.instance_name,
	state: i => urgency.indexOf(stateOf(i).kind),
	type: i => `${i.cms_type} ${i.cms_version ?? ''}`,
	domain: i => `${i.domain ?? ''}${i.path_prefix ?? ''}`,
	seen: i => i.evidence.at ?? '',
};

/** arrange gives those that a query means: `{q, show, type, sort}`, a sort that begins with `-` being the reverse. */
export function arrange(all, { q = '', show, type, sort = 'name' }) {
	const words = q.toLowerCase().split(/\s+/).filter(Boolean);
	const inGroup = groups[show] ?? groups.all;
	const found = all.filter(i => {
		if (!inGroup(i) || type && i.cms_type !== type) return false;
		if (words.length === 0) return true;
		const text = [i.instance_name, i.instance_id, i.domain, i.path_prefix, i.cms_type, i.cms_version, i.process.pid].join(' ').toLowerCase();
		return words.every(word => text.includes(word));
	});
	const back = sort.startsWith('-'), key = sorts[back ? sort.slice(1) : sort] ?? sorts.name;
	const keyed = found.map(i => [key(i), i]);
	keyed.sort(([a, x], [b, y]) => (back ? -1 : 1) * (typeof a === 'number' ? a - b : order.compare(a, b)) || order.compare(x.instance_name, y.instance_name));
	return keyed.map(([, i]) => i);
}
