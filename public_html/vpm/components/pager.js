import { html } from '../html.js';
import { setQuery } from '../router.js';
import { t } from '../words.js';
import { Button } from './button.js';

export function Pager({ page, pages, total, size }) {
	if (pages < 2) return html`<p class="pager"><span>${t('list.found', { n: total })}</span></p>`;
	const turn = to => {
		setQuery({ page: to > 1 ? to : '' });
		scrollTo(0, 0);
	};
	return html`
		<nav class="pager" aria-label=${t('pager')}>
			<span>${t('pager.range', { from: (page - 1) * size + 1, to: Math.min(page * size, total), total })}</span>
			<${Button} icon="back" idle=${page === 1} onClick=${() => turn(page - 1)}>${t('pager.back')}<//>
			<span>${t('pager.page', { page, pages })}</span>
			<${Button} icon="next" idle=${page === pages} onClick=${() => turn(page + 1)}>${t('pager.next')}<//>
		</nav>`;
}
