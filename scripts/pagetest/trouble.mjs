// A host on which the program does not run: the page says what to check, and goes on once that is mended.

import { chmod } from 'node:fs/promises';
import { given, scenario, view } from './browser.mjs';

await scenario(async visit => {
	const { page, context } = await visit({ expected: (url, status) => url.pathname.includes('/api/') && (status >= 500 || status === 0) || status === 0 });
	await chmod(given.program, 0o644);
	await page.goto(`${given.url}/vpm/`);
	await page.getByRole('heading', { name: 'vpm does not answer', level: 1 }).waitFor();
	await page.getByText('The web server failed to run the program.').waitFor();
	await page.getByRole('listitem').filter({ hasText: 'the permissions 755' }).waitFor();
	await page.getByText(/32-bit program .* was tried too/).waitFor();
	await view(page, 'page');

	await context.setOffline(true);
	await page.getByRole('button', { name: 'Try again' }).click();
	await page.getByRole('heading', { name: 'The server does not answer', level: 1 }).waitFor();
	await view(page, 'offline');
	await context.setOffline(false);

	await chmod(given.program, 0o755);
	await page.getByRole('button', { name: 'Try again' }).click();
	await page.getByRole('heading', { name: 'Set up vpm', level: 1 }).waitFor();
	await page.getByRole('heading', { name: 'Check the host', level: 2 }).waitFor();
});
