/** The server is gone, or refuses: said over the list, with the age of what is still shown. It moves nothing. */
import { h, setText } from './dom.js';
import { clock, duration } from './format.js';
import { t } from './strings.js';

export function createConnection() {
  const words = h('span', {});
  const age = h('span', { class: 'age', 'aria-hidden': 'true' });
  const element = h('div', { class: 'offline', role: 'alert', hidden: true }, h('span', { class: 'offline-dot' }), words, age);
  let loadedAtMs;
  let code;

  function show() {
    if (code === undefined) return;
    setText(words, code !== 'offline' ? t('list.failed', { code }) : loadedAtMs === undefined ? t('list.noAnswer') : t('list.offline', { time: clock(loadedAtMs, true) }));
  }

  return {
    element,
    relabel: show,
    answered(nowMs) {
      loadedAtMs = nowMs;
      code = undefined;
      element.hidden = true;
    },
    failed(why) {
      code = why;
      show();
      element.hidden = false;
      this.tick(Date.now());
    },
    tick(nowMs) {
      if (code !== undefined) setText(age, loadedAtMs === undefined || nowMs - loadedAtMs < 60_000 ? '' : t('list.age', { time: duration(nowMs - loadedAtMs) }));
    },
  };
}
