import { html } from '../html.js';
import { ago, when } from '../format.js';
import { store, useStore } from '../store.js';

const clock = store(0);
setInterval(() => document.hidden || clock.set(n => n + 1), 5_000);

/** Ago is how long ago something was, kept true; its exact time is in the tooltip. */
export function Ago({ time }) {
	useStore(clock);
	return time ? html`<time datetime=${time} title=${when(time, { seconds: true })}>${ago(time)}</time>` : null;
}

/** When is a time in the visitor's zone. */
export const When = ({ time, seconds }) => html`<time datetime=${time}>${when(time, { seconds })}</time>`;
