/** News for those who do not see the list move: said politely, the latest only, and not more often than one can bear. */
import { h } from './dom.js';

const QUIET_MS = 10_000;

export function createAnnouncer() {
  const element = h('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  let saidAtMs = -Infinity;
  let timer;
  let said = '';
  const say = (text) => {
    saidAtMs = performance.now();
    if (text === said) return;
    said = text;
    element.textContent = text;
  };
  return {
    element,
    /** `atOnce`: the answer to what the reader just did. */
    say(text, atOnce = false) {
      clearTimeout(timer);
      const waitMs = atOnce ? 0 : saidAtMs + QUIET_MS - performance.now();
      if (waitMs <= 0) say(text);
      else timer = setTimeout(() => say(text), waitMs);
    },
    close: () => clearTimeout(timer),
  };
}
