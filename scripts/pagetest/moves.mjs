// An instance gets a process of its own, uses it, and loses it again.

import { eventually, given, logIn, scenario, view, want } from './browser.mjs';

const figures = { memory: 48 << 20, memory_peak: 90 << 20, memory_limit: 512 << 20, cpu_usec: 61_500_000, cpu_limit: 100, tasks: 6, tasks_limit: 'unlimited',
	oom_kills: 0, restarts: 2, workers: { active: 1, idle: 4, queue: 3, max_children_reached: 7, accepted: 1234 }, at: '2026-01-01T00:00:00Z' };
const unavailable = { ...figures, memory: 'unavailable', memory_limit: 'unavailable', workers: null };

await scenario(async visit => {
	const { page } = await visit();
	const real = { moved: false, from: '/home/acct/public_html/shop', figures, last: null, asked: [], hold: null };
	await page.route(/\/api\/mode\.php/, route => route.fulfill({ json: { success: true, mode: 'real', label: 'Process Mode',
		details: { mode: 'real', missing: 'nginx is there, and vpm may not reload it', checks: [{ name: 'systemd', result: 'ok', reason: 'systemd 257', duration_ms: 3 }] },
		sudo: { installation: { state: 'failed', at: null, message: 'journalctl tells more' }, sudoers: { line: 'www-data', files: ['/etc/sudoers.d/www'], message: 'The line is equivalent to root' } } } }));
	await page.route(/\/api\/instances\/(monitor|resources)\.php/, async route => {
		const answer = await route.fetch(), json = await answer.json();
		if (real.moved) {
			json.real = real.figures;
			if (json.process) {
				json.process = { ...json.process, mode: 'real', pid: 4711 };
				json.instance.config = JSON.stringify({ ...JSON.parse(json.instance.config ?? '{}'), moved_from: real.from || undefined });
			}
		}
		await route.fulfill({ response: answer, json });
	});
	await page.route(/\/api\/instances\/move\.php/, async route => {
		if (route.request().method() === 'GET') {
			return real.last ? route.fulfill({ json: { success: true, message: 'Done', instance_id: 'shop', result: real.last } })
				: route.fulfill({ status: 404, json: { success: false, message: 'nothing is known', code: 'not_found' } });
		}
		const { operation } = route.request().postDataJSON();
		real.asked.push(operation);
		await real.hold;
		if (real.refuses) return route.fulfill({ status: 409, json: { success: false, message: real.refuses, code: 'conflict' } });
		real.moved = operation !== 'undo';
		if (operation === 'finish') real.from = '';
		real.last = { slug: 'shop', operation: operation === 'move' ? 'provision' : operation, state: 'done', steps: [],
			warnings: operation === 'move' ? ['The site was written to while it was copied'] : [],
			left_out: operation === 'move' ? [{ file: 'uploads/.htaccess', line: 7, text: 'php_flag engine off', why: 'PHP-FPM reads no such lines' }] : [] };
		return route.fulfill({ json: { success: true, message: 'Done', instance_id: 'shop', result: real.last } });
	});

	const dialog = page.getByRole('dialog');
	const press = name => page.getByRole('button', { name, exact: true }).click();
	const confirm = name => dialog.getByRole('button', { name, exact: true }).click();
	await logIn(page, given.username, given.password, '#/instances/shop');
	await press('Give it a process of its own…');
	await view(page, 'ask');
	real.refuses = 'cannot move shop: no room on /srv';
	await confirm('Move it');
	await dialog.getByRole('alert').filter({ hasText: 'no room on /srv' }).waitFor();
	real.refuses = '';
	let go;
	real.hold = new Promise(resolve => { go = resolve; });
	await confirm('Move it');
	await dialog.getByText('Moving…').waitFor();
	real.last = { operation: 'provision', state: 'running', copy: { files: 10, bytes: 3 << 20, total_files: 99, total_bytes: 9 << 20 } };
	await dialog.getByText('3 MB of 9 MB').waitFor();
	go();
	await page.getByText('Shop has a process of its own.').waitFor();
	await page.getByText('Process Mode', { exact: true }).first().waitFor();
	await page.getByText('The site was written to while it was copied').waitFor();
	await page.getByText('php_flag engine off').waitFor();
	await view(page, 'moved');

	await page.goto(`${given.url}/vpm/#/instances/shop/usage`);
	const own = page.locator('section', { has: page.getByRole('heading', { name: 'Its own processes' }) });
	for (const text of ['48 MB of 512 MB', '90 MB', '62 s', '1,234', 'all workers were at work 7 times', 'Measured by the kernel']) {
		await own.getByText(text).waitFor();
	}
	await view(page, 'usage');
	real.figures = unavailable;
	await own.getByText('PHP-FPM does not answer').waitFor();

	await page.goto(`${given.url}/vpm/#/instances/shop`);
	await press('Undo the move…');
	await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
	want(real.asked.every(o => o === 'move'), `without a yes ${real.asked} was asked`);
	await press('Undo the move…');
	await confirm('Undo the move');
	await page.getByRole('button', { name: 'Remove the copy…' }).waitFor();
	await press('Give it a process of its own…');
	await confirm('Move it');
	await press('Finish the move…');
	await confirm('Finish the move');
	await page.getByText('and the move is finished').waitFor();
	want(await page.getByRole('button', { name: 'Undo the move…' }).count() === 0, 'a finished move can be undone');
	await eventually('each was asked for once', () => `${real.asked}` === 'move,move,undo,move,finish');

	await page.goto(`${given.url}/vpm/#/account`);
	await page.getByText('nginx is there, and vpm may not reload it').waitFor();
	for (const text of ['vpm’s server was not installed', 'journalctl tells more', 'The line is equivalent to root', 'It was found in /etc/sudoers.d/www.']) await page.getByText(text).waitFor();
	await view(page, 'server');
});
