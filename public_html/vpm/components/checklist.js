import { html } from '../html.js';
import { milliseconds } from '../format.js';
import { has, t } from '../words.js';
import { Badge } from './badge.js';

const kinds = { ok: 'ok', warning: 'warn', failed: 'bad', unknown: 'unknown', skipped: 'idle' };

/** CheckList is what was looked at, each with its result and reason. */
export const CheckList = ({ checks }) => checks.length > 0 && html`
	<ul class="checks">${checks.map(c => html`
		<li key=${c.name}>
			<${Badge} kind=${kinds[c.result] ?? 'unknown'}>${has(`check.result.${c.result}`) ? t(`check.result.${c.result}`) : c.result}<//>
			<div><h3>${c.title ?? (has(`check.${c.name}`) ? t(`check.${c.name}`) : c.name)}</h3><p>${c.reason}</p>${c.fix && html`<p class="fix">→ ${c.fix}</p>`}</div>
			<small>${c.result !== 'skipped' && c.duration_ms !== undefined && milliseconds(c.duration_ms)}</small>
		</li>`)}</ul>`;
