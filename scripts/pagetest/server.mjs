// A server of one's own: the blog gets a process, is stopped and started, dies and comes back, and goes through all moves.

import { eventually, given, logIn, scenario, view, want } from './browser.mjs';

// happen has something happen on the server, and gives what it prints.
const happen = async what => {
	const answer = await fetch(`${given.control}/${what}`, { method: 'POST' });
	if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`);
	return answer.text();
};

const visitors = async () => (await fetch(`${given.url}/blog/`)).status;

await scenario(async visit => {
	let installing = false; // until the server has the database, the API says that it cannot be reached
	const { page } = await visit({ expected: (url, status) => installing && status === 503 && url.pathname.startsWith('/api/') });
	const dialog = page.getByRole('dialog');
	const button = name => page.getByRole('button', { name, exact: true });
	const confirm = name => dialog.getByRole('button', { name, exact: true }).click();
	const badge = text => page.locator('.title').getByText(text, { exact: true }).waitFor();
	const tab = name => page.getByRole('navigation', { name: 'About this instance' }).getByRole('link', { name, exact: true }).click();
	const own = page.locator('section', { has: page.getByRole('heading', { name: 'Its own processes' }) });
	const figure = name => own.locator('.figures div', { has: page.getByText(name, { exact: true }) }).locator('dd').first();
	const shownPID = () => page.locator('.rows div', { has: page.getByText('PID', { exact: true }) }).locator('dd').textContent();
	const hasMaster = async () => await shownPID() === await happen('pid');

	await logIn(page, given.username, given.password, '#/instances/blog');
	await badge('Virtual Mode');
	want(await button('Give it a process of its own…').count() === 0, 'a shared host is said to have processes');
	installing = true;
	await happen('install');
	await page.reload(); // the session goes on
	await button('Give it a process of its own…').waitFor();
	installing = false;
	await whereItLies();
	await move();
	await usage();
	await stopped();
	await dies();
	await wearsOut();
	await undoneAndFinished();
	await page.goto(`${given.url}/vpm/#/account`);
	await page.getByText('vpm’s units are installed'.replace('’', "'")).waitFor();
	await view(page, 'account');

	// Its files are not the server's, so root closes it.
	async function whereItLies() {
		await button('Stop').click();
		await badge('Stopped');
		want(await visitors() === 503, `where it lies and stopped, visitors get ${await visitors()}`);
		await button('Start').click();
		await badge('Running');
		want(await visitors() === 200, `where it lies and started, visitors get ${await visitors()}`);
	}

	async function move() {
		await happen('slow');
		await button('Give it a process of its own…').click();
		await view(page, 'ask');
		await confirm('Move it');
		await happen('hold');
		await dialog.getByText(/[\d.]+ [kM]B of 5\.\d MB/).waitFor();
		await view(page, 'moving');
		await happen('hurry');
		await page.getByText('Blog has a process of its own.').waitFor();
		await badge('Process Mode');
		await eventually('the PID is that of the master', hasMaster);
		want(await visitors() === 200, `after the move visitors get ${await visitors()}`);
		await view(page, 'moved');
	}

	async function usage() {
		await tab('Usage');
		await eventually('the memory is measured', async () => /^[1-9][\d.]* MB of 512 MB$/.test(await figure('Memory').textContent()));
		await eventually('the tasks are the kernel’s', async () => await figure('Tasks').textContent() === `${await happen('tasks')} of 64`);
		want(/^0?\.?\d+(\.\d)? s$/.test(await figure('Processor time').textContent()), `the processor time is ${await figure('Processor time').textContent()}`);
		const before = Number(await figure('Requests since the start').textContent());
		await visitors();
		await eventually('the request is counted', async () => Number(await figure('Requests since the start').textContent()) > before);
		await view(page, 'usage');
		await tab('Overview');
	}

	// A stop that is taken back from where it is told, and one that stays until somebody starts it.
	async function stopped() {
		await button('Stop').click();
		await page.getByRole('status').filter({ hasText: 'Blog is stopped' }).waitFor();
		await button('Undo').focus(); // what has the focus does not vanish
		want(await visitors() === 503, `the stopped blog answers ${await visitors()}`);
		await badge('Stopped');
		want(await happen('pid') === '0', 'the master of a stopped blog runs on');
		await view(page, 'stopped');
		await button('Undo').click();
		await badge('Running');
		want(await visitors() === 200, `the started blog answers ${await visitors()}`);
	}

	async function dies() {
		await eventually('the PID is that of the master', hasMaster);
		const before = await shownPID();
		await happen('kill');
		await eventually('another master is there', async () => await shownPID() !== before && await hasMaster());
		await tab('Usage');
		await eventually('the restart is counted', async () => await figure('Restarts by itself').textContent() === '1');
		await tab('Log');
		const journal = page.getByLabel('Journal of its process');
		await journal.filter({ hasText: 'ready to handle connections' }).filter({ hasText: 'code=killed' }).waitFor();
		await view(page, 'log');
		await tab('Overview');
	}

	// One that dies again and again is given up for a while, until somebody starts it.
	async function wearsOut() {
		await happen('wear-out');
		await badge('Failed');
		await page.getByText('Its process has failed').waitFor();
		await view(page, 'failed');
		await page.goto(`${given.url}/vpm/#/instances`);
		await page.getByRole('row', { name: /Blog/ }).getByText('its process has ended').waitFor();
		await view(page, 'list-failed');
		await page.getByRole('button', { name: 'Start Blog' }).click();
		await page.getByRole('row', { name: /Blog/ }).getByText('Running', { exact: true }).waitFor();
		want(await visitors() === 200, `the started blog answers ${await visitors()}`);
		await page.goto(`${given.url}/vpm/#/instances/blog`);
	}

	async function undoneAndFinished() {
		await button('Undo the move…').click();
		await confirm('Undo the move');
		await badge('Virtual Mode');
		await button('Remove the copy…').waitFor();
		await button('Give it a process of its own…').click();
		await confirm('Move it');
		await badge('Process Mode');
		await button('Finish the move…').click();
		await confirm('Finish the move');
		await page.getByText('and the move is finished').waitFor();
		want(await button('Undo the move…').count() === 0, 'a finished move can be undone');
		await tab('Events');
		await page.getByText('by ann').first().waitFor();
	}
});
