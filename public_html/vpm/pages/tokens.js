import { html } from '../html.js';

export const Tokens = () => html`<h1 tabindex="-1">Tokens</h1>`;
