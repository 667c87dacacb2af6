// Figures and times for people: in their zone, and in the language of text.js.

import { now } from './api.js';
import { language } from './text.js';
import { t } from './words.js';

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

/** bytes as `1.4 GB`; units of 1024, as hosts count. */
export function bytes(n) {
	if (n == null) return '–';
	const step = Math.min(n > 0 ? Math.floor(Math.log2(n) / 10) : 0, units.length - 1);
	const value = n / 1024 ** step;
	if (step === 0) return `${value.toLocaleString(language)} B`;
	return value.toLocaleString(language, { style: 'unit', unit: units[step], unitDisplay: 'short', maximumFractionDigits: value < 100 ? 1 : 0 });
}

export const count = n => n == null ? '–' : n.toLocaleString(language);

export const milliseconds = ms => ms == null ? '–'
	: ms < 1000 ? `${Math.round(ms).toLocaleString(language)} ms` : `${(ms / 1000).toLocaleString(language, { maximumFractionDigits: 1 })} s`;

export const percent = share => share == null ? '–' : share.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });

const relative = new Intl.RelativeTimeFormat(language, { style: 'short', numeric: 'always' });
const spans = [['year', 31_536_000], ['month', 2_628_000], ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

/** ago tells how long before or after now a time is. */
export function ago(time) {
	const seconds = Math.round((Date.parse(time) - now()) / 1000);
	if (Math.abs(seconds) < 5) return t('time.now');
	const [unit, length] = spans.find(([, length]) => Math.abs(seconds) >= length) ?? spans.at(-1);
	return relative.format(Math.trunc(seconds / length), unit);
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** when gives a time in the visitor's zone. */
export const when = (time, { seconds = false } = {}) => (seconds ? full : short).format(new Date(time));

/**
 * zoned gives a time of the contract, which has no zone, as RFC 3339, by another of the same answer that was taken
 * as it was written. null where that cannot be told.
 */
export function zoned(time, taken) {
	const utc = text => Date.parse(`${text?.replace(' ', 'T')}Z`);
	const offset = Math.round((utc(taken) - now()) / 900_000) * 900_000; // zones differ by quarters of an hour
	const moment = utc(time) - offset;
	return Number.isNaN(moment) ? null : new Date(moment).toISOString();
}
