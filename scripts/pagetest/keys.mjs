// The list without a mouse, and with a thousand instances.

import { eventually, given, logIn, scenario, view, want } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit();
	// What one instance says, a thousand times: to make so many would take longer than all the other tests.
	await page.route(/\/api\/instances\/list\.php/, async route => {
		const answer = await route.fetch(), json = await answer.json();
		const one = json.instances[0];
		json.instances = Array.from({ length: 1000 }, (_, i) => ({ ...one, id: i + 1, instance_id: `site-${i + 1}`, instance_name: `Site ${i + 1}` }));
		await route.fulfill({ response: answer, json: { ...json, total: 1000 } });
	});
	await logIn(page, given.username, given.password);
	await page.getByRole('link', { name: 'Site 1', exact: true }).waitFor();
	await page.getByText('1 to 50 of 1,000').waitFor();
	want(await page.locator('tbody tr').count() === 50, 'a page of the list has not 50 rows');

	const focused = () => page.evaluate(() => {
		const e = document.activeElement;
		return e.dataset.id ?? e.getAttribute('aria-label') ?? e.textContent.trim();
	});
	const press = async (key, where) => {
		await page.keyboard.press(key);
		await eventually(`${key} leads to ${where}`, async () => await focused() === where);
	};
	// In the order in which they are seen.
	await page.getByRole('searchbox').focus();
	for (const where of ['All 1000', 'Need attention 0', 'Running 1000', 'Stopped 0', 'Type', 'Select all on this page', 'Name', 'State', 'Type', 'Seen',
		'site-1', 'Select Site 1', 'Site 1', 'Stop Site 1', 'Restart Site 1', 'Select Site 2']) await press('Tab', where);
	await press('ArrowUp', 'site-1');
	await press('ArrowUp', 'site-1');
	await press('ArrowDown', 'site-2');
	await press('PageDown', 'site-12');
	await press('End', 'site-50');
	await press('ArrowDown', 'site-50');
	await press('PageUp', 'site-40');
	await press('Tab', 'Select Site 40');
	await press('Shift+Tab', 'site-40');
	want(await page.locator('tbody tr[tabindex="0"]').count() === 1, 'not one row is a stop of Tab');
	await view(page, 'focused');
	await page.keyboard.press('Space');
	await page.getByText('1 selected').waitFor();
	await page.getByRole('button', { name: 'Select all 1,000' }).click();
	await page.getByText('1,000 selected').waitFor();
	await view(page, 'all-selected');
	await page.getByRole('button', { name: 'Select none' }).click();
	await page.locator('tbody tr').first().focus();
	await press('Home', 'site-1');
	await page.getByRole('searchbox').fill('site 777');
	await page.getByText('1 instance').first().waitFor();
	await page.getByRole('row', { name: 'Site 777' }).focus();
	await page.keyboard.press('Enter');
	await page.waitForURL(/#\/instances\/site-777$/);
});
