// The pages that need no login: set-up of a fresh upload, what to do where the program does not answer, and a new
// password for who has lost theirs. app.js loads this file only for them:
//
//	const { setup, reset } = await import('./setup.js');
//	setup(root)   where GET setup.php answers anything but needed: false, also nothing, or what is not from vpm
//	reset(root)   at #/reset
//
// root is an element that is theirs as long as it is in the document. They ask the API themselves, bring their own
// style sheet, and when they are done load the page anew at #/.

export async function setup(root) {
	root.textContent = 'Set-up';
}

export async function reset(root) {
	root.textContent = 'New password';
}
