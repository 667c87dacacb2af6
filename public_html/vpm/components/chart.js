import { html, useEffect, useRef, useState } from '../html.js';
import { bytes, when } from '../format.js';
import { t } from '../words.js';

const height = 150;

/** The library is large, and only this part of the pages needs it. */
const library = () => import('../vendor/uplot.js').then(m => m.default);

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const day = 86_400; // s
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** Steps of the scale for bytes, so that it has round figures in units of 1024. */
const doublings = Array.from({ length: 50 }, (_, i) => 2 ** i);

const options = (show, width, max) => ({
	width, height,
	legend: { show: false },
	cursor: { sync: { key: 'usage' }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
	scales: { y: { range: (_, low, high) => [0, max ?? (high > 0 ? high * 1.12 : 1)] } },
	axes: [
		{ stroke: colour('--soft'), grid: { show: false }, ticks: { stroke: colour('--line'), size: 4 }, font: '12px system-ui, sans-serif', size: 26, space: 70,
			values: (_, ticks, axis, space, step) => ticks.map(s => (step < day ? clock : date).format(s * 1000)) },
		{ stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif', size: 66, space: 34, incrs: show === bytes ? doublings : undefined,
			values: (_, ticks) => ticks.map(show) },
	],
	series: [{}, { stroke: colour('--accent'), width: 2, fill: `${colour('--accent')}1f`, spanGaps: false, points: { show: false } }],
});

/**
 * Chart draws one figure over time. What it shows is also in words: the last value, the least and the greatest.
 * @param {{title: string, times: number[], values: (number|null)[], show: (n: number) => string, max?: number}} props times in seconds
 */
export function Chart({ title, times, values, show, max }) {
	const place = useRef(null), plot = useRef(null);
	const [at, point] = useState(null);
	const seen = values.filter(v => v != null);
	const one = seen.length === 1;

	useEffect(() => {
		if (seen.length === 0) return;
		let gone = false, watch;
		const draw = async () => {
			const uPlot = await library();
			if (gone || !place.current) return;
			plot.current?.destroy();
			const o = options(show, place.current.clientWidth, max);
			if (one) o.scales.x = { range: (_, at) => [at - 1800, at + 1800] }; // else its axis has no length
			if (one) o.series[1].points = { show: true, size: 7, fill: colour('--accent') };
			o.hooks = { setCursor: [u => point(u.cursor.idx ?? null)] };
			plot.current = new uPlot(o, [times, values], place.current);
			watch ??= new ResizeObserver(([{ contentRect }]) => plot.current?.setSize({ width: Math.max(contentRect.width, 100), height }));
			watch.observe(place.current);
		};
		draw();
		addEventListener('vpm-theme', draw); // the colours are drawn, not styled
		return () => {
			gone = true;
			removeEventListener('vpm-theme', draw);
			watch?.disconnect();
			plot.current?.destroy();
			plot.current = null;
		};
	}, [times, seen.length === 0]);

	const last = seen.at(-1);
	const words = seen.length ? t('chart.words', { last: show(last), least: show(Math.min(...seen)), most: show(Math.max(...seen)) }) : t('chart.none');
	const pointed = at != null && values[at] != null;
	return html`
		<figure class="card chart">
			<figcaption><h3>${title}</h3><strong>${pointed ? show(values[at]) : last != null ? show(last) : '–'}</strong>
				<small>${pointed ? when(times[at] * 1000) : ''}</small></figcaption>
			<div ref=${place} class="plot" aria-hidden="true">${seen.length === 0 && html`<p>${t('chart.none')}</p>`}</div>
			<p class="words"><small>${words}</small></p>
		</figure>`;
}
