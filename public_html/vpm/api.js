// How this page talks to the API: JSON both ways, the session in a cookie that scripts cannot read.

const base = new URL('../api/', import.meta.url);
const patience = 45_000; // ms; the program itself gives up sooner

export const address = path => new URL(path, base).href;

// Failure is an answer of the API that says no. field names the input it is about, where that is known.
export class Failure extends Error {
	constructor(message, { status = 0, code = '', field = '' } = {}) {
		super(message);
		Object.assign(this, { status, code, field });
	}
}

// NoAnswer is everything else: no connection (status 0), or an answer that the API did not write.
export class NoAnswer extends Error {
	constructor(message, status = 0, type = '') {
		super(message);
		Object.assign(this, { status, type });
	}
}

// call sends a GET, or with a body a POST.
export async function call(path, body) {
	let response, text;
	try {
		response = await fetch(address(path), {
			method: body ? 'POST' : 'GET',
			body: body && JSON.stringify(body),
			cache: 'no-store',
			signal: AbortSignal.timeout(patience),
		});
		text = await response.text();
	} catch (e) {
		throw new NoAnswer(e.name === 'TimeoutError' ? `No answer came within ${patience / 1000} seconds.` : 'No answer came from the server.');
	}
	const answer = object(text);
	if (typeof answer?.success !== 'boolean') {
		const type = response.headers.get('Content-Type')?.split(';')[0] ?? '';
		throw new NoAnswer(`The web server answered HTTP ${response.status}${type && `, ${type}`}, which is not from vpm.`, response.status, type);
	}
	if (!answer.success) throw failure(answer, response.status);
	return answer;
}

function object(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

function failure({ message = '', error = '', code, request_id: id }, status) {
	message ||= error || `HTTP ${status}`;
	const [, field] = message.match(/(?:field|this) '?(\w+)'?|without (?:the )?(code|db_name)\b/i)?.filter(Boolean) ?? [];
	return new Failure(id ? `${message} (request ${id})` : message, { status, code, field });
}
