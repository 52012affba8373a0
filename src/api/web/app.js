/** The page's beginning: whoever is signed in comes to the desk, everybody else to the door. */
import * as api from './api.js';
import { openDesk } from './desk.js';
import { h } from './dom.js';
import { signInView } from './sign-in.js';
import { hasText, t } from './strings.js';

const RETRY_MS = 3_000;
const app = document.getElementById('app');
let leave = () => undefined;

start();

async function start(notice) {
  leave();
  leave = () => undefined;
  const refused = new URLSearchParams(location.search).get('refused');
  let session;
  try {
    session = await api.session();
  } catch {
    setTimeout(() => start(notice), RETRY_MS);
    return void app.replaceChildren(h('p', { class: 'notice', role: 'alert' }, t('error.offline')));
  }
  if (refused !== null) history.replaceState(null, '', `/${location.hash}`);
  if (session.signedIn) {
    leave = openDesk(app, session, { onEnded: () => start(t('signIn.ended')), onSignOut: async () => { await api.signOut().catch(() => undefined); start(); } });
    return undefined;
  }
  const words = notice ?? (refused !== null && hasText(`error.${refused}`) ? t(`error.${refused}`) : undefined);
  app.replaceChildren(signInView({ ...session, notice: words, onDone: () => start() }));
  return undefined;
}
