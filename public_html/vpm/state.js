// What an instance's figures mean in one word.

/**
 * stateOf gives the word, and the kind that decides colour and icon. What was seen comes before what is wanted.
 * @returns {{word: string, kind: 'ok' | 'warn' | 'bad' | 'idle' | 'unknown'}}
 */
export function stateOf({ wanted, observed, drift, process, status }) {
	// Of a process the list knows more than what was seen last.
	const dead = process?.status === 'error' || process?.status === 'stopped' && observed !== 'stopped';
	if (process?.mode === 'real' && wanted === 'running' && dead) return { word: 'failed', kind: 'bad' };
	if (drift) {
		if (observed === 'running') return { word: 'open', kind: 'bad' };
		if (observed === 'stopped') return { word: 'closed', kind: 'bad' };
		return { word: 'damaged', kind: 'bad' };
	}
	if (wanted === 'stopped') return observed === 'stopped' ? { word: 'stopped', kind: 'idle' } : { word: 'stopping', kind: 'unknown' };
	if (status === 'maintenance') return { word: 'maintenance', kind: 'warn' };
	if (status === 'error') return { word: 'error', kind: 'bad' };
	if (observed === 'unknown') return { word: 'unseen', kind: 'unknown' }; // healthy is then what is hoped
	return process?.healthy ? { word: 'running', kind: 'ok' } : { word: 'unhealthy', kind: 'bad' };
}

/** The filters above the list, in their order. */
export const groups = {
	all: () => true,
	attention: i => ['bad', 'warn'].includes(stateOf(i).kind),
	running: i => i.wanted === 'running',
	stopped: i => i.wanted === 'stopped',
};

/** offers tells which of start, stop and restart would change something. Where something drifts, each may help. */
export function offers({ wanted, observed, drift, process }) {
	const settled = !drift && observed !== 'unknown' && process?.status === wanted;
	return { start: !(settled && wanted === 'running'), stop: !(settled && wanted === 'stopped'), restart: wanted === 'running' };
}

const json = text => {
	try {
		return JSON.parse(text) ?? {};
	} catch {
		return {};
	}
};

/** configOf reads the JSON column, in which other programs may have left anything. */
export const configOf = ({ config }) => {
	const value = typeof config === 'string' ? json(config) : config;
	return typeof value === 'object' && value && !Array.isArray(value) ? value : {};
};

/** addressOf is where visitors reach the instance, or ''. Only http and https: it becomes a link. */
export function addressOf(instance) {
	const { url } = configOf(instance), { domain, path_prefix: prefix } = instance;
	const text = typeof url === 'string' && url ? url : domain ? `http://${domain}/${(prefix ?? '').replace(/^\/+/, '')}` : '';
	return /^https?:\/\//i.test(text) ? text : '';
}
