// What all forms do alike.

import { Failure } from './api.js';

export const $ = (selector, within = document) => within.querySelector(selector);

// onSubmit runs work with the form's values, one at a time, and shows what it throws.
export function onSubmit(form, work) {
	form.addEventListener('submit', async event => {
		event.preventDefault();
		const button = $('button:not([type])', form);
		if (button.disabled) return;
		clear(form);
		await busy(button, async () => {
			try {
				await work(Object.fromEntries(new FormData(form)));
			} catch (e) {
				show(form, e);
			}
		});
		// A disabled button loses the focus.
		if (document.activeElement === document.body) ($('[aria-invalid]', form) ?? button).focus();
	});
}

// busy keeps a button disabled, and its label changed, while work runs.
export async function busy(button, work) {
	const label = button.textContent;
	button.disabled = true;
	button.textContent = button.dataset.busy ?? label;
	try {
		return await work();
	} finally {
		button.disabled = false;
		button.textContent = label;
	}
}

function clear(form) {
	$('.error', form).textContent = '';
	for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}

// show puts the message under the input it is about, or above the buttons.
function show(form, e) {
	const error = $('.error', form), input = e.field && $(`[name=${e.field}]`, form);
	if (input) {
		input.closest('label').after(error);
		input.setAttribute('aria-invalid', 'true');
		input.focus();
	} else {
		$('.actions', form).before(error);
	}
	error.textContent = e.message;
}

export function reset(form) {
	form.reset();
	clear(form);
}

// same checks what was typed twice and leaves it out of the rest.
export function same({ again, ...values }) {
	if (again !== values.password) throw new Failure('The two passwords differ.', { field: 'again' });
	return values;
}
