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

	await page.goto(`${given.url}/vpm/#/new`);
	await fill('Name', 'The blog');
	await fill('Id', 'the-blog');
	await page.getByLabel(/^The site’s database/).fill(given.database);
	await page.getByLabel(/^Directory/).fill(given.directory);
	await page.getByLabel(/^Address/).fill(given.site);
	await button('Add instance').click();
	await page.getByRole('link', { name: 'The blog' }).or(page.getByRole('heading', { name: 'The blog' })).first().waitFor();
	want(await visitors() === '200', `before the stop the site answers ${await visitors()}`);

	await page.goto(`${given.url}/vpm/#/instances`);
	await button('Stop The blog').click();
	await page.getByText('The blog is stopped').waitFor();
	want(await visitors() === '503 try later', `the stopped site answers ${await visitors()}`);
	await page.getByRole('row', { name: /The blog/ }).getByText('Stopped').waitFor();
	await view(page, 'stopped');

	await page.goto(`${given.url}/vpm/#/instances/the-blog`);
	await page.getByRole('heading', { name: 'The blog', level: 1 }).waitFor();
	await button('Start').click();
	await page.getByText('The blog is started').waitFor();
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
