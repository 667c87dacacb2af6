import { html } from '../html.js';
import { Ago } from '../components/time.js';
import { bytes, count, percent } from '../format.js';
import { t } from '../words.js';

const known = value => typeof value === 'number';

/** limited shows a figure with its limit, where it has one; a figure that the server could not read is none. */
const limited = (value, limit, show) => !known(value) ? '–' : known(limit) ? t('of', { value: show(value), limit: show(limit) }) : show(value);

const seconds = usec => t('seconds', { n: usec < 10_000_000 ? Math.round(usec / 100_000) / 10 : Math.round(usec / 1_000_000) });

/** Real is what the processes of an instance use, measured by the kernel and by PHP-FPM. */
export function Real({ real: r }) {
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
