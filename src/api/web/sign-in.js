/** The door: with the hospital's account where there is one, with name and password, or with a one-time link. */
import * as api from './api.js';
import { h } from './dom.js';
import { hasText, t } from './strings.js';

const says = (code) => (hasText(`error.${code}`) ? t(`error.${code}`) : t('error.other', { code }));
export const nameOfProvider = (oidc) => (oidc.name === '' ? t('signIn.hospital') : oidc.name);

/**
 * Name and password, and the provider's button above them. `onDone`: signed in with a password. `onProvider(event)`:
 * the button; without it the browser simply goes there.
 */
export function signInForm({ usersConfigured, oidc, name: knownName = '', to = '/', onDone, onProvider }) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const name = h('input', { name: 'name', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '64', required: true, value: knownName });
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', maxlength: '256', required: true });
  const go = h('button', { type: 'submit', class: 'primary' }, t('signIn.go'));
  const say = (code) => {
    problem.hidden = code === undefined;
    problem.textContent = code === undefined ? '' : says(code);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    go.disabled = true; // a check takes its time, on purpose
    try {
      await api.signIn(name.value, password.value);
      await onDone();
    } catch (error) {
      say(error.code);
      password.value = '';
      password.focus();
    } finally {
      go.disabled = false;
    }
  };
  const provider = oidc === undefined ? undefined : oidc.available
    ? h('a', { class: 'oidc', href: `/sign-in/oidc?to=${encodeURIComponent(to)}`, onclick: onProvider ?? (() => undefined) }, t('signIn.with', { name: nameOfProvider(oidc) }))
    : h('p', { class: 'oidc away', role: 'status' }, t('signIn.away', { name: nameOfProvider(oidc) }));
  return {
    say,
    /** The way this person came in the last time. */
    focus: () => (name.value !== '' ? password : provider?.tagName === 'A' ? provider : name).focus(),
    element: h('div', { class: 'sign-in-form' }, problem, provider,
      provider?.tagName === 'A' && usersConfigured ? h('div', { class: 'or', 'aria-hidden': 'true' }, t('signIn.or')) : undefined,
      usersConfigured ? h('form', { onsubmit: submit }, h('label', {}, t('signIn.name'), name), h('label', {}, t('signIn.password'), password), go) : undefined),
  };
}

export function signInView({ usersConfigured, oidc, notice, onDone }) {
  const form = signInForm({ usersConfigured, oidc, to: `${location.pathname}${location.hash}`, onDone });
  const ways = usersConfigured || oidc !== undefined;
  return h('main', { class: 'sign-in' },
    h('div', { class: 'card' },
      h('h1', { class: 'brand big' }, h('img', { src: '/icon.svg', alt: '', width: '40', height: '40' }), h('span', {}, 'Firstread')),
      h('p', { class: 'sub' }, t('app.tagline')),
      h('p', { class: 'problem', role: 'alert', hidden: notice === undefined }, notice),
      form.element,
      h('p', { class: ways ? 'sub' : '' }, t(ways ? 'signIn.linkOr' : 'signIn.link'))),
    h('p', { class: 'only' }, t('app.only')));
}
