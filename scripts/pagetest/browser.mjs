// A real browser for the scenarios, with everything that makes a page bad watched all the time.

import { mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(join(process.env.VPM_NODE_MODULES, 'node_modules', 'x.js')));
const { chromium } = require('playwright-core');
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

/** given is what the test in Go tells a scenario: the host's address and files. */
export const given = JSON.parse(process.env.VPM_GIVEN);

const patience = 120_000; // ms; a page that takes longer hangs
const failures = [];

/** fail notes what is wrong and goes on. */
export const fail = message => { failures.push(message); };

export function want(ok, message) {
	if (!ok) fail(message);
}

/** eventually waits until a look comes out true. */
export async function eventually(what, look) {
	const limit = Date.now() + patience;
	while (!await look()) {
		if (Date.now() > limit) throw new Error(`in vain: ${what}`);
		await new Promise(go => setTimeout(go, 50));
	}
}

/** scenario runs a story in a browser and ends the process: with 0 when nothing was wrong in it. */
export async function scenario(story) {
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'], timeout: patience });
	// The test was killed, and with it what would have cleared away.
	let killed = false;
	process.stdin.on('end', async () => {
		killed = true;
		await browser.close().catch(() => {});
		await rm(process.env.TMPDIR, { recursive: true, force: true, maxRetries: 20 });
		process.exit(2);
	}).resume();
	const people = [];
	try {
		await story(async options => {
			const person = await visitor(browser, options);
			people.push(person);
			return person;
		});
	} catch (e) {
		if (killed) return;
		fail(e.stack);
		for (const { page } of people) {
			if (!page.isClosed()) await describe(page);
		}
	}
	await browser.close();
	for (const message of failures) console.log(message);
	process.exit(failures.length ? 1 : 0);
}

// describe says what a page shows, for whoever reads the failure.
async function describe(page) {
	try {
		fail(`${page.url()} shows:\n${await page.locator('body').ariaSnapshot()}`);
		await shoot(page, 'failed');
	} catch (e) {
		fail(`cannot look at the page: ${e.message}`);
	}
}

/**
 * visitor opens a page with cookies of its own. What it logs as an error, breaks, or is refused by the content security
 * policy fails the scenario. Answers of the API that refuse something are no errors; those that fail (5xx) are, and so is
 * every other file that does not come, unless `expected` finds their address and status. No other server is asked for anything.
 * Other options are those of a context of Playwright.
 */
async function visitor(browser, { expected = () => false, ...options } = {}) {
	const context = await browser.newContext({ ...options, viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB', bypassCSP: false });
	context.setDefaultTimeout(patience);
	await context.addInitScript(() => addEventListener('securitypolicyviolation', e =>
		console.error(`content security policy: ${e.violatedDirective} refuses ${e.blockedURI} in ${e.sourceFile}:${e.lineNumber}`)));
	const page = await context.newPage();
	page.on('console', message => {
		// The browser's own line about an answer of 4xx or 5xx: judged below.
		if (message.text().startsWith('Failed to load resource')) return;
		if (['error', 'warning'].includes(message.type())) fail(`the console says: ${message.text()} (${message.location().url})`);
	});
	page.on('pageerror', e => fail(`the page breaks: ${e.stack}`));
	page.on('request', request => {
		if (new URL(request.url()).origin !== new URL(given.url).origin) fail(`the page asks another server: ${request.url()}`);
	});
	page.on('response', async response => {
		const url = new URL(response.url()), status = response.status();
		const refused = status < 500 && url.pathname.includes('/api/');
		if (status < 400 || refused || expected(url, status)) return;
		const at = failures.push(`${response.request().method()} ${url} answers ${status}`) - 1;
		const text = await response.text().catch(() => ''); // gone, where the page is left meanwhile
		failures[at] += `: ${text.slice(0, 300)}`;
	});
	page.on('requestfailed', request => {
		const why = request.failure()?.errorText ?? '';
		if (why !== 'net::ERR_ABORTED' && !expected(new URL(request.url()), 0)) fail(`${request.url()} fails: ${why}`);
	});
	return { page, context };
}

/** logIn opens the panel at an address and logs in. */
export async function logIn(page, name, password, hash = '') {
	await page.goto(`${given.url}/vpm/${hash}`);
	await enter(page, name, password);
	await page.getByText(name, { exact: true }).first().waitFor();
}

/** enter fills in the login that is shown. */
export async function enter(page, name, password) {
	await page.getByLabel('Name').filter({ visible: true }).fill(name);
	await page.getByLabel('Password', { exact: true }).filter({ visible: true }).fill(password);
	await page.getByRole('button', { name: 'Log in' }).click();
}

const looks = [
	{ name: 'light', colorScheme: 'light', width: 1280 },
	{ name: 'dark', colorScheme: 'dark', width: 1280 },
	{ name: 'phone', colorScheme: 'light', width: 390, same: true },
];

/** view checks what a page shows now: it is accessible in both themes, fits a phone, and is kept as pictures. */
export async function view(page, name) {
	for (const { name: look, colorScheme, width, same } of looks) {
		await page.emulateMedia({ colorScheme });
		await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
		// Half faded in, everything is pale. What turns for ever is no matter.
		await page.evaluate(() => Promise.allSettled(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity).map(a => a.finished)));
		if (!same) await accessible(page, `${name}, ${look}`);
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		want(wide <= 0, `${name}, ${look}: the page is ${wide} px wider than the window`);
		await shoot(page, `${name}-${look}`);
	}
	await page.emulateMedia({ colorScheme: 'light' });
	await page.setViewportSize({ width: 1280, height: 900 });
}

async function accessible(page, where) {
	if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	for (const { id, help, nodes } of violations) {
		fail(`${where}: ${id}: ${help}\n${nodes.slice(0, 3).map(node => `  ${node.html}\n  ${node.failureSummary}`).join('\n')}`);
	}
}

async function shoot(page, name) {
	const dir = process.env.VPM_SCREENSHOTS;
	if (!dir) return;
	await mkdir(dir, { recursive: true });
	await page.screenshot({ path: join(dir, `${given.name}-${name}.png`), fullPage: true });
}
