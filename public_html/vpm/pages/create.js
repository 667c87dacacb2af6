import { html } from '../html.js';

export const Create = () => html`<h1 tabindex="-1">Create</h1>`;
