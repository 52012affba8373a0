/** The operations page's beginning: who is signed in and may look comes in, everybody else to the door or back to the list. */
import * as api from '../api.js';
import { h } from '../dom.js';
import { signInView } from '../sign-in.js';
import { t } from '../strings.js';
import { openOperations } from './page.js';

const RETRY_MS = 3_000;
const app = document.getElementById('app');
let leave = () => undefined;

start();

async function start(notice) {
  leave();
  leave = () => undefined;
  let session;
  try {
    session = await api.session();
  } catch {
    setTimeout(() => start(notice), RETRY_MS);
    return void app.replaceChildren(h('p', { class: 'notice', role: 'alert' }, t('error.offline')));
  }
  if (!session.signedIn) return void app.replaceChildren(signInView({ ...session, notice, onDone: () => start() }));
  if (!session.permissions.includes('view-devices')) {
    return void app.replaceChildren(h('main', { class: 'notice' }, h('p', {}, t('ops.notForYou')), h('p', {}, h('a', { href: '/' }, t('ops.worklist')))));
  }
  leave = openOperations(app, session, {
    onEnded: () => start(t('signIn.ended')),
    onSignOut: async () => {
      await api.signOut().catch(() => undefined);
      start();
    },
  });
  return undefined;
}
