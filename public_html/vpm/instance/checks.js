import { get } from '../api.js';
import { html } from '../html.js';
import { WorkButton } from '../components/button.js';
import { CheckList } from '../components/checklist.js';
import { Loading, Notice } from '../components/notice.js';
import { Ago } from '../components/time.js';
import { askAgain, usePoll } from '../poll.js';
import { complain } from '../toasts.js';
import { t } from '../words.js';

const every = 30_000; // ms; the server itself looks again after a minute

/** Checks are what was looked at to find out whether visitors are served, each with its reason. */
export function Checks({ id, monitor }) {
	const { data } = usePoll(options => get('instances/health.php', { instance_id: id }, options), every, [id]);
	const newest = [data, monitor.health].filter(h => h?.checked_at).sort((a, b) => b.checked_at.localeCompare(a.checked_at))[0];
	const health = newest ?? data;
	const look = async () => {
		try {
			await get('instances/health.php', { instance_id: id, fresh: '1' });
		} catch (e) {
			complain(e.message);
		}
		askAgain();
	};
	if (!health) return html`<${Loading} lines=${6} />`;
	return html`
		<section class="card">
			<div class="head"><h2>${t('checks')}</h2>
				<small>${health.checked_at ? html`${t('checks.made')} <${Ago} time=${health.checked_at} />` : ''}</small>
				<${WorkButton} icon="restart" work=${look}>${t('checks.now')}<//></div>
			${health.checks.length === 0 ? html`<${Notice}>${t('checks.none')}<//>` : html`<${CheckList} checks=${health.checks} />`}
		</section>`;
}
