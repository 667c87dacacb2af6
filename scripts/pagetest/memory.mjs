// A host that gives a program too little memory for the 64-bit one: the page has the 32-bit one take over by itself.

import { given, scenario, want } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit({ expected: (url, status) => url.pathname.endsWith('/api/setup.php') && status >= 500 });
	await page.goto(`${given.url}/vpm/`);
	await page.getByText('the 32-bit one has taken its place').waitFor();
	const build = page.getByRole('listitem').filter({ hasText: 'Build' });
	await build.last().waitFor();
	want((await build.last().textContent()).includes('/386'), `the build is said to be: ${await build.last().textContent()}`);
	await page.getByRole('listitem').filter({ hasText: 'Memory limit' }).filter({ hasText: '512 MB' }).last().waitFor();
});
