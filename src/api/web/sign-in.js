/** The door: a one-time link, or name and password where users are set up. */
import * as api from './api.js';
import { h } from './dom.js';
import { hasText, t } from './strings.js';

export function signInView({ usersConfigured, notice, onDone }) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: notice === undefined }, notice);
  const name = h('input', { name: 'name', autocomplete: 'username', maxlength: '64', required: true });
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', maxlength: '256', required: true });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await api.signIn(name.value, password.value);
      onDone();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code });
      password.value = '';
      password.focus();
    }
  };
  return h('main', { class: 'sign-in' },
    h('div', { class: 'card' },
      h('div', { class: 'brand big' }, h('img', { src: '/icon.svg', alt: '', width: '40', height: '40' }), h('span', {}, 'Firstread')),
      h('p', { class: 'sub' }, t('app.tagline')),
      problem,
      usersConfigured
        ? h('form', { onsubmit: submit }, h('label', {}, t('signIn.name'), name), h('label', {}, t('signIn.password'), password), h('button', { type: 'submit', class: 'primary' }, t('signIn.go')))
        : undefined,
      h('p', { class: usersConfigured ? 'sub' : '' }, t(usersConfigured ? 'signIn.linkOr' : 'signIn.link'))),
    h('p', { class: 'only' }, t('app.only')));
}
