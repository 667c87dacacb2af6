import { html } from '../html.js';
import { EventList } from '../components/eventlist.js';
import { t } from '../words.js';

export const Events = ({ id }) => html`<section class="card"><h2>${t('events')}</h2><${EventList} id=${id} /></section>`;
