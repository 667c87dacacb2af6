// The whole way: from the upload through set-up to a WordPress that answers 503, and back.

import { readFile } from 'node:fs/promises';
import { eventually, given, scenario, view, want } from './browser.mjs';

const visitors = async () => {
	const { status, headers } = await fetch(given.site);
	return `${status} ${headers.get('Retry-After') ? 'try later' : ''}`.trim();
};

await scenario(async visit => {
	const { page } = await visit();
	const button = name => page.getByRole('button', { name, exact: true });
	const fill = (label, text) => page.getByLabel(label, { exact: true }).filter({ visible: true }).fill(text);
	await page.goto(`${given.url}/vpm/`);
	await page.locator('.setup-checks').waitFor();
	await button('Continue').click();
	await fill('Code', (await readFile(given.codeFile, 'utf8')).split('\n')[0]);
	await button('Continue').click();
	await page.getByRole('radio', { name: /^Embedded/ }).waitFor();
	await button('Continue').click();
	await button('Set up').waitFor();
	await fill('Name', 'ann');
	await fill('Password', given.password);
	await fill('Password again', given.password);
	await button('Set up').click();
	await button('Find my sites').click();
	await page.getByRole('heading', { name: 'Find my sites', level: 1 }).waitFor();

	await button('Look for sites').click();
	const name = given.site.replace(/^https?:\/\/|\/$/g, '');
	await page.getByText(`database ${given.database}, prefix wp_`).waitFor();
	await page.getByText(given.directory).waitFor();
	await view(page, 'found');
	await button(`Add ${name}`).click();
	await page.getByRole('link', { name: 'Open', exact: true }).click();
	await page.getByRole('heading', { name, level: 1 }).waitFor();
	const its = page.url();
	want(await visitors() === '200', `before the stop the site answers ${await visitors()}`);

	await page.goto(`${given.url}/vpm/#/instances`);
	await button(`Stop ${name}`).click();
	await page.getByText(`${name} is stopped`).waitFor();
	want(await visitors() === '503 try later', `the stopped site answers ${await visitors()}`);
	await page.getByRole('row', { name }).getByText('Stopped').waitFor();
	await view(page, 'stopped');

	await page.goto(its);
	await page.getByRole('heading', { name, level: 1 }).waitFor();
	await button('Start').click();
	await page.getByText(`${name} is started`).waitFor();
	want(await visitors() === '200', `the started site answers ${await visitors()}`);

	await button('Stop with reason or end…').click();
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel(/^Reason/).fill('Moving <b>house</b>');
	await view(page, 'stop');
	await dialog.getByRole('button', { name: 'Stop', exact: true }).click();
	// The words about the first stop may still be there.
	await eventually('the site is closed again', async () => await visitors() === '503 try later');
	const closed = await (await fetch(given.site)).text();
	want(closed.includes('Moving &#60;b&#62;house'), `visitors read ${closed}`);
});
