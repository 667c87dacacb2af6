// Icons that go with words, never instead of them where colour would be the only other sign.

import { html } from '../html.js';

const paths = {
	ok: 'M5 12.5l4.5 4.5L19 7.5',
	bad: 'M12 3.5L22 20.5H2zM12 10v4.5M12 17.6v.2',
	warn: 'M12 3.5L22 20.5H2zM12 10v4.5M12 17.6v.2',
	idle: 'M7 7h10v10H7z',
	unknown: 'M9 9.2a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.3v.2',
	start: 'M8 5.5v13l11-6.5z',
	stop: 'M7 7h10v10H7z',
	restart: 'M19 12a7 7 0 1 1-2.2-5.1M19.5 3.5v4.5H15',
	search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L21 21',
	close: 'M6 6l12 12M18 6L6 18',
	copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
	back: 'M14.5 5.5L8 12l6.5 6.5',
	next: 'M9.5 5.5L16 12l-6.5 6.5',
	out: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
	up: 'M6 14.5L12 8l6 6.5',
	down: 'M6 9.5L12 16l6-6.5',
	light: 'M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M19 5l-1.7 1.7M6.7 17.3L5 19',
	dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
	system: 'M3 4.5h18v12H3zM8.5 20.5h7M12 16.5v4',
	add: 'M12 5v14M5 12h14',
};

export const Icon = ({ name }) => html`
	<svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false"><path d=${paths[name]} /></svg>`;
