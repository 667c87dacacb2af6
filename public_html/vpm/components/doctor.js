import { call } from '../api.js';
import { html, useState } from '../html.js';
import { complain } from '../toasts.js';
import { has, t } from '../words.js';
import { WorkButton } from './button.js';
import { CheckList } from './checklist.js';

const rank = ['failed', 'warning', 'unknown', 'ok', 'skipped'];
const titleOf = name => [`doctor.${name}`, `setup.check.${name}`].find(has);

/** Doctor makes the checks of the installation, and says what to do where one is not well. */
export function Doctor() {
	const [checks, set] = useState(null);
	const look = async () => {
		try {
			const answer = await call('doctor.php');
			const routed = answer.checks.some(c => c.name === 'routing-file' && c.result !== 'skipped');
			// What a stranger can fetch, only the browser sees. On a server there is no file to be fetched.
			const more = routed ? [await (await import('../setup-checks.js')).closed()] : [];
			set([...more, ...answer.checks].map(c => ({ ...c, title: titleOf(c.name) && t(titleOf(c.name)), fix: c.details?.fix, reason: c.reason.replaceAll('`', '') }))
				.sort((a, b) => rank.indexOf(a.result) - rank.indexOf(b.result)));
		} catch (e) {
			complain(e.message);
		}
	};
	const bad = checks?.filter(c => ['failed', 'warning'].includes(c.result)).length;
	return html`
		<section class="card"><div class="head"><h2>${t('doctor')}</h2><${WorkButton} icon="restart" work=${look}>${t('checks.now')}<//></div>
			<p role="status">${t(!checks ? 'doctor.about' : bad ? 'doctor.bad' : 'doctor.good', { n: bad, all: checks?.length })}</p>
			${checks && html`<${CheckList} checks=${checks} />`}
		</section>`;
}
