/** What may be done to the open study: read, STAT, acknowledge, close. */
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { isDone } from '../row-view.js';
import { t } from '../strings.js';

export function actionsBar(row, { may, onAct }) {
  const button = (label, verb, body, key, primary, iconName) => h('button', { type: 'button', class: primary ? 'primary' : '', 'data-keep': verb, onclick: () => onAct(verb, body) }, iconName && icon(iconName), label, key && h('kbd', {}, key));
  return [
    may('mark-read') && (isDone(row) ? button(t('do.unread'), 'unread', undefined, 'r', true, 'back') : button(t('do.read'), 'read', undefined, 'r', true, 'check')),
    may('acknowledge') && row.attention !== null && button(t('do.acknowledge'), 'acknowledge'),
    may('prioritise') && !isDone(row) && button(row.order.stat ? t('do.unstat') : t('do.stat'), 'prioritise', { stat: !row.order.stat }, 's', false, 'bolt'),
    h('span', { class: 'spacer' }),
    may('mark-read') && !isDone(row) && h('button', { type: 'button', class: 'quiet', 'data-keep': 'close-study', onclick: () => askToClose(onAct) }, t('do.close')),
  ];
}

function askToClose(onAct) {
  const input = h('input', { type: 'text', name: 'reason', required: true, minlength: '3', maxlength: '200', autocomplete: 'off' });
  const dialog = h('dialog', { class: 'ask' }, h('form', { method: 'dialog' },
    h('label', {}, t('do.close.ask'), input),
    h('div', { class: 'ask-buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, t('do.cancel')), h('button', { type: 'submit', class: 'primary', value: 'yes' }, t('do.close.confirm')))));
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'yes') onAct('close', { reason: input.value.trim() });
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
