// A page with every fault that the browser is watched for.

import { given, scenario, view } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit();
	await page.goto(`${given.url}/bad/`);
	await page.getByText('The end').waitFor();
	await view(page, 'bad');
});
