/** One's own password: the old one, a new one, and again. All other sessions of the person end with it. */
import * as api from './api.js';
import { h } from './dom.js';
import { hasText, t } from './strings.js';
import { toast } from './toast.js';

export function accountDialog(session) {
  const field = (key, autocomplete) => {
    const input = h('input', { type: 'password', autocomplete, maxlength: '256', required: true });
    return { input, element: h('label', {}, t(`account.${key}`), input) };
  };
  const [before, after, again] = [field('before', 'current-password'), field('after', 'new-password'), field('again', 'new-password')];
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const go = h('button', { type: 'submit', class: 'primary' }, t('account.change'));
  const say = (text, input) => {
    problem.hidden = false;
    problem.textContent = text;
    input?.select();
    input?.focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    if (after.input.value !== again.input.value) return say(t('account.differ'), again.input);
    go.disabled = true;
    try {
      await api.changePassword(before.input.value, after.input.value);
      dialog.close();
      toast(t('account.changed'));
    } catch (error) {
      const weak = `account.problem.${error.detail}`;
      if (error.code === 'password-weak' && hasText(weak)) say(t(weak, { n: session.passwordLengthMin }), after.input);
      else if (error.code === 'credentials-wrong') say(t('account.wrong'), before.input);
      else say(hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code }));
    } finally {
      go.disabled = false;
    }
    return undefined;
  };
  const dialog = h('dialog', { class: 'ask account', 'aria-labelledby': 'account-title' },
    h('h2', { id: 'account-title' }, t('account.title')),
    h('p', { class: 'sub' }, t('account.hint', { n: session.passwordLengthMin })),
    h('form', { onsubmit: submit },
      // So that a password keeper knows whose it is.
      h('input', { type: 'text', name: 'name', autocomplete: 'username', value: session.name, hidden: true }),
      before.element, after.element, again.element, problem,
      h('div', { class: 'ask-buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, t('account.cancel')), go)));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  before.input.focus();
}
