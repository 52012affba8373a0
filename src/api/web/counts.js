/** What waits, in numbers. Each number is also a filter; the window's title carries the one that matters. */
import { h, setAttribute, setText } from './dom.js';
import { icon } from './icons.js';
import { STATES } from './query.js';
import { t } from './strings.js';

const KEY = { 'flagged': 'count.flagged', 'not-analysed': 'count.notAnalysed', 'analysing': 'count.analysing', 'not-flagged': 'count.notFlagged' };

export function createCounts({ onState }) {
  const numbers = STATES.map((state) => {
    const words = h('span', {});
    return { state, words, button: h('button', { type: 'button', class: `count ${state}`, hidden: true, onclick: () => onState(state) }, icon(state), words) };
  });
  const element = h('div', { class: 'counts' }, numbers.map(({ button }) => button));
  return {
    element,
    show({ flagCounts }, query) {
      for (const { state, words, button } of numbers) {
        const n = flagCounts?.[state] ?? 0;
        button.hidden = n === 0;
        setText(words, t(KEY[state], { n }));
        setAttribute(button, 'data-n', n);
        setAttribute(button, 'aria-label', words.textContent);
        setAttribute(button, 'aria-pressed', String(query.state.includes(state)));
        setAttribute(button, 'title', t('count.only', { what: t(`flag.${state}`) }));
      }
      document.title = flagCounts?.flagged > 0 ? `(${flagCounts.flagged}) Firstread` : 'Firstread';
    },
  };
}
