/** What everybody must know, above the list: a family of findings that is switched off, since when, by whom and why. */
import { bdi, h } from './dom.js';
import { moment, plain } from './format.js';
import { icon } from './icons.js';
import { t } from './strings.js';

export function createNotices() {
  const element = h('div', { class: 'notices', role: 'status' });
  let drawn = '';
  return {
    element,
    /** As GET /api/worklist tells them. */
    show(notices = []) {
      const mark = `${document.documentElement.lang} ${JSON.stringify(notices)}`;
      if (mark === drawn) return;
      drawn = mark;
      element.replaceChildren(...notices.map(({ family, atMs, by, reason }) =>
        h('p', { class: 'notice-bar' }, icon('attention'), bdi(t('notice.family-off', { family: t(`family.${family}`), time: moment(atMs), who: plain(by), reason: plain(reason) })))));
    },
  };
}
