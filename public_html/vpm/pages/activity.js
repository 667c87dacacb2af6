import { html } from '../html.js';
import { EventList } from '../components/eventlist.js';
import { t } from '../words.js';

/** Activity is who changed what in the whole panel. */
export const Activity = () => html`
	<div class="head"><h1 tabindex="-1">${t('nav.activity')}</h1></div>
	<section class="card"><${EventList} /></section>`;
