// Every page, with names and reasons that would run in a page that put them in as markup.

import { eventually, given, logIn, scenario, view, want } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit();
	page.on('dialog', dialog => {
		want(false, `a text ran: it opened a dialog that says ${dialog.message()}`);
		dialog.dismiss();
	});
	await page.goto(`${given.url}/vpm/`);
	await page.getByRole('button', { name: 'Log in' }).waitFor();
	await view(page, 'login');
	await logIn(page, given.username, given.password);
	await page.getByRole('link', { name: given.hostile }).waitFor();
	for (const { name, hash, heading } of given.pages) {
		await page.goto(`${given.url}/vpm/#/${hash}`);
		await page.getByRole('heading', { level: 1, name: heading }).waitFor();
		await eventually(`${name} has loaded`, async () => await page.locator('.loading').count() === 0);
		await view(page, name);
	}
	want(await page.evaluate(() => window.ran === undefined), 'a text ran');
});
