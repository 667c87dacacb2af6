// t gives the words of text.js to the pages that use nothing else of the panel's. {name} stands for a value.

import { text } from './text.js';

export const t = (key, values = {}) => (text[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
