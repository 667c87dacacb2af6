// t gives the words of text.js, with what is in braces filled in.

import { language, text } from './text.js';

const plural = new Intl.PluralRules(language);

/**
 * A text that depends on a count has one entry for each form of the language (`key.one`, `key.other`), chosen by `n`.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
	const words = text[key] ?? text[`${key}.${plural.select(values.n ?? 0)}`] ?? text[`${key}.other`] ?? key;
	return words.replace(/\{(\w+)\}/g, (_, name) => typeof values[name] === 'number' ? values[name].toLocaleString(language) : String(values[name] ?? ''));
}

/** has tells whether there are words for a key, as for the names that a server may add to. */
export const has = key => key in text;
