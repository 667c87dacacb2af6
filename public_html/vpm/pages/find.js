import { html } from '../html.js';

export const Find = () => html`<h1 tabindex="-1">Find</h1>`;
