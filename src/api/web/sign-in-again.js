/**
 * The session ended in mid-click: a door in front of the page, which stays as it is behind it, hidden from whoever
 * passes by. Signing in as the same person goes on where they were; as another one the page begins afresh. Signing in
 * in another window, with the hospital's account or a one-time link, counts too.
 */
import * as api from './api.js';
import { h } from './dom.js';
import { signInForm } from './sign-in.js';
import { t } from './strings.js';

/** Looked for when the window comes to the front, and in between: a tablet tells nobody. */
const LOOK_MS = 3_000;
const CHANNEL = 'firstread.session';

/** Resolves when `person` is back; never where the page begins afresh. */
export async function signInAgain(person) {
  const now = await api.session(true);
  // Another window was quicker.
  if (now.signedIn) return isBack(now, person) ? undefined : afresh();
  const { usersConfigured, oidc } = now;
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(CHANNEL);
    const focused = document.activeElement;

    const look = async () => {
      const now = await api.session(true).catch(() => undefined);
      if (now?.signedIn !== true || !dialog.isConnected) return;
      if (!isBack(now, person)) return void afresh();
      clearInterval(timer);
      removeEventListener('focus', look);
      channel.postMessage('signed-in'); // the other windows of this browser are back as well
      channel.close();
      dialog.close();
      dialog.remove();
      focused?.focus?.({ preventScroll: true });
      resolve();
    };

    const form = signInForm({
      usersConfigured, oidc, name: person.hasPassword ? person.name : '', to: '/signed-in.html', onDone: look,
      onProvider(event) {
        event.preventDefault();
        open(event.currentTarget.href, 'firstread-sign-in', 'popup,width=520,height=680');
        wait.hidden = false;
      },
    });
    const wait = h('p', { class: 'sub', role: 'status', hidden: true }, t('signIn.window'));
    const dialog = h('dialog', { class: 'sign-in-again', closedby: 'none', 'aria-labelledby': 'sign-in-again-title', 'aria-describedby': 'sign-in-again-why' },
      h('h2', { id: 'sign-in-again-title' }, t('signIn.again')),
      h('p', { id: 'sign-in-again-why', class: 'sub' }, t('signIn.again.why', { name: person.name })),
      form.element, wait,
      usersConfigured || oidc !== undefined ? undefined : h('p', { class: 'sub' }, t('signIn.again.link')),
      h('button', { type: 'button', class: 'link', onclick: afresh }, t('signIn.again.leave', { name: person.name })));
    // Escape must not uncover the page: not in browsers that do not know `closedby` either.
    dialog.addEventListener('keydown', (event) => event.key === 'Escape' && event.preventDefault());
    dialog.addEventListener('close', () => dialog.isConnected && dialog.showModal());

    channel.addEventListener('message', look);
    addEventListener('focus', look);
    const timer = setInterval(look, LOOK_MS);
    document.body.append(dialog);
    dialog.showModal();
    form.focus();
  });
}

const isBack = (now, person) => now.name === person.name && now.role === person.role;

function afresh() {
  history.replaceState(null, '', location.pathname);
  location.reload();
  return new Promise(() => undefined);
}
