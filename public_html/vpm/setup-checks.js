// The check of the host: what the program tells, and what only a browser can see.

import { address, ask, h, rich, Silence } from './setup-parts.js';
import { t } from './setup-text.js';

const slow = 500; // ms

// look gives all checks, each as { name, result, reason }.
export async function look() {
	const [{ checks }, files, ...headers] = await Promise.all([
		ask('setup.php?check=1'), closed(), arrives('Authorization', 'Bearer no-token'), arrives('X-Auth-Token', 'no-token')]);
	const https = checks.find(check => check.name === 'https');
	if (https?.result === 'warning' && location.protocol === 'https:') https.reason = t('setup.https.proxy');
	return [...checks, files, ...judge(headers), await latency()];
}

// closed asks for files that nobody may have. Settings are refused whether they are there or not.
async function closed() {
	const open = [];
	for (const file of ['vpm.cgi', 'vpm.env']) {
		const { ok } = await fetch(address(file), { cache: 'no-store', credentials: 'omit' });
		if (ok) open.push(`\`api/${file}\``);
	}
	return { name: 'htaccess', result: open.length ? 'failed' : 'ok', reason: t(open.length ? 'setup.htaccess.failed' : 'setup.htaccess.ok', { files: open.join(', ') }) };
}

// arrives sends a token that is none: the program refuses it, and where no header came it says that.
async function arrives(header, value) {
	try {
		await ask('auth/verify', undefined, { headers: { [header]: value }, credentials: 'omit' });
	} catch (e) {
		if (e instanceof Silence) return { status: e.status };
		return { came: e.message !== 'No token provided' };
	}
	return { came: true };
}

function judge([authorization, own]) {
	const one = (name, { came, status }) => {
		if (came === undefined) return { name, result: 'unknown', reason: t('setup.header.unknown', { status }) };
		if (came) return { name, result: 'ok', reason: t('setup.header.ok') };
		const alone = authorization.came || own.came;
		return { name, result: 'warning', reason: t(alone ? `setup.${name}.warning` : 'setup.headers.warning') };
	};
	return [one('authorization', authorization), one('x_auth_token', own)];
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
	return n ? t('setup.host.fair', { n: t(n === 1 ? 'setup.host.fair.1' : 'setup.host.fair.n', { n }) }) : t('setup.host.good');
}

export const summary = checks => t('setup.host.summary', { ok: checks.filter(check => ['ok', 'skipped'].includes(check.result)).length, all: checks.length });
