// A site that was not there before: entered, laid out, and ready for its own installer.

import { given, logIn, scenario, view, want } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit();
	const fill = (label, text) => page.getByLabel(label).filter({ visible: true }).fill(text);
	const add = () => page.getByRole('button', { name: 'Add instance', exact: true }).click();
	await logIn(page, given.username, given.password);
	await page.getByRole('heading', { name: 'No instances yet' }).waitFor();
	await view(page, 'empty');
	await page.goto(`${given.url}/vpm/#/new`);
	await page.getByRole('heading', { name: 'Add instance', level: 1 }).waitFor();
	await fill(/^Name/, 'A fresh site');
	await fill(/^Address/, given.site);
	await fill(/^Directory/, given.directory);
	await fill(/^The site’s database/, given.database.name);
	await page.getByText('New site', { exact: true }).click();
	await fill(/^Database server/, `localhost:${given.database.socket}`);
	await fill(/^Database password/, given.database.password);
	await view(page, 'form');
	await add();
	const user = page.getByLabel(/^Database user/);
	await page.locator('[aria-invalid=true]').waitFor();
	want(await user.getAttribute('aria-invalid') === 'true', 'the missing user is not said to be what is wrong');
	await page.getByText('New site', { exact: true }).click(); // what is wrong is shown again
	await add();
	await user.waitFor();
	await user.fill(given.database.user);
	await add();
	await page.getByRole('heading', { name: 'A fresh site is added', level: 1 }).waitFor();
	want(await page.evaluate(() => document.activeElement.tagName) === 'H1', 'the heading has not the focus');
	await page.getByText('reached the database with these settings').waitFor();
	await view(page, 'made');
	const address = await page.getByRole('link', { name: /install\.php$/ }).getAttribute('href');
	const answer = await fetch(address), text = await answer.text();
	want(answer.status === 200 && text.includes('WordPress'), `${address} answers ${answer.status}: ${text.slice(0, 500)}`);
	await page.getByRole('link', { name: 'Open A fresh site here' }).click();
	await page.getByRole('heading', { name: 'A fresh site', level: 1 }).waitFor();
});
