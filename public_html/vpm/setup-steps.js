// Set-up in five steps. Each keeps what was entered when people go back to it.

import { look, summary, table, verdict } from './setup-checks.js';
import { ask, field, form, h, input, path, proving, Refusal, twice, whileBusy } from './setup-parts.js';
import { t } from './setup-text.js';

// steps shows them in root; state is what GET setup.php answered. finished is called with the name and password of the
// administrator, or with the message of an API that says that set-up was done before.
export function steps(root, state, finished) {
	const chosen = {}; // what the request at the end is made of
	const list = h('ol', { className: 'setup-steps', 'aria-label': t('setup.steps') });
	const all = [host(), prove(state, chosen), database(state, chosen), administrator(chosen, finished)];
	for (const [i, step] of all.entries()) list.append(entry(step, i));
	root.replaceChildren(list);
	show(0);

	function entry(step, i) {
		const title = t(`setup.${step.name}`);
		step.title = h('h2', { tabIndex: -1 }, title);
		step.said = h('small');
		step.change = h('button', { type: 'button', className: 'setup-plain', hidden: true, 'aria-label': t('setup.change.of', { step: title }), onclick: () => show(i) }, t('setup.change'));
		step.place = h('div', { hidden: true }, step.content(said => {
			step.said.textContent = said;
			step.complete = true;
			show(i + 1);
		}));
		return step.item = h('li', {}, h('div', { className: 'setup-head' }, step.title, step.said, step.change), step.place);
	}

	function show(current) {
		for (const [i, { item, place, change, complete, said }] of all.entries()) {
			place.hidden = i !== current;
			change.hidden = said.hidden = !complete || i === current;
			item.classList.toggle('complete', Boolean(complete) && i !== current);
			if (i === current) item.setAttribute('aria-current', 'step');
			else item.removeAttribute('aria-current');
		}
		const { title, place } = all[current];
		if (current) (place.querySelector('input:not([type=radio])') ?? title).focus();
	}
}

function host() {
	return { name: 'host', content: next => {
		const place = h('div', { role: 'status' }, h('p', {}, t('setup.host.looking')));
		let said = '';
		const again = h('button', { type: 'button', onclick: () => whileBusy(again, t('setup.host.looking'), check) }, t('setup.host.again'));
		const go = h('button', { type: 'button', className: 'primary', onclick: () => next(said) }, t('setup.continue'));
		const check = async () => {
			try {
				const checks = await look();
				said = summary(checks);
				place.replaceChildren(h('p', {}, verdict(checks)), table(checks));
			} catch (e) {
				place.replaceChildren(h('p', { className: 'setup-error' }, e.message));
			}
		};
		check();
		return [place, h('p', { className: 'setup-actions' }, go, again)];
	} };
}

function prove({ code_file: file }, chosen) {
	return { name: 'prove', content: next => [
		h('p', {}, t('setup.prove.why')), path(file),
		form(field(t('setup.prove.code'), input('code', { className: 'mono', required: true })), {
			label: t('setup.continue'),
			invalid: () => 'code',
			work: async ({ code }) => {
				await proving('setup.php', { try: true, code });
				chosen.code = code;
				next(t('setup.prove.summary'));
			},
		})] };
}

function database({ database_configured: there }, chosen) {
	return { name: 'database', content: next => {
		if (there) {
			return [h('p', {}, t('setup.database.there')), form([], { label: t('setup.continue'), work: () => next(t('setup.database.there')) })];
		}
		const server = h('div', { className: 'setup-grid', hidden: true },
			field(t('setup.database.host'), input('db_host', { value: 'localhost' }), t('setup.database.host.hint')),
			field(t('setup.database.port'), input('db_port', { inputMode: 'numeric' }), t('setup.database.port.hint')),
			field(t('setup.database.name'), input('db_name')),
			field(t('setup.database.user'), input('db_user')),
			field(t('setup.database.password'), input('db_password', { type: 'password', autocomplete: 'off' })));
		const result = h('p', { className: 'setup-note', role: 'status', hidden: true });
		const attempt = async values => {
			const { message } = await ask('setup.php', { try: true, code: chosen.code, ...values });
			result.hidden = false;
			result.textContent = message;
		};
		const tryIt = h('button', { type: 'button', hidden: true, onclick: () => whileBusy(tryIt, t('setup.database.trying'), async () => {
			result.hidden = true;
			try {
				await attempt(choice(new FormData(element)));
			} catch (e) {
				result.hidden = false;
				result.textContent = e.message;
			}
		}) }, t('setup.database.try'));
		const element = form([
			h('fieldset', {}, h('legend', { className: 'hidden' }, t('setup.database')),
				radio('sqlite', true), radio('mysql', false)), server, result], {
			label: t('setup.continue'), busy: t('setup.database.trying'), others: tryIt,
			invalid: e => ['db_name', 'db_user', 'db_port', 'db_password'].find(name => e.message.includes(name)),
			work: async () => {
				const values = choice(new FormData(element));
				result.hidden = true;
				if (values.db_driver === 'mysql') await attempt(values);
				chosen.database = values;
				next(t(`setup.database.${values.db_driver}`));
			},
		});
		element.addEventListener('change', ({ target }) => {
			if (target.type !== 'radio') return; // what moves as a field is left moves the button that was aimed at
			server.hidden = tryIt.hidden = element.elements.db_driver.value !== 'mysql';
			result.hidden = true;
		});
		return [h('p', {}, t('setup.database.about')), element];
	} };
}

function radio(value, checked) {
	const button = h('input', { type: 'radio', name: 'db_driver', value, checked });
	return h('label', { className: 'setup-choice' }, button, h('span', {}, t(`setup.database.${value}`), h('small', {}, t(`setup.database.${value}.about`))));
}

// choice is the database of a form, as the API wants it: a server that is a path is a socket.
function choice(data) {
	const { db_driver, db_host: host, ...rest } = Object.fromEntries(data);
	if (db_driver !== 'mysql') return { db_driver };
	return { db_driver, ...(host.startsWith('/') ? { db_socket: host } : { db_host: host }), ...rest };
}

function administrator(chosen, finished) {
	return { name: 'admin', content: () => [
		h('p', {}, t('setup.admin.about')),
		form([
			field(t('setup.admin.name'), input('username', { required: true, autocomplete: 'username' })),
			field(t('setup.admin.password'), input('password', { type: 'password', required: true, autocomplete: 'new-password' }), t('setup.admin.password.hint')),
			field(t('setup.admin.again'), input('again', { type: 'password', required: true, autocomplete: 'new-password' })),
		], {
			label: t('setup.admin.go'), busy: t('setup.admin.going'),
			invalid: e => e.field ?? ['username', 'password'].find(name => e.message.includes(name)),
			work: async values => {
				twice(values);
				const { username, password } = values;
				try {
					await ask('setup.php', { code: chosen.code, ...chosen.database, username, password });
				} catch (e) {
					if (!(e instanceof Refusal) || e.code !== 'conflict') throw e;
					return finished({ message: e.message });
				}
				return finished({ username, password });
			},
		})] };
}
