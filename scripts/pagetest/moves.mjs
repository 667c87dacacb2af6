// What server.mjs cannot bring about: a move that is refused and one with warnings, figures at their limits and none at
// all, and what a server has to say of itself.

import { eventually, given, logIn, scenario, view, want } from './browser.mjs';

const figures = { memory: 48 << 20, memory_peak: 90 << 20, memory_limit: 512 << 20, cpu_usec: 61_500_000, cpu_limit: 100, tasks: 6, tasks_limit: 'unlimited',
	oom_kills: 0, restarts: 2, workers: { active: 1, idle: 4, queue: 3, max_children_reached: 7, accepted: 1234 }, at: '2026-01-01T00:00:00Z' };
const unavailable = { ...figures, memory: 'unavailable', memory_limit: 'unavailable', workers: null };

await scenario(async visit => {
	const { page } = await visit();
	const real = { moved: false, figures, last: null, asked: [] };
	await page.route(/\/api\/mode\.php/, route => route.fulfill({ json: { success: true, mode: 'real', label: 'Process Mode',
		details: { mode: 'real', missing: 'nginx is there, and vpm may not reload it', checks: [{ name: 'systemd', result: 'ok', reason: 'systemd 257', duration_ms: 3 }] },
		sudo: { installation: { state: 'failed', at: null, message: 'journalctl tells more' }, sudoers: { line: 'www-data', files: ['/etc/sudoers.d/www'], message: 'The line is equivalent to root' } } } }));
	await page.route(/\/api\/instances\/(monitor|resources)\.php/, async route => {
		const answer = await route.fetch(), json = await answer.json();
		if (real.moved) {
			json.real = real.figures;
			if (json.process) {
				json.process = { ...json.process, mode: 'real', pid: 4711 };
				json.instance.config = JSON.stringify({ ...JSON.parse(json.instance.config ?? '{}'), moved_from: '/home/acct/public_html/shop' });
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
		if (real.refuses) return route.fulfill({ status: 409, json: { success: false, message: real.refuses, code: 'conflict' } });
		real.moved = true;
		real.last = { slug: 'shop', operation: 'provision', state: 'done', steps: [], warnings: ['The site was written to while it was copied'],
			left_out: [{ file: 'uploads/.htaccess', line: 7, text: 'php_flag engine off', why: 'PHP-FPM reads no such lines' }] };
		return route.fulfill({ json: { success: true, message: 'Done', instance_id: 'shop', result: real.last } });
	});

	const dialog = page.getByRole('dialog');
	const press = name => page.getByRole('button', { name, exact: true }).click();
	const confirm = name => dialog.getByRole('button', { name, exact: true }).click();
	await logIn(page, given.username, given.password, '#/instances/shop');
	await press('Give it a process of its own…');
	real.refuses = 'cannot move shop: no room on /srv';
	await confirm('Move it');
	await dialog.getByRole('alert').filter({ hasText: 'no room on /srv' }).waitFor();
	real.refuses = '';
	await confirm('Move it');
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

	await eventually('the move was asked for twice', () => `${real.asked}` === 'move,move');
	await page.goto(`${given.url}/vpm/#/account`);
	await page.getByText('nginx is there, and vpm may not reload it').waitFor();
	for (const text of ['vpm’s server was not installed', 'journalctl tells more', 'The line is equivalent to root', 'It was found in /etc/sudoers.d/www.']) await page.getByText(text).waitFor();
	await view(page, 'server');
	await doctor(page);
});

// The checks of the installation, as the lab is, and with faults that it has not.
async function doctor(page) {
	const card = page.locator('section', { has: page.getByRole('heading', { name: 'Check this installation' }) });
	const look = () => card.getByRole('button', { name: 'Check now' }).click();
	await look();
	const item = name => card.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });
	for (const name of ['Routing file', 'Data directory', 'Database of the panel', 'Closed files']) await item(name).getByText('OK', { exact: true }).waitFor();
	await item('HTTPS').getByText('Warning', { exact: true }).waitFor(); // the lab has none
	await card.getByText('To be mended, of').waitFor();
	const count = await card.getByText('Failed', { exact: true }).count();
	want(count === 0, `${count} checks fail in the lab`);
	await page.route(/\/api\/doctor\.php/, async route => {
		const answer = await route.fetch(), json = await answer.json();
		json.checks.push({ name: 'tick', result: 'failed', reason: 'no tick comes', duration_ms: 1, details: { fix: '*/5 * * * * curl https://your.site/api/tick.php?token=TOKEN' } });
		json.checks = json.checks.filter(c => c.name !== 'tick' || c.result === 'failed');
		await route.fulfill({ response: answer, json });
	});
	await look();
	await item('Tick').getByText('curl https://your.site/api/tick.php?token=TOKEN').waitFor();
	want(await card.getByRole('listitem').first().getByText('no tick comes').count() === 1, 'what failed is not the first');
	await view(page, 'doctor');
}

