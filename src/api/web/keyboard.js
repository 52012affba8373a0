/**
 * Keys and what they do, those of the picture's tools (picture/toolbar.js) among them. None works while somebody types, none while a dialog is open. The help sheet
 * names them all.
 */
import { h } from './dom.js';
import { PICTURE_KEYS } from './picture/toolbar.js';
import { t } from './strings.js';

const KEYS = {
  j: 'down', ArrowDown: 'down', k: 'up', ArrowUp: 'up', PageDown: 'pageDown', PageUp: 'pageUp', Home: 'first', End: 'last', Enter: 'open', Escape: 'close',
  r: 'read', u: 'markOnly', s: 'stat', a: 'agree', d: 'disagree', n: 'note', o: 'overlay', z: 'wide', f: 'full', w: 'why', '/': 'search', '.': 'update', '?': 'help',
};
/** What a key that is held down goes on doing: moving, grey window, zoom. Everything else is done once for each press. */
const GOES_ON = new Set(['j', 'k', 'ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End', '[', ']', '{', '}', '+', '=', '-']);
/** A held key's repetition that must do nothing: a held r would mark study after study as read, unseen. */
export const isHeldOn = (event) => event.repeat && !GOES_ON.has(event.key);
/** After g. */
const GO = { m: 'mine', u: 'unread', r: 'read', o: 'operations', f: 'flagged' };
const GO_MS = 1_500;
/** Of these the browser keeps what it does with them, where there is no list to move in. */
const LEFT_TO_FIELDS = 'input:not([type="checkbox"]):not([type="radio"]), textarea, select, [contenteditable]';

const HELP = [
  ['list', [['move', 'j', '↓', 'k', '↑'], ['page', 'PgDn', 'PgUp', 'Home', 'End'], ['search', '/'], ['update', '.'], ['why', 'w'], ['go', 'g', 'm'], ['goUnread', 'g', 'u'], ['goRead', 'g', 'r'], ['goFlagged', 'g', 'f'], ['goOperations', 'g', 'o']]],
  ['study', [['open', 'Enter'], ['read', 'r'], ['markOnly', 'u'], ['agree', 'a'], ['disagree', 'd'], ['note', 'n'], ['stat', 's'], ['wide', 'z'], ['full', 'f'], ['close', 'Esc'], ['help', '?']]],
  ['picture', [['tool.overlay', 'o'], ['tool.invert', 'i'], ['tool.presets', '2', '…', '6'], ['windowKeys', '[', ']', '{', '}'], ['tool.pan', 'p'], ['tool.zoomIn', '+'], ['tool.zoomOut', '-'], ['tool.fit', '0'], ['tool.oneToOne', '1'], ['tool.turn', 't'], ['tool.mirror', 'h'], ['tool.upsideDown', 'v'], ['tool.reset', 'x']]],
];

export function listenToKeys(actions) {
  let goAtMs = -Infinity;
  const listener = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const typing = target.matches(LEFT_TO_FIELDS);
    if (typing && event.key !== 'Escape' && !(event.key === 'ArrowDown' && target.matches('input[type="search"]'))) return;
    const heldOn = isHeldOn(event);
    const going = !typing && !heldOn && event.timeStamp - goAtMs < GO_MS;
    if (!heldOn) goAtMs = !typing && event.key === 'g' && !going ? event.timeStamp : -Infinity;
    const name = going ? GO[event.key] && 'go' : KEYS[event.key] ?? (Object.hasOwn(PICTURE_KEYS, event.key) ? 'picture' : undefined);
    if (name === undefined) return;
    // Not the browser's part of it either: Enter presses what has the focus.
    if (heldOn) return void event.preventDefault();
    // A focused button or link keeps its Enter; what scrolls keeps its keys.
    if (event.key === 'Enter' && target.closest('button, a, summary') !== null) return;
    if (['PageDown', 'PageUp', 'Home', 'End', 'ArrowDown', 'ArrowUp'].includes(event.key) && target.closest('.panel') !== null) return;
    event.preventDefault();
    if (typing) target.blur();
    actions[name](going ? GO[event.key] : event.key, event.repeat);
  };
  document.addEventListener('keydown', listener);
  return () => document.removeEventListener('keydown', listener);
}

export function helpDialog() {
  const line = ([what, ...keys]) => h('div', {}, h('dt', {}, keys.map((key) => h('kbd', {}, key))), h('dd', {}, t(what.startsWith('tool.') ? what : `help.${what}`)));
  const part = ([name, lines]) => h('section', {}, h('h3', {}, t(`help.part.${name}`)), h('dl', {}, lines.map(line)));
  const dialog = h('dialog', { class: 'help-sheet', 'aria-label': t('help.title') }, h('h2', {}, t('help.title')), h('div', { class: 'help-parts' }, HELP.map(part)), h('form', { method: 'dialog' }, h('button', { type: 'submit' }, t('panel.close'))));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
