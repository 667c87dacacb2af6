import { createContext, html, useContext, useEffect, useId, useRef, useState } from '../html.js';
import { t } from '../words.js';
import { Button } from './button.js';
import { Notice } from './notice.js';

const Context = createContext({ error: null });

/**
 * Form runs `work` with what was entered, one at a time. What fails is shown at the field it is about, or above the
 * buttons, and nothing that was entered is lost.
 */
export function Form({ work, action, busyLabel, kind = 'primary', onCancel, idle, children, class: name = '' }) {
	const [state, set] = useState({ busy: false, error: null });
	const form = useRef(null);
	const submit = async event => {
		event.preventDefault();
		if (state.busy || idle) return;
		set({ busy: true, error: null });
		try {
			await work(Object.fromEntries(new FormData(form.current)), form.current);
			set({ busy: false, error: null });
		} catch (error) {
			set({ busy: false, error });
		}
	};
	const { error } = state;
	const known = error?.field && form.current?.elements.namedItem(error.field);
	useEffect(() => {
		if (!known) return;
		known.closest('details')?.setAttribute('open', '');
		known.focus();
	}, [error]);
	return html`
		<form ref=${form} class=${name} onSubmit=${submit} method="post" novalidate autocapitalize="none">
			<${Context.Provider} value=${{ error: known ? error : null }}>${children}<//>
			${error && !known && error.status !== 401 && html`<${Notice} kind="bad" role="alert">${error.message}<//>`}
			<div class="actions">
				<${Button} type="submit" kind=${kind} busy=${state.busy} idle=${idle}>${state.busy && busyLabel ? busyLabel : action}<//>
				${onCancel && html`<${Button} onClick=${onCancel}>${t('cancel')}<//>`}
			</div>
		</form>`;
}

/** Field is an input with its label, a hint, and what is wrong with it. `children` replaces the input by others. */
export function Field({ label, name, hint, optional, as = 'input', children, ...rest }) {
	const id = useId();
	const { error } = useContext(Context);
	const wrong = error?.field === name ? error.message : '';
	const described = [hint && `${id}-hint`, wrong && `${id}-error`].filter(Boolean).join(' ') || undefined;
	return html`
		<div class="field">
			<label for=${id}>${label}${optional && html` <small>${t('optional')}</small>`}</label>
			<${as} id=${id} name=${name} aria-invalid=${wrong ? 'true' : undefined} aria-describedby=${described} spellcheck=${false} ...${rest}>${children}<//>
			${hint && html`<small id=${`${id}-hint`} class="hint">${hint}</small>`}
			${wrong && html`<small id=${`${id}-error`} class="wrong" role="alert">${wrong}</small>`}
		</div>`;
}

export const Check = ({ label, name, hint, ...rest }) => html`
	<label class="check"><input type="checkbox" name=${name} value="yes" ...${rest} /> <span>${label}${hint && html`<small class="hint">${hint}</small>`}</span></label>`;
