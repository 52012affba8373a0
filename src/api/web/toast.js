/** A line that says what was done, with a way back where there is one; or what stays true until somebody has seen it. */
import { bdi, h } from './dom.js';

const SHOWN_MS = 6_000;

/** Returns what takes it away. */
export function toast(text, action, { stays = false } = {}) {
  const place = document.getElementById('toasts');
  const remove = () => element.remove();
  const element = h('div', { class: `toast${stays ? ' stays' : ''}` }, bdi(text), action && h('button', { type: 'button', class: 'link', onclick: () => { remove(); action.run(); } }, action.label));
  place.append(element);
  while (place.children.length > 3) (place.querySelector('.toast:not(.stays)') ?? place.firstChild).remove();
  if (!stays) setTimeout(remove, SHOWN_MS);
  return remove;
}
