/**
 * "Why is this above that", for any two rows: one is chosen, then the other, and one sentence says it in the page's
 * language. The server answers with a code and figures; a code that this page does not know is said in its English.
 */
import * as api from './api.js';
import { bdi, h } from './dom.js';
import { duration, personName, plain, ticking } from './format.js';
import { icon } from './icons.js';
import { reasonLine, reasonText } from './reasons.js';
import { hasText, t } from './strings.js';

export function createWhy({ rowOf, onChosen, onProblem }) {
  const words = h('div', { class: 'why-words', role: 'status' });
  const closeButton = h('button', { type: 'button', class: 'quiet', onclick: () => close() }, icon('close'));
  const element = h('div', { class: 'why-strip', hidden: true }, h('span', { class: 'why-icon' }, icon('order')), words, closeButton);
  let chosen;

  const nameOf = (uid) => personName(rowOf(uid)?.patientName);

  function show(...content) {
    closeButton.setAttribute('aria-label', t('panel.close'));
    words.replaceChildren(...content);
    element.hidden = false;
  }

  function close() {
    chosen = undefined;
    onChosen(undefined);
    element.hidden = true;
  }

  async function compare(a, b) {
    try {
      const answer = await api.why(a, b);
      show(h('p', {}, h('b', {}, bdi(nameOf(answer.above))), ` ${t('why.above')} `, h('b', {}, bdi(nameOf(answer.below)))), h('p', { class: 'sub' }, bdi(whySentence(answer, rowOf))));
    } catch (error) {
      close();
      onProblem(error);
    }
  }

  return {
    element,
    compare,
    close,
    isOpen: () => !element.hidden,
    /** First one, then the other; the same twice: never mind. */
    choose(uid) {
      if (chosen === undefined) {
        chosen = uid;
        onChosen(uid);
        show(h('p', {}, t('why.first'), ' ', h('b', {}, bdi(nameOf(uid)))), h('p', { class: 'sub' }, t('why.second')));
        return;
      }
      const first = chosen;
      chosen = undefined;
      onChosen(undefined);
      if (first === uid) close();
      else compare(first, uid);
    },
  };
}

/** The server's figures as a sentence; times become words, classes and reasons are translated. */
function whySentence(answer, rowOf) {
  const key = `why.code.${answer.code}`;
  if (answer.facts === undefined || !hasText(key)) return plain(answer.explanation);
  const { above, below } = answer.facts;
  const reason = (uid, facts) => (rowOf(uid) === undefined ? reasonText(facts.reason) : reasonLine(rowOf(uid)));
  const both = above.lane === 'overdue' ? t('why.both.overdue') : t('why.both.class', { class: t(`priority.${below.priority}`) });
  return t(key, {
    both, step: duration(answer.stepMs),
    above: t(`priority.${above.priority}`), below: t(`priority.${below.priority}`), aboveReason: reason(answer.above, above),
    aboveWaited: ticking(above.waitingMs), belowWaited: ticking(below.waitingMs),
    aboveOver: duration(above.overdueMs), belowOver: duration(below.overdueMs), aboveCap: duration(above.capMs), belowCap: duration(below.capMs),
  });
}
