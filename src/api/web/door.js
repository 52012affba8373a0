/** The door of a page: whoever is signed in comes in, everybody else signs in first; whose session ends, or who signs out, is back here. */
import * as api from './api.js';
import { h } from './dom.js';
import { signInView } from './sign-in.js';
import { t } from './strings.js';

const RETRY_MS = 3_000;
const app = document.getElementById('app');

/** `open(app, session, { onEnded, onSignOut })` shows the page and returns what takes it down. `notice`: why somebody stands at the door. */
export async function openDoor(open, notice) {
  let session;
  try {
    session = await api.session();
  } catch {
    setTimeout(() => openDoor(open, notice), RETRY_MS);
    return void app.replaceChildren(h('p', { class: 'notice', role: 'alert' }, t('error.offline')));
  }
  if (!session.signedIn) return void app.replaceChildren(signInView({ ...session, notice, onDone: () => openDoor(open) }));
  let isIn = true;
  const leave = open(app, session, {
    onEnded() {
      if (!isIn) return;
      isIn = false;
      leave();
      openDoor(open, t('signIn.ended'));
    },
    async onSignOut() {
      // The live feed may say that the session has ended before the answer does: not into the door of this document.
      isIn = false;
      await api.signOut().catch(() => undefined);
      // Another document: nothing that this one keeps of patients, pictures above all, is there for whoever signs in next. Also
      // where no answer came, for the session may have ended: where it has not, the page says so by being there again.
      history.replaceState(null, '', location.pathname);
      location.reload();
    },
  });
  return undefined;
}
