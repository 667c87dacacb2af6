import { html } from '../html.js';
import { stateOf } from '../state.js';
import { has, t } from '../words.js';
import { Icon } from './icon.js';

/** Badge is a state in words, with an icon and a colour of its kind. */
export const Badge = ({ kind, icon = kind, children }) => html`
	<span class=${`badge ${kind}`}><${Icon} name=${icon} />${children}</span>`;

/** StateBadge shows what is under way, or else the state of an instance. */
export function StateBadge({ instance, doing }) {
	if (doing) return html`<span class="badge doing"><span class="spinner" aria-hidden="true"></span>${t(`doing.${doing}`)}</span>`;
	const { word, kind } = stateOf(instance);
	return html`<${Badge} kind=${kind}>${t(`state.${word}`)}<//>`;
}

/** ModeBadge says how the instance is run. */
export const ModeBadge = ({ mode }) => html`<span class="mode">${has(`mode.${mode}`) ? t(`mode.${mode}`) : mode}</span>`;
