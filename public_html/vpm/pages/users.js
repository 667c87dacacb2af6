import { html } from '../html.js';

export const Users = () => html`<h1 tabindex="-1">Users</h1>`;
