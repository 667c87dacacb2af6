// Preact with htm in place of JSX: templates are plain JavaScript, and what is put into them is text, never markup.

import { h, render } from './vendor/preact.js';
import htm from './vendor/htm.js';

export { h, render };
export { createContext } from './vendor/preact.js';
export { useCallback, useContext, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState } from './vendor/hooks.js';
export const html = htm.bind(h);
