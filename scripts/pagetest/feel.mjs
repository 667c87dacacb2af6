// How it feels: what is shown before there is an answer, what is asked for and when, and in whose time.

import { chmod } from 'node:fs/promises';
import { eventually, given, logIn, scenario, view, want } from './browser.mjs';

const visitors = async id => (await fetch(`${given.url}/${id}/`)).status;

await scenario(async visit => {
	const { page } = await visit({ timezoneId: 'Asia/Kathmandu' });
	const dialog = page.getByRole('dialog');
	const row = name => page.getByRole('row', { name });
	const button = name => page.getByRole('button', { name, exact: true });
	await page.addInitScript(() => {
		window.jumped = 0;
		new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) window.jumped += e.value; })).observe({ type: 'layout-shift', buffered: true });
	});
	await logIn(page, given.username, given.password);
	await row('Shop').waitFor();
	await page.reload();
	await row('Shop').waitFor();
	await still('the list');
	await pendingAtOnce();
	await several();
	await bypass();
	await mutes();
	await times();
	await tokens();
	await hiddenAndBackOff();

	async function still(what) {
		const jumped = await page.evaluate(() => window.jumped);
		want(jumped < 0.02, `${what} jumps by ${jumped} while it loads`);
	}

	// A stop of one is not asked about, is shown before it is answered, and can be taken back.
	async function pendingAtOnce() {
		let answer;
		const held = new Promise(resolve => { answer = resolve; });
		await page.route(/\/instances\/stop\.php/, async route => {
			await held;
			await route.continue();
		});
		await button('Stop Shop').click();
		await row('Shop').getByText('Stopping…').waitFor();
		want(await button('Stop Shop').getAttribute('aria-busy') === 'true', 'the button does not show that it works');
		want(await dialog.count() === 0, 'a stop of one is asked about');
		want(await visitors('shop') === 200, 'the site was stopped without an answer');
		answer();
		await row('Shop').getByText('Stopped', { exact: true }).waitFor();
		await page.unroute(/\/instances\/stop\.php/);
		want(await visitors('shop') === 503, `a stopped site answers ${await visitors('shop')}`);
		await button('Undo').click();
		await row('Shop').getByText('Running').waitFor();
		want(await visitors('shop') === 200, `after the undo the site answers ${await visitors('shop')}`);
	}

	// A stop of several is asked about; one that fails does not stop the others, and each says what became of it.
	async function several() {
		await page.getByLabel('Select all on this page').check();
		await button('Stop…').click();
		await view(page, 'confirm');
		await dialog.getByRole('button', { name: 'Cancel' }).click();
		want(await visitors('shop') === 200, 'without a yes it was stopped');
		await chmod(given.broken, 0o555);
		await button('Stop…').click();
		await dialog.getByLabel(/^Reason/).fill('House moving');
		await dialog.getByRole('button', { name: 'Stop', exact: true }).click();
		await dialog.getByText('1 failed.').waitFor();
		await dialog.getByRole('listitem').filter({ hasText: 'Broken' }).getByText('cannot write in').waitFor();
		await dialog.getByRole('listitem').filter({ hasText: 'Shop' }).locator('xpath=self::*[contains(@class, "ok")]').waitFor();
		await view(page, 'results');
		await chmod(given.broken, 0o755);
		await dialog.getByRole('button', { name: 'Close' }).click();
		want(`${await visitors('shop')} ${await visitors('broken')}` === '503 200', 'not those are stopped that are said to be');
		want((await (await fetch(`${given.url}/shop/`)).text()).includes('House moving'), 'visitors do not see the reason');
	}

	async function bypass() {
		await page.goto(`${given.url}/vpm/#/instances/shop`);
		await button('Make a link').click();
		const link = await page.locator('.secret code').textContent();
		await view(page, 'bypass');
		const other = await visit();
		await other.page.goto(link);
		want(await other.page.title() === 'A site', `behind the link is “${await other.page.title()}”`);
		await other.context.close();
		want(await visitors('shop') === 503, 'the link opens the site for everybody');
		await button('Start').click();
		await page.locator('.title').getByText('Running').waitFor();
	}

	async function mutes() {
		await button('Mute').click();
		await page.getByText('Alerts about this instance are muted until').waitFor();
		await button('Send alerts again').click();
		await page.getByText('Alerts about this instance are sent.').waitFor();
	}

	async function times() {
		const local = date => new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Kathmandu' }).format(date);
		await page.goto(`${given.url}/vpm/#/instances/shop/events`);
		const shown = page.locator('.events .moment small time').first();
		await shown.waitFor();
		const at = local(new Date(await shown.getAttribute('datetime')));
		want((await shown.textContent()).startsWith(at), `an event of ${at} is shown as ${await shown.textContent()}`);
		await page.goto(`${given.url}/vpm/#/account`);
		const since = page.getByText(/^since /).first();
		await since.waitFor();
		const now = [0, 1, 2, 3].map(minutes => local(Date.now() - minutes * 60_000));
		const said = await since.textContent();
		want(now.some(t => said.includes(t)), `a login of ${now.at(-1)} or later is shown as: ${said}`);
	}

	// A token is shown once, is good for what it is for, and until it is revoked.
	async function tokens() {
		await page.goto(`${given.url}/vpm/#/tokens`);
		await page.getByText('No tokens yet').waitFor();
		await view(page, 'no-tokens');
		await button('Add token').click();
		await dialog.getByLabel('Name').fill('monitoring');
		await dialog.getByLabel('It may').selectOption('view');
		await dialog.getByRole('button', { name: 'Make the token' }).click();
		const token = await dialog.locator('.secret code').first().textContent();
		const ask = (path, body) => fetch(`${given.url}/api/instances/${path}.php`, { method: body ? 'POST' : 'GET', headers: { Authorization: `Bearer ${token}` }, body: body && JSON.stringify(body) });
		want((await ask('list')).status === 200, 'the token lets nobody look');
		want((await ask('stop', { instance_id: 'shop' })).status === 403, 'a token to look with may stop');
		await button('I have copied it').click();
		await page.getByRole('heading', { name: 'monitoring' }).waitFor();
		await page.reload();
		await page.getByRole('heading', { name: 'monitoring' }).waitFor();
		want(!(await page.content()).includes(token), 'the token is shown again');
		await button('Revoke monitoring').click();
		await dialog.getByRole('button', { name: 'Revoke' }).click();
		await page.getByText('No tokens yet').waitFor();
		want((await ask('list')).status === 401, 'the token is good for something after it was revoked');
	}

	// In a hidden tab nothing is asked for; what fails is asked for ever more seldom. The page's clock is turned by hand.
	async function hiddenAndBackOff() {
		let asked = 0, fails = false;
		await page.clock.install();
		await page.route(/\/instances\/list\.php/, async route => {
			asked++;
			await (fails ? route.fulfill({ status: 429, json: { success: false, message: 'not now', code: 'busy' } }) : route.continue());
		});
		const during = async seconds => {
			const before = asked;
			for (let i = 0; i < seconds; i++) await page.clock.runFor(1000);
			return asked - before;
		};
		const hide = hidden => page.evaluate(hidden => {
			Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
			document.dispatchEvent(new Event('visibilitychange'));
		}, hidden);
		await page.goto(`${given.url}/vpm/#/instances`);
		await row('Shop').waitFor();
		await eventually('the list is asked for again', async () => await during(5) > 0);
		await hide(true);
		want(await during(120) === 0, 'a hidden tab asks');
		const before = asked;
		await hide(false);
		await eventually('the list is asked for when the tab is seen again', () => asked > before);
		fails = true;
		await during(10);
		const seldom = await during(120);
		want(seldom >= 1 && seldom <= 6, `what fails was asked for ${seldom} times in two minutes`);
		await view(page, 'list-fails');
	}
});
