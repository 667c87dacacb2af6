import { actOnMany, act } from '../actions.js';
import { html, useState } from '../html.js';
import { known } from '../instances.js';
import { t } from '../words.js';
import { Button } from './button.js';
import { StopDialog } from './stopdialog.js';

/** BulkBar changes what is selected. It lies over the foot of the page, so that nothing moves when it comes. */
export function BulkBar({ found, selected, select }) {
	const [asking, ask] = useState(false);
	const ids = [...selected];
	if (ids.length === 0) return null;
	const run = (action, options) => {
		if (ids.length === 1) act(action, ids[0], options);
		else actOnMany(action, ids, options);
		select(new Set());
	};
	const more = found.filter(i => !selected.has(i.instance_id)).length;
	const names = () => known.get().filter(i => selected.has(i.instance_id)).map(i => i.instance_name);
	return html`
		<div class="bulk" role="region" aria-label=${t('bulk')}>
			<strong role="status">${t('bulk.selected', { n: ids.length })}</strong>
			${more > 0 && html`<${Button} kind="quiet" onClick=${() => select(new Set(found.map(i => i.instance_id)))}>${t('bulk.all', { n: found.length })}<//>`}
			<span class="space"></span>
			<${Button} icon="start" onClick=${() => run('start')}>${t('start')}<//>
			<${Button} icon="stop" onClick=${() => ask(true)}>${t('stop.dots')}<//>
			<${Button} icon="restart" onClick=${() => run('restart')}>${t('restart')}<//>
			<${Button} kind="quiet" icon="close" label=${t('bulk.clear')} onClick=${() => select(new Set())} />
		</div>
		${asking && html`<${StopDialog} names=${names()} onStop=${options => run('stop', options)} onClose=${() => ask(false)} />`}`;
}
