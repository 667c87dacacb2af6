import { get, now } from '../api.js';
import { html, useMemo } from '../html.js';
import { WorkButton } from '../components/button.js';
import { Chart } from '../components/chart.js';
import { Loading, Notice, Trouble } from '../components/notice.js';
import { Ago } from '../components/time.js';
import { bytes, count, milliseconds, percent } from '../format.js';
import { askAgain, usePoll } from '../poll.js';
import { setQuery } from '../router.js';
import { complain } from '../toasts.js';
import { t } from '../words.js';
import { Figures } from './overview.js';

const hour = 3_600_000; // ms
const ranges = { '6h': 6 * hour, '24h': 24 * hour, '7d': 7 * 24 * hour, '30d': 30 * 24 * hour, '1y': 365 * 24 * hour };
const charts = [
	['memory', bytes], ['disk_usage', bytes], ['database_size', bytes],
	['queries', count], ['probe_ms', milliseconds], ['healthy', percent, 1],
];

/** Usage is what the instance uses now and has used, from what the ticks kept. */
export function Usage({ id, monitor, route }) {
	const range = Object.hasOwn(ranges, route.query.get('range')) ? route.query.get('range') : '24h';
	const current = usePoll(options => get('instances/resources.php', { instance_id: id }, options), 60_000, [id]);
	const history = usePoll(options => get('instances/history.php',
		{ instance_id: id, from: new Date(now() - ranges[range]).toISOString(), to: new Date(now()).toISOString() }, options), 60_000, [id, range]);
	const measure = async () => {
		try {
			await get('instances/resources.php', { instance_id: id, fresh: '1' });
		} catch (e) {
			complain(e.message);
		}
		askAgain();
	};
	const real = monitor.real ?? current.data?.real; // the page itself asks more often
	return html`
		<section class="card">
			<div class="head"><h2>${t('usage.now')}</h2><${WorkButton} icon="restart" work=${measure}>${t('usage.measure')}<//></div>
			<${Figures} resources=${current.data ?? monitor.resources} />
			${(current.data ?? monitor.resources).files > 0 && html`<p><small>${t('usage.files', { n: (current.data ?? monitor.resources).files })} ${t('usage.allocated', { size: bytes((current.data ?? monitor.resources).disk_allocated) })}</small></p>`}
		</section>
		${real && html`<${Real} real=${real} />`}
		${current.data?.account && !real && html`<${Account} account=${current.data.account} />`}
		<div class="head ranges"><h2>${t('usage.history')}</h2>
			<div class="segments" role="group" aria-label=${t('usage.range')}>${Object.keys(ranges).map(r => html`
				<button key=${r} type="button" aria-pressed=${r === range} onClick=${() => setQuery({ range: r === '24h' ? '' : r })}>${t(`range.${r}`)}</button>`)}</div></div>
		${history.data ? html`<${Charts} samples=${history.data.samples} />`
			: history.error ? html`<${Trouble} error=${history.error} again=${history.refresh} />` : html`<${Loading} lines=${5} />`}`;
}

function Charts({ samples }) {
	const times = useMemo(() => samples.map(s => Date.parse(s.at) / 1000), [samples]);
	if (samples.length === 0) return html`<${Notice} title=${t('usage.nohistory')}><p>${t('usage.nohistory.do')}</p><//>`;
	return html`<div class="charts">${charts.map(([name, show, max]) => html`
		<${Chart} key=${name} title=${t(`usage.${name}`)} times=${times} values=${samples.map(s => s[name])} show=${show} max=${max} />`)}</div>`;
}

/** Account is what all sites of the hosting account use together, where the host shows it. */
function Account({ account: a }) {
	const of = (value, limit, show) => value == null ? null : limit == null ? show(value) : t('of', { value: show(value), limit: show(limit) });
	const figures = [
		['memory', of(a.memory_bytes, a.memory_limit_bytes, bytes)],
		['processes', of(a.processes, a.process_limit, count)],
		['cpu', a.cpu_seconds == null ? null : t('seconds', { n: Math.round(a.cpu_seconds) })],
	];
	return html`
		<section class="card"><h2>${t('account.use')}</h2>
			<dl class="figures">${figures.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${t(`account.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>
			<p><small>${t('account.use.what', { source: a.source, evidence: a.evidence })}</small></p>
		</section>`;
}

const known = value => typeof value === 'number';

/** limited shows a figure with its limit, where it has one; a figure that the server could not read is none. */
const limited = (value, limit, show) => !known(value) ? '–' : known(limit) ? t('of', { value: show(value), limit: show(limit) }) : show(value);

const seconds = usec => t('seconds', { n: usec < 10_000_000 ? Math.round(usec / 100_000) / 10 : Math.round(usec / 1_000_000) });

/** Real is what the processes of an instance use, measured by the kernel and by PHP-FPM. */
function Real({ real: r }) {
	const w = r.workers;
	const figures = [
		['memory', limited(r.memory, r.memory_limit, bytes)],
		['memory_peak', limited(r.memory_peak, null, bytes)],
		['cpu', known(r.cpu_usec) ? seconds(r.cpu_usec) : '–', known(r.cpu_limit) && t('real.cpu_limit', { limit: percent(r.cpu_limit / 100) })],
		['tasks', limited(r.tasks, r.tasks_limit, count)],
		['restarts', count(r.restarts), r.oom_kills > 0 && t('real.oom', { n: r.oom_kills })],
		...w ? [
			['active', count(w.active)], ['idle', count(w.idle)],
			['queue', count(w.queue), w.max_children_reached > 0 && t('real.reached', { n: w.max_children_reached })],
			['accepted', count(w.accepted)],
		] : [],
	];
	return html`
		<section class="card"><h2>${t('real')}</h2>
			<dl class="figures wide">${figures.map(([name, value, note]) => html`
				<div key=${name}><dt>${t(`real.${name}`)}</dt><dd>${value}</dd>${note && html`<dd class="how">${note}</dd>`}</div>`)}</dl>
			${!w && html`<p>${t('real.noworkers')}</p>`}
			<p><small>${t('real.measured')}${r.at && html` <${Ago} time=${r.at} />`}</small></p>
		</section>`;
}
