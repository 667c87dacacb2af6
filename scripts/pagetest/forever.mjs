// A scenario that does not end by itself.

import { scenario } from './browser.mjs';

await scenario(async visit => {
	await visit();
	console.log('begun');
	await new Promise(() => {});
});
