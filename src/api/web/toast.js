/** A line that says what was done, with a way back where there is one. */
import { bdi, h } from './dom.js';

const SHOWN_MS = 6_000;

export function toast(text, action) {
  const place = document.getElementById('toasts');
  const element = h('div', { class: 'toast' }, bdi(text), action && h('button', { type: 'button', class: 'link', onclick: () => { element.remove(); action.run(); } }, action.label));
  place.append(element);
  while (place.children.length > 3) place.firstChild.remove();
  setTimeout(() => element.remove(), SHOWN_MS);
}
