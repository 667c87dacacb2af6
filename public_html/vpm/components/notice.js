import { hasBanner, trouble } from '../api.js';
import { html } from '../html.js';
import { useStore } from '../store.js';
import { t } from '../words.js';
import { Icon } from './icon.js';

/** Notice is a message that stays where it is about something. */
export const Notice = ({ kind = 'unknown', title, role, children }) => html`
	<div class=${`notice ${kind}`} role=${role}>
		<${Icon} name=${kind} />
		<div>${title && html`<strong>${title}</strong>`}<div>${children}</div></div>
	</div>`;

/** Trouble is why something cannot be shown, with a way to ask again. What the login or a banner tells is not told twice. */
export function Trouble({ error, again }) {
	useStore(trouble);
	return error.status !== 401 && !hasBanner(error) && html`
		<${Notice} kind="bad" role="alert" title=${t('trouble.title')}>
			<p>${error.message}</p>
			${again && html`<button type="button" class="button" onClick=${again}>${t('again')}</button>`}
		<//>`;
}

/** Loading keeps the room of what will come. */
export const Loading = ({ lines = 3 }) => html`
	<div class="loading" role="status"><span class="hidden">${t('loading')}</span>${Array.from({ length: lines }, () => html`<i></i>`)}</div>`;

export const Empty = ({ title, children }) => html`<div class="empty"><h2>${title}</h2>${children}</div>`;
