// People at the panel: each role, two at once, a session that ends in the middle, a server that goes and comes back.

import { chmod } from 'node:fs/promises';
import { enter, given, logIn, scenario, view, want } from './browser.mjs';

const shown = async locator => await locator.count() > 0;

await scenario(async visit => {
	const gone = (url, status) => url.pathname.includes('/api/') && (status === 0 || status === 500);
	const people = {};
	for (const role of ['admin', 'manager', 'viewer']) {
		people[role] = await visit(role === 'admin' ? { expected: gone } : {});
		await logIn(people[role].page, role === 'admin' ? given.username : role, given.password);
		await people[role].page.getByRole('link', { name: 'Shop', exact: true }).waitFor();
	}
	await askedOnce(people.viewer.page);
	await roles(people);
	await twoAtOnce(people.manager.page, people.viewer.page);
	await sessionEnds(people.manager);
	for (const role of ['manager', 'viewer']) await people[role].context.close();
	await serverGoes(people.admin);
});

// With a session, a reload asks for no more than it needs, and for all of it at once.
async function askedOnce(page) {
	const asked = [];
	const note = request => request.url().includes('/api/') && asked.push(new URL(request.url()).pathname.replace(/.*\/api\//, ''));
	page.on('request', note);
	await page.reload();
	await page.getByRole('link', { name: 'Shop', exact: true }).waitFor();
	page.off('request', note);
	want(`${asked}` === 'auth/verify,instances/list.php', `a reload asks for ${asked}`);
}

async function roles({ admin, manager, viewer }) {
	for (const [role, { page }, may] of [['admin', admin, ['Stop Shop', 'Add instance', 'Users', 'API tokens']], ['manager', manager, ['Stop Shop', 'Add instance']], ['viewer', viewer, []]]) {
		for (const name of ['Stop Shop', 'Add instance', 'Users', 'API tokens']) {
			const there = await shown(page.getByRole(name.startsWith('Stop') ? 'button' : 'link', { name, exact: true }));
			want(there === may.includes(name), `${role} ${there ? 'is' : 'is not'} offered “${name}”`);
		}
		await view(page, `list-${role}`);
	}
	for (const [{ page }, place] of [[manager, 'users'], [manager, 'tokens'], [viewer, 'new'], [viewer, 'find']]) {
		await page.goto(`${given.url}/vpm/#/${place}`);
		await page.getByText('Your account may not see this').waitFor();
		await page.goto(`${given.url}/vpm/#/instances`);
	}
}

// What one does the other sees, without loading anew.
async function twoAtOnce(one, other) {
	await one.getByRole('button', { name: 'Stop Shop', exact: true }).click();
	await one.getByText('Shop is stopped').waitFor();
	await other.getByRole('row', { name: /Shop/ }).getByText('Stopped').waitFor();
	await one.getByRole('button', { name: 'Start Shop', exact: true }).click();
	await other.getByRole('row', { name: /Shop/ }).getByText('Running').waitFor();
}

// What was entered is there again after the login that comes in between.
async function sessionEnds({ page, context }) {
	await page.goto(`${given.url}/vpm/#/new`);
	await page.getByLabel('Name').filter({ visible: true }).fill('A new shop');
	await context.clearCookies();
	await page.getByRole('button', { name: 'Add instance' }).click();
	await page.getByText('Your session has ended').waitFor();
	await view(page, 'session-ended');
	await enter(page, 'manager', given.password);
	const field = page.getByLabel('Name').filter({ visible: true });
	await page.getByRole('heading', { name: 'Add instance', level: 1 }).waitFor();
	want(await field.inputValue() === 'A new shop', `after the login the name is “${await field.inputValue()}”`);
	await page.goto(`${given.url}/vpm/#/instances`);
}

async function serverGoes({ page, context }) {
	const alarm = page.getByRole('alert').filter({ hasText: 'The server does not answer' });
	const row = page.getByRole('link', { name: 'Shop', exact: true });
	await context.setOffline(true);
	await alarm.waitFor();
	want(await row.isVisible(), 'the list went with the server');
	await view(page, 'server-gone');
	await context.setOffline(false);
	await alarm.waitFor({ state: 'hidden' });

	await chmod(given.program, 0o644); // the web server answers, the program does not
	await alarm.waitFor();
	await chmod(given.program, 0o755);
	await alarm.waitFor({ state: 'hidden' });
	want(await row.isVisible(), 'the list did not come back');
}
