// From an upload to a panel that somebody is logged in to, with what people do wrong on the way.

import { readFile } from 'node:fs/promises';
import { eventually, fail, given, scenario, view as look, want } from './browser.mjs';

const view = given.views ? look : () => {};

const results = async page => Object.fromEntries(await page.locator('.setup-checks li').evaluateAll(items =>
	items.map(item => [item.querySelector(':scope > div > b').textContent, item.querySelector('.result').textContent])));

await scenario(async visit => {
	const { page } = await visit({ expected: (url, status) => given.mysql && url.pathname.endsWith('/api/setup.php') && status === 503 });
	const button = name => page.getByRole('button', { name, exact: true });
	const says = text => page.getByRole('alert').filter({ hasText: text, visible: true }).waitFor();

	await page.goto(`${given.url}/vpm/`);
	await page.getByRole('heading', { name: 'Set up vpm', level: 1 }).waitFor();
	await page.locator('.setup-checks li', { hasText: 'Response time' }).waitFor();
	const seen = await results(page);
	for (const [name, result] of Object.entries(given.checks)) {
		want(seen[name] === result, `the check “${name}” says ${seen[name]}, want ${result}: ${JSON.stringify(seen)}`);
	}
	await view(page, '1-host');
	await button('Check again').click();
	await page.locator('.setup-checks li', { hasText: 'Response time' }).waitFor();
	await button('Continue').click();

	const code = page.getByRole('textbox', { name: 'Code' });
	const file = await page.locator('.setup-path').filter({ visible: true }).textContent();
	want(file === given.codeFile, `the page names the file ${file}, want ${given.codeFile}`);
	await button('Continue').click();
	await says('Enter the code first');
	await code.fill('AAAAA-AAAAA-AAAAA-AAAAA');
	await button('Continue').click();
	await says('That is not the code');
	want(await code.getAttribute('aria-invalid') === 'true', 'a wrong code is not marked as such');
	await view(page, '2-prove');
	await code.fill((await readFile(file, 'utf8')).split('\n')[0].toLowerCase());
	await page.keyboard.press('Enter');

	await page.getByRole('radio', { name: /^Embedded/ }).waitFor();
	if (given.mysql) await chooseMySQL(page, button, says);
	await view(page, '3-database');
	await button('Continue').click();

	await button('Set up').waitFor();
	await page.getByRole('textbox', { name: 'Name', exact: true }).filter({ visible: true }).fill('ann');
	const password = page.getByLabel('Password', { exact: true }).filter({ visible: true });
	const again = page.getByLabel('Password again');
	await password.fill('short');
	await again.fill('shorty');
	await button('Set up').click();
	await says('differ');
	await again.fill('short');
	await button('Set up').click();
	await says('8');
	want(await password.getAttribute('aria-invalid') === 'true', 'a password that is too short is not marked as such');
	await view(page, '4-admin');

	// Back to a step and on again keeps what was entered.
	await page.getByRole('button', { name: 'Open: Database for vpm itself' }).click();
	await button('Continue').click();
	await button('Set up').waitFor();
	await password.fill(given.password);
	await again.fill(given.password);
	await button('Set up').click();

	await page.getByRole('heading', { name: 'vpm is set up', level: 1 }).waitFor();
	await button('Make the cron line').click();
	const line = await page.getByRole('region', { name: 'Cron line' }).textContent();
	await view(page, '5-done');
	const tick = line.match(/"(http[^"]+)"/)?.[1];
	const ticked = await fetch(tick);
	want(ticked.status === 200, `the cron line ${line} is answered ${ticked.status} ${await ticked.text()}`);

	await button('Find my sites').click();
	await eventually('the panel knows who is logged in', async () => (await page.locator('body').textContent()).includes('ann'));

	// It is closed for good, for those who come later.
	const later = await visit();
	await later.page.goto(`${given.url}/vpm/`);
	await later.page.getByRole('button', { name: 'Log in' }).waitFor();
	want(await later.page.getByText('Set up vpm').count() === 0, 'a second visitor is shown set-up');
	const answer = await fetch(`${given.url}/api/setup.php`, { method: 'POST', body: '{"try":true,"code":"AAAAA-AAAAA-AAAAA-AAAAA"}' });
	if (answer.status !== 409) fail(`set-up answers ${answer.status} after it was done`);
});

async function chooseMySQL(page, button, says) {
	await page.getByRole('radio', { name: /^MySQL/ }).check();
	await button('Continue').click();
	await says('db_name');
	await page.getByLabel('Server').fill(given.mysql.socket);
	await page.getByLabel('Database name').fill(given.mysql.name);
	await page.getByLabel('User name').fill(given.mysql.user);
	const password = page.getByLabel('Password', { exact: true }).filter({ visible: true });
	await password.fill('wrong');
	await button('Try it').click();
	await page.getByRole('status').filter({ hasText: 'user name or password', visible: true }).waitFor();
	await button('Continue').click();
	await says('user name or password');
	await password.fill(given.mysql.password);
	await button('Try it').click();
	await page.getByRole('status').filter({ hasText: 'The database can be used', visible: true }).waitFor();
}
