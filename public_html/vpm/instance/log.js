import { get } from '../api.js';
import { html, useLayoutEffect, useRef, useState } from '../html.js';
import { CopyButton } from '../components/button.js';
import { Check } from '../components/form.js';
import { Loading, Notice, Trouble } from '../components/notice.js';
import { usePoll } from '../poll.js';
import { t } from '../words.js';

/** Log is the end of the site's error log, where it can be read. */
export function Log({ id }) {
	const [follow, set] = useState(true);
	const { data, error, refresh } = usePoll(options => get('instances/log.php', { instance_id: id, lines: 200 }, options), follow ? 5_000 : 0, [id, follow]);
	const box = useRef(null), below = useRef(true);
	useLayoutEffect(() => { // whoever has scrolled up reads; they are left there
		if (box.current && below.current) box.current.scrollTop = box.current.scrollHeight;
	}, [data]);
	if (!data) return error ? html`<${Trouble} error=${error} again=${refresh} />` : html`<${Loading} lines=${5} />`;
	return html`
		<section class="card">
			<div class="head"><h2>${t('log')}</h2>${data.available && html`<${CopyButton} text=${data.lines.join('\n')} />`}</div>
			${data.path && html`<p><code>${data.path}</code></p>`}
			${!data.available ? html`<${Notice} title=${t('log.none')}><p>${data.reason}</p><//>`
				: data.lines.length === 0 ? html`<p>${t('log.empty')}</p>`
				: html`<pre ref=${box} class="log" tabindex="0" aria-label=${t('log')} onScroll=${e => {
					below.current = e.target.scrollHeight - e.target.scrollTop - e.target.clientHeight < 40;
				}}>${data.lines.join('\n')}</pre>
				${data.reason && html`<p><small>${data.reason}</small></p>`}`}
			<${Check} name="follow" label=${t('log.follow')} checked=${follow} onChange=${e => set(e.target.checked)} />
		</section>`;
}
