/**
 * Talking to the server. Every answer is JSON or a Refused with the catalogue's code; `offline` where none came.
 * Where the session has ended, a call waits until the person has signed in again, and is made once more: who calls
 * never sees it. (`not-signed-in` comes only where nobody was signed in.)
 */
import { signInAgain as openDoor } from './sign-in-again.js';

export class Refused extends Error {
  constructor(code, httpStatus, { claim, detail } = {}) {
    super(code);
    /** Which rule, of a request or a password. */
    this.detail = detail;
    this.code = code;
    this.httpStatus = httpStatus;
    /** With `claimed-by-other`: who has it. */
    this.claim = claim;
  }
}

const TIMEOUT_MS = 15_000;

/** Who uses this page; known from the first answer that says so until they sign out. */
let person;
let signingIn;

function signInAgain() {
  const back = (signingIn ??= openDoor(person).finally(() => (signingIn = undefined)));
  return back.catch(() => {
    throw new Refused('offline', 0);
  });
}

/** For what is fetched past `call` (pictures) and was refused: resolves once the person is back. */
export async function signedIn() {
  if (person !== undefined && !(await session(true)).signedIn) await signInAgain();
}

export async function call(path, options) {
  try {
    return await callOnce(path, options);
  } catch (error) {
    if (error.code !== 'not-signed-in' || person === undefined) throw error;
    await signInAgain();
    return callOnce(path, options);
  }
}

async function callOnce(path, { method = 'GET', body, background = false } = {}) {
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
  if (!response.ok) throw new Refused(answer?.error?.code ?? 'other', response.status, answer?.error);
  if (answer === undefined) throw new Refused('offline', 0);
  return answer;
}

/** `background`: by itself, which does not keep a session alive. */
export async function session(background = false) {
  const now = await call('/api/session', { background });
  if (now.signedIn && person === undefined) person = now;
  return now;
}
export const signIn = (name, password) => call('/api/session', { method: 'POST', body: { name, password } });
/** Resolves only where the browser need not go on to the provider's own sign-out. */
export async function signOut() {
  person = undefined;
  const { next } = await call('/api/session/end', { method: 'POST' });
  if (next === undefined) return;
  location.assign(next);
  await new Promise(() => undefined);
}
export const changePassword = (before, after) => call('/api/account/password', { method: 'POST', body: { before, after } });
export const study = (uid, background) => call(`/api/studies/${uid}`, { background });
export const models = () => call('/api/models', { background: true });
export const why = (a, b) => call(`/api/why?a=${a}&b=${b}`);
export const previewAddress = (fileKey) => `/api/instances/${fileKey}/preview`;
export const reportAddress = (uid) => `/api/reports/${uid}`;

/** `asked`: as worklistParameters of query.js writes it. */
export const worklist = (asked, background) => call(`/api/worklist?${asked}`, { background });
export const facets = () => call('/api/worklist/facets', { background: true });

export const claim = (uid, { takeOver = false, background = false } = {}) => call(`/api/studies/${uid}/claim`, { method: 'POST', body: takeOver ? { takeOver } : {}, background });
export const release = (uid) => call(`/api/studies/${uid}/release`, { method: 'POST', background: true });
/** Sent also while the page is being closed. */
export const releaseWhileLeaving = (uid) => void fetch(`/api/studies/${uid}/release`, { method: 'POST', headers: { 'x-firstread': 'refresh' }, credentials: 'same-origin', keepalive: true }).catch(() => undefined);
export const feedback = (uid, body) => call(`/api/studies/${uid}/feedback`, { method: 'POST', body });

export const views = () => call('/api/views', { background: true });
export const saveView = (name, query) => call(`/api/views/${encodeURIComponent(name)}`, { method: 'PUT', body: { query } });
export const removeView = (name) => call(`/api/views/${encodeURIComponent(name)}`, { method: 'DELETE' });

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
      if (person === undefined) onEnded();
      else signInAgain().then(() => !closed && connect(), () => !closed && again());
    });
    source.addEventListener('error', () => {
      onState(false);
      if (source.readyState !== EventSource.CLOSED || closed) return;
      again();
    });
  };
  // A refused stream says nothing of why: where the session has ended, the door opens first.
  const again = () => {
    clearTimeout(retry);
    retry = setTimeout(async () => {
      await signedIn().catch(() => undefined);
      if (!closed) connect();
    }, 3_000);
  };
  connect();
  return () => {
    closed = true;
    clearTimeout(retry);
    source.close();
  };
}
