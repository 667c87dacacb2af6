import { html } from '../html.js';

export const Account = () => html`<h1 tabindex="-1">Account</h1>`;
