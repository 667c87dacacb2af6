// A lost password: the same proof as for set-up gives a new one.

import { readFile } from 'node:fs/promises';
import { given, scenario, view, want } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit();
	const says = text => page.getByRole('alert').filter({ hasText: text, visible: true }).waitFor();
	await page.goto(`${given.url}/vpm/#/reset`);
	await page.getByRole('heading', { name: 'New password', level: 1 }).waitFor();
	const file = await page.locator('.setup-path').textContent();
	want(file === given.codeFile, `the page names the file ${file}, want ${given.codeFile}`);
	const code = (await readFile(file, 'utf8')).split('\n')[0];
	const fill = async (what, name, first, second) => {
		await page.getByLabel('Code').fill(what);
		await page.getByLabel('Your name here').fill(name);
		await page.getByLabel('New password', { exact: true }).fill(first);
		await page.getByLabel('New password again').fill(second);
		await page.getByRole('button', { name: 'Change password' }).click();
	};
	await fill(code, 'ann', 'another horse', 'another house');
	await says('differ');
	await fill('', 'ann', 'another horse', 'another horse');
	await says('Enter the code first');
	await fill('AAAAA-AAAAA-AAAAA-AAAAA', 'ann', 'another horse', 'another horse');
	await says('That is not the code');
	await view(page, 'form');
	await fill(code, 'nobody', 'another horse', 'another horse');
	await says('no user of that name');
	await fill(code, given.username, 'another horse', 'another horse');
	await page.getByRole('heading', { name: 'The password is changed', level: 1 }).waitFor();
	await view(page, 'done');
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.waitForURL(url => !url.hash.startsWith('#/reset'));
	const old = await fetch(`${given.url}/api/auth/login`, { method: 'POST', body: JSON.stringify({ username: given.username, password: given.password }) });
	const fresh = await fetch(`${given.url}/api/auth/login`, { method: 'POST', body: JSON.stringify({ username: given.username, password: 'another horse' }) });
	want(old.status === 401 && fresh.status === 200, `the old password is answered ${old.status}, the new one ${fresh.status}`);
});
