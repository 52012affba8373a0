/** Talking to the server. Every answer is JSON or a Refused with the catalogue's code; `offline` where none came. */

export class Refused extends Error {
  constructor(code, httpStatus) {
    super(code);
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

const TIMEOUT_MS = 15_000;

async function call(path, { method = 'GET', body, background = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      // The header says that this page asks; `refresh`: by itself, which does not keep a session alive.
      headers: { 'x-firstread': background ? 'refresh' : '1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Refused('offline', 0);
  }
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new Refused(answer?.error?.code ?? 'other', response.status);
  if (answer === undefined) throw new Refused('offline', 0);
  return answer;
}

export const session = () => call('/api/session');
export const signIn = (name, password) => call('/api/session', { method: 'POST', body: { name, password } });
export const signOut = () => call('/api/session/end', { method: 'POST' });
export const study = (uid, background) => call(`/api/studies/${uid}`, { background });
export const models = () => call('/api/models', { background: true });
export const why = (a, b) => call(`/api/why?a=${a}&b=${b}`);
export const previewAddress = (fileKey) => `/api/instances/${fileKey}/preview`;
export const reportAddress = (uid) => `/api/reports/${uid}`;

export function worklist({ limit, includeRead, search, background }) {
  const query = new URLSearchParams({ limit: String(limit), includeRead: String(includeRead) });
  if (search !== '') query.set('search', search);
  return call(`/api/worklist?${query}`, { background });
}

export const act = (uid, verb, body) => call(`/api/studies/${uid}/${verb}`, { method: 'POST', body });

/**
 * The live feed. `onChange(uids | undefined)`: these studies, or anything. `onState(up)`.
 * EventSource reconnects by itself with the last id after a broken connection, but not after a refusal.
 */
export function openLive(position, { onChange, onState, onEnded }) {
  let source;
  let retry;
  let closed = false;
  const connect = () => {
    source = new EventSource(`/api/live?since=${encodeURIComponent(position)}`);
    source.addEventListener('hello', () => onState(true));
    source.addEventListener('changed', (event) => {
      position = event.lastEventId;
      const { studyInstanceUids, all } = JSON.parse(event.data);
      onChange(all ? undefined : studyInstanceUids);
    });
    source.addEventListener('reset', (event) => {
      position = event.lastEventId;
      onChange(undefined);
    });
    source.addEventListener('ended', () => {
      source.close();
      onEnded();
    });
    source.addEventListener('error', () => {
      onState(false);
      if (source.readyState !== EventSource.CLOSED || closed) return;
      clearTimeout(retry);
      retry = setTimeout(connect, 3_000);
    });
  };
  connect();
  return () => {
    closed = true;
    clearTimeout(retry);
    source.close();
  };
}
