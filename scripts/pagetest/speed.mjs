// How long until the list can be used, in milliseconds since the navigation began: five times with the files in the
// browser's cache, as on every visit but the first. Prints one figure a line.

import { given, logIn, scenario } from './browser.mjs';

await scenario(async visit => {
	const { page, context } = await visit();
	await context.addInitScript(() => {
		const look = () => {
			const button = document.querySelector('tbody tr button');
			if (!button) return requestAnimationFrame(look);
			requestAnimationFrame(() => setTimeout(() => { window.usableAfter = performance.now(); })); // after it is drawn
		};
		requestAnimationFrame(look);
	});
	await logIn(page, given.username, given.password);
	for (let i = 0; i < given.rounds; i++) {
		await page.goto('about:blank');
		await page.goto(`${given.url}/vpm/#/instances`);
		console.log(Math.round(await (await page.waitForFunction(() => window.usableAfter)).jsonValue()));
	}
});
