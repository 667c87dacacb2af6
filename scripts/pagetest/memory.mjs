// A host that gives a program too little memory for the 64-bit one: the page has the 32-bit one take over by itself.

import { given, scenario, want } from './browser.mjs';

await scenario(async visit => {
	const { page } = await visit({ expected: (url, status) => url.pathname.endsWith('/api/setup.php') && status >= 500 });
	await page.goto(`${given.url}/vpm/`);
	await page.getByText('the 32-bit one has taken its place').waitFor();
	const build = await page.locator('.setup-checks li', { hasText: 'Build' }).textContent();
	want(build.includes('/386'), `the build is said to be: ${build}`);
	await page.locator('.setup-checks li', { hasText: 'Memory limit' }).filter({ hasText: '512 MB' }).waitFor();
});
