// Starting, stopping and restarting: one instance at once, many in portions.

import { call, NoAnswer } from './api.js';
import { when } from './format.js';
import { learn, nameOf } from './instances.js';
import { askAgain } from './poll.js';
import { store } from './store.js';
import { complain, say } from './toasts.js';
import { t } from './words.js';

/** What is under way, by instance id: the page shows it before any answer is there. */
export const pending = store(/** @type {Record<string, 'start' | 'stop' | 'restart'>} */ ({}));

const mark = (ids, action) => pending.set(old => ({ ...old, ...Object.fromEntries(ids.map(id => [id, action])) }));
const unmark = ids => pending.set(old => Object.fromEntries(Object.entries(old).filter(([id]) => !ids.includes(id))));

/**
 * act changes one instance and says what came of it. A stop can be undone from where that is said.
 * @param {'start' | 'stop' | 'restart'} action
 * @param {{reason?: string, until?: string, include_nested?: boolean}} [options]
 * @returns {Promise<boolean>} whether it was done
 */
export async function act(action, id, options = {}) {
	if (pending.get()[id]) return false;
	mark([id], action);
	const name = nameOf(id);
	try {
		const answer = await call(`instances/${action}.php`, { instance_id: id, ...options });
		learn(id, answer);
		const undo = action === 'stop' && answer.changed && { label: t('undo'), run: () => act('start', id) };
		const spared = answer.spared?.length ? ` ${t('done.spared', { list: answer.spared.join(', ') })}` : '';
		const ends = action === 'stop' && answer.until ? ` ${t('done.until', { time: when(answer.until) })}` : '';
		say((answer.changed ? t(`done.${action}`, { name }) + ends : `${name}: ${answer.message}.`) + spared, undo || undefined);
		return true;
	} catch (e) {
		if (e.status !== 401) complain(`${name}: ${e.message}${e instanceof NoAnswer ? ` ${t('trouble.unsure')}` : ''}`);
		return false;
	} finally {
		unmark([id]);
		askAgain();
	}
}

const portion = 8; // so that each call answers well before a host loses patience

/** The bulk change that runs or was last made: null, or its items, each waiting, doing, ok, bad or left. */
export const job = store(null);

/** actOnMany changes instances in portions; one that fails does not stop the rest. */
export async function actOnMany(action, ids, options = {}) {
	if (job.get()?.running) return;
	const items = ids.map(id => ({ id, name: nameOf(id), state: 'waiting', message: '' }));
	job.set({ action, items, running: true, cancelled: false });
	const set = (ids, change) => job.set(j => ({ ...j, items: j.items.map(i => ids.includes(i.id) ? { ...i, ...change(i) } : i) }));
	for (let from = 0; from < ids.length && !job.get().cancelled; from += portion) {
		const some = ids.slice(from, from + portion);
		mark(some, action);
		set(some, () => ({ state: 'doing' }));
		try {
			const { results } = await call('instances/bulk.php', { action, instance_ids: some, ...options });
			const of = new Map(results.map(r => [r.instance_id, r]));
			for (const r of results) if (r.success) learn(r.instance_id, r.result);
			set(some, ({ id }) => ({ state: of.get(id)?.success ? 'ok' : 'bad', message: of.get(id)?.message ?? '' }));
		} catch (e) {
			set(some, () => ({ state: 'bad', message: e.message }));
			if (e instanceof NoAnswer || e.status === 401 || e.status === 403) break; // the rest would fail alike
		} finally {
			unmark(some);
		}
	}
	job.set(j => ({ ...j, running: false, items: j.items.map(i => i.state === 'waiting' ? { ...i, state: 'left' } : i) }));
	askAgain();
}

export const cancelJob = () => job.set(j => ({ ...j, cancelled: true }));
