import { get } from '../api.js';
import { html, useLayoutEffect, useRef, useState } from '../html.js';
import { CopyButton } from '../components/button.js';
import { Check } from '../components/form.js';
import { Loading, Notice, Trouble } from '../components/notice.js';
import { when } from '../format.js';
import { usePoll } from '../poll.js';
import { t } from '../words.js';

/** Log is the end of the site's error log, where it can be read, and of the journal of its own process, where it has one. */
export function Log({ id }) {
	const [follow, set] = useState(true);
	const { data, error, refresh } = usePoll(options => get('instances/log.php', { instance_id: id, lines: 200 }, options), follow ? 5_000 : 0, [id]);
	if (!data) return error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} lines=${5} />`;
	const { journal } = data;
	return html`
		<${Tail} title=${t('log')} source=${data.path} lines=${data.available ? data.lines : null} reason=${data.reason} />
		${journal && html`<${Tail} title=${t('log.journal')} source=${journal.unit} reason=${journal.reason}
			lines=${journal.reason ? null : journal.entries.map(({ at, text }) => `${when(at, { seconds: true })}  ${text}`)} />`}
		<${Check} name="follow" label=${t('log.follow')} checked=${follow} onChange=${e => set(e.target.checked)} />`;
}

/** Tail is the end of one log; lines is null where it cannot be shown. */
function Tail({ title, source, lines, reason }) {
	const box = useRef(null), below = useRef(true);
	useLayoutEffect(() => { // whoever has scrolled up reads; they are left there
		if (box.current && below.current) box.current.scrollTop = box.current.scrollHeight;
	}, [lines]);
	const text = lines?.join('\n');
	return html`
		<section class="card">
			<div class="head"><h2>${title}</h2>${text && html`<${CopyButton} text=${text} />`}</div>
			${source && html`<p><code>${source}</code></p>`}
			${!lines ? html`<${Notice} title=${t('log.none')}><p>${reason}</p><//>`
				: !text ? html`<p>${t('log.empty')}</p>`
				: html`<pre ref=${box} class="log" tabindex="0" aria-label=${title} onScroll=${e => {
					below.current = e.target.scrollHeight - e.target.scrollTop - e.target.clientHeight < 40;
				}}>${text}</pre>`}
		</section>`;
}
