// The check of the host: what the program tells, and what only a browser can see.

import { address, ask, h, rich } from './setup-parts.js';
import { t } from './setup-text.js';

const slow = 500; // ms

// look gives all checks, each as { name, result, reason }.
export async function look() {
	const headers = { Authorization: 'Bearer none', 'X-Auth-Token': 'none' }; // tokens that are none: do they arrive?
	const [{ checks, arrived = [] }, files] = await Promise.all([ask('setup.php?check=1', undefined, { headers }), closed()]);
	const https = checks.find(check => check.name === 'https');
	if (https?.result === 'warning' && location.protocol === 'https:') https.reason = t('setup.https.proxy');
	return [...checks, files, ...judge(arrived), await latency()];
}

// closed asks for files that nobody may have. For settings, which may not be there, the web server itself must say no: an
// answer of vpm means that it would hand out the file if there was one.
export async function closed() {
	const open = [];
	for (const file of ['vpm.cgi', 'vpm.env']) {
		const response = await fetch(address(file), { cache: 'no-store', credentials: 'omit' });
		const passed = file === 'vpm.env' && response.headers.get('Content-Type')?.startsWith('application/json');
		if (response.ok || passed) open.push(`\`api/${file}\``);
	}
	return { name: 'htaccess', result: open.length ? 'failed' : 'ok', reason: t(open.length ? 'setup.htaccess.failed' : 'setup.htaccess.ok', { files: open.join(', ') }) };
}

function judge(arrived) {
	return [['authorization', 'Authorization'], ['x_auth_token', 'X-Auth-Token']].map(([name, header]) => {
		if (arrived.includes(header)) return { name, result: 'ok', reason: t('setup.header.ok') };
		return { name, result: 'warning', reason: t(arrived.length ? `setup.${name}.warning` : 'setup.headers.warning') };
	});
}

// latency takes the middle of three answers, without what came before in the queue.
async function latency() {
	const times = [];
	for (let i = 0; i < 3; i++) {
		const began = performance.now();
		await ask('setup.php');
		times.push(performance.now() - began);
	}
	const ms = Math.round(times.sort((a, b) => a - b)[1]);
	return { name: 'latency', result: ms < slow ? 'ok' : 'warning', reason: t(ms < slow ? 'setup.latency.ok' : 'setup.latency.warning', { ms }) };
}

const rank = ['failed', 'warning', 'unknown', 'skipped', 'ok'];

// table lists checks, what matters first.
export function table(checks) {
	const sorted = [...checks].sort((a, b) => rank.indexOf(a.result) - rank.indexOf(b.result));
	return h('ul', { className: 'setup-checks' }, sorted.map(({ name, result, reason }) => h('li', { className: result },
		h('b', { className: 'result' }, t(`setup.result.${result}`)),
		h('div', {}, h('b', {}, t(`setup.check.${name}`)), h('p', {}, rich(reason))))));
}

// verdict says in a sentence what the checks come to.
export function verdict(checks) {
	const count = (...results) => checks.filter(check => results.includes(check.result)).length;
	if (count('failed')) return t('setup.host.bad');
	const n = count('warning', 'unknown');
	return t(n === 0 ? 'setup.host.good' : n === 1 ? 'setup.host.fair.1' : 'setup.host.fair.n', { n });
}

export const summary = checks => t('setup.host.summary', { ok: checks.filter(check => ['ok', 'skipped'].includes(check.result)).length, all: checks.length });
