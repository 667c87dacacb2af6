import { call, get } from '../api.js';
import { html, useEffect, useState } from '../html.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Form } from '../components/form.js';
import { Notice } from '../components/notice.js';
import { bytes } from '../format.js';
import { askAgain, usePoll } from '../poll.js';
import { may } from '../session.js';
import { configOf } from '../state.js';
import { say } from '../toasts.js';
import { t } from '../words.js';

/** Move is, on a server that can, what gives an instance a process of its own, takes that back, or makes it final. */
export function Move({ id, instance, user }) {
	const admin = may('*', user);
	const { data } = usePoll(options => admin ? get('mode.php', {}, options) : null, 0, [admin]);
	return admin && data?.mode === 'real' && html`<${Moves} id=${id} instance=${instance} />`;
}

function Moves({ id, instance }) {
	const [asking, ask] = useState(null), [moving, set] = useState(false);
	// Nothing was ever told of one that was never moved: a 404 is no trouble here.
	const { data } = usePoll(options => get('instances/move.php', { instance_id: id }, options), asking || moving ? 1_000 : 5_000, [id]);
	const last = data?.result, goesOn = last?.state === 'running';
	useEffect(() => set(goesOn), [goesOn]);
	const has = instance.process.mode === 'real', from = configOf(instance).moved_from;
	const left = !has && last?.operation === 'undo' && last.state === 'done';
	const ready = !has && last?.operation === 'provision' && last.state === 'done';
	const offered = has ? from ? ['undo', 'finish'] : [] : left ? ['move', 'remove'] : ['move'];
	const work = operation => async () => {
		await insist({ instance_id: id, operation });
		ask(null);
		say(t(`move.${operation}.done`, { name: instance.instance_name }));
		askAgain();
	};
	return html`
		<section class="card">
			<h2>${t('move')}</h2>
			<p>${t(has ? from ? 'move.has' : 'move.final' : left ? 'move.left' : ready ? 'move.ready' : 'move.none')}</p>
			${has && from && html`<p><small>${t('move.from')} <code>${from}</code></small></p>`}
			${goesOn && html`<${Progress} copy=${last.copy} />`}
			${last && !goesOn && html`<${Told} result=${last} />`}
			${offered.length > 0 && html`<div class="actions">${offered.map(o => html`
				<${Button} key=${o} idle=${goesOn} onClick=${() => ask(o)}>${t(`move.${o}.dots`)}<//>`)}</div>`}
			${asking && html`<${Dialog} title=${t(`move.${asking}.title`, { name: instance.instance_name })} onClose=${() => ask(null)}>
				<p>${t(`move.${asking}.what`)}</p>
				<${Form} work=${work(asking)} action=${t(`move.${asking}`)} busyLabel=${t(`move.${asking}.busy`)}
					kind=${asking === 'move' || asking === 'undo' ? 'primary' : 'danger'} onCancel=${() => ask(null)} />
				${goesOn && html`<${Progress} copy=${last.copy} />`}
			<//>`}
		</section>`;
}

/** insist asks until it is done: a call has an end long before the copy of a large site, which goes on without it. */
async function insist(body) {
	for (;;) {
		try {
			return await call('instances/move.php', body);
		} catch (e) {
			if (e.code !== 'busy') throw e;
		}
		await new Promise(go => setTimeout(go, 1_000));
	}
}

function Progress({ copy }) {
	const { bytes: done = 0, total_bytes: all = 0 } = copy ?? {};
	return html`
		<p role="status">${t('move.running')} ${all > 0 && t('of', { value: bytes(done), limit: bytes(all) })}</p>
		<progress value=${all > 0 ? Math.min(done, all) : undefined} max=${all || 1} aria-label=${t('move.running')}></progress>`;
}

const most = 20; // lines of a list; the event log of the server has all

/** Told is what the last move left to know: what failed, what to look after, what does not hold any more. */
function Told({ result: { error, warnings = [], left_out: leftOut = [], skipped = [] } }) {
	return html`
		${error && html`<${Notice} kind="bad" title=${t('move.failed')}><p>${error.message}</p><//>`}
		${warnings.map(text => html`<${Notice} key=${text} kind="warn"><p>${text}</p><//>`)}
		<${Lines} title=${t('move.leftout')} lines=${leftOut.map(({ file, line, text, why }) => [`${file}:${line}`, text, why])} />
		<${Lines} title=${t('move.skipped')} lines=${skipped.map(({ path, why }) => [path, '', why])} />`;
}

const Lines = ({ title, lines }) => lines.length > 0 && html`
	<h3 class="section">${title}</h3>
	<ul class="lines">${lines.slice(0, most).map(([where, text, why]) => html`
		<li><small><code>${where}</code></small>${text && html` <code>${text}</code>`}${why && html`<p><small>${why}</small></p>`}</li>`)}
		${lines.length > most && html`<li><small>${t('more', { n: lines.length - most })}</small></li>`}
	</ul>`;
