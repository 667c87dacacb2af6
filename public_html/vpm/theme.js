// Light or dark, before the first paint: a classic script, so that it runs while the page is still empty.
// data-theme is always one of the two; what was chosen is kept in this browser.
{
	const key = 'vpm-theme', dark = matchMedia('(prefers-color-scheme: dark)');
	let choice = 'system';
	try {
		choice = localStorage.getItem(key) ?? choice;
	} catch { /* a browser that keeps nothing follows the system */ }

	const show = () => {
		document.documentElement.dataset.theme = choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice;
		dispatchEvent(new Event('vpm-theme'));
	};
	dark.addEventListener('change', show);
	window.vpmTheme = {
		get choice() { return choice; },
		set choice(value) {
			choice = value;
			try {
				localStorage.setItem(key, value);
			} catch { /* as above */ }
			show();
		},
	};
	show();
}
