/** Over the list's head, moving nothing: how many changes wait while a hand is on the list, or what came in above the view. */
import { h, setText } from './dom.js';
import { t } from './strings.js';

export function createPill({ onShow, onTop }) {
  let held = 0;
  let fresh = 0;
  let above = 0;
  const words = h('span', {});
  const button = h('button', { type: 'button', onclick: () => (held > 0 ? onShow() : onTop()) });
  const key = h('kbd', { 'aria-hidden': 'true' });
  const element = h('div', { class: 'held', hidden: true }, h('div', { class: 'pill' }, words, button, key));

  function show() {
    element.hidden = held === 0 && above === 0;
    if (held > 0) setText(words, t(held === 1 ? 'list.held.one' : fresh > 0 ? 'list.held.new' : 'list.held', { n: held, fresh }));
    else setText(words, t('list.above', { n: above }));
    setText(button, t(held > 0 ? 'list.held.show' : 'list.above.show'));
    setText(key, held > 0 ? '.' : '↑');
  }

  return {
    element,
    waiting(count, came) {
      [held, fresh] = [count, came];
      show();
    },
    came(count) {
      above += count;
      show();
    },
    seenAbove() {
      if (above === 0) return;
      above = 0;
      show();
    },
  };
}
