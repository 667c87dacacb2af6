// Runs before anything else is there: asks the API what the first page will need while the browser fetches its modules.
// That a session is there cannot be seen from here, so the last login leaves a mark. It imports nothing.

const key = 'vpm-session';
const soon = 10_000; // ms; an answer that nobody came for by then is too old to show

/** begun has the answers that are on their way, by path. */
export const begun = new Map();

/** remember notes whether the browser has a session, for the next time. */
export function remember(there) {
	if (!there) begun.clear(); // these were answered to nobody
	try {
		if (there) localStorage.setItem(key, '1');
		else localStorage.removeItem(key);
	} catch { /* a browser that keeps nothing asks one thing after the other */ }
}

/** remembered tells what was noted. */
export function remembered() {
	try {
		return localStorage.getItem(key) === '1';
	} catch {
		return false;
	}
}

/** send is how every call begins. */
export const send = (path, options) => fetch(new URL(`../api/${path}`, import.meta.url), { cache: 'no-store', ...options });

function begin(path, options) {
	const answer = send(path, options);
	answer.catch(() => {}); // told to who takes it
	begun.set(path, answer);
}

if (remembered() && !location.hash.startsWith('#/reset')) {
	begin('auth/verify', { method: 'POST', body: '{}' });
	if (/^(#\/?(instances\/?)?(\?.*)?)?$/.test(location.hash)) begin('instances/list.php');
	setTimeout(() => begun.clear(), soon);
}

// An upgrade while the page was loaded may leave modules of both versions in the browser's cache, which do not fit
// together. Then all are fetched anew, once: what is not mended by that is another fault.
addEventListener('error', async ({ error }) => {
	if (!(error instanceof SyntaxError) || document.getElementById('app').childElementCount) return;
	const mark = 'vpm-mended';
	try {
		if (sessionStorage.getItem(mark)) return;
		sessionStorage.setItem(mark, '1');
	} catch {
		return;
	}
	const files = [...document.querySelectorAll('link[href], script[src]')].map(e => e.href || e.src);
	await Promise.allSettled(files.map(file => fetch(file, { cache: 'reload' })));
	location.reload();
});
