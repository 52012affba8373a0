/** Keys and what they do. None works while somebody types, none while a dialog is open. */
import { h } from './dom.js';
import { t } from './strings.js';

const KEYS = {
  j: 'down', ArrowDown: 'down', k: 'up', ArrowUp: 'up', Enter: 'open', Escape: 'close', r: 'read', s: 'stat', o: 'overlay', z: 'wide', w: 'why', '/': 'search', '.': 'update', '?': 'help',
};
const HELP = [['j', '↓', 'move'], ['k', '↑', undefined], ['Enter', undefined, 'open'], ['r', undefined, 'read'], ['s', undefined, 'stat'], ['o', undefined, 'overlay'], ['z', undefined, 'wide'], ['w', undefined, 'why'], ['/', undefined, 'search'], ['.', undefined, 'update'], ['Esc', undefined, 'close'], ['?', undefined, 'help']];

export function listenToKeys(actions) {
  const listener = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
    const name = KEYS[event.key];
    if (name === undefined || (typing && name !== 'close' && event.key !== 'ArrowDown')) return;
    // A focused button or link keeps its Enter.
    if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('button, a, summary') !== null) return;
    event.preventDefault();
    if (typing) event.target.blur();
    actions[name]();
  };
  document.addEventListener('keydown', listener);
  return () => document.removeEventListener('keydown', listener);
}

export function helpDialog() {
  const rows = HELP.filter(([, , what]) => what !== undefined).map(([key, other, what]) => h('div', {},
    h('dt', {}, h('kbd', {}, key), other && h('kbd', {}, other), what === 'move' && [h('kbd', {}, 'k'), h('kbd', {}, '↑')]), h('dd', {}, t(`help.${what}`))));
  const dialog = h('dialog', { class: 'help-sheet', 'aria-label': t('help.title') }, h('h2', {}, t('help.title')), h('dl', {}, rows), h('form', { method: 'dialog' }, h('button', { type: 'submit' }, t('panel.close'))));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
