import { html } from '../html.js';

export const Instance = () => html`<h1 tabindex="-1">Instance</h1>`;
