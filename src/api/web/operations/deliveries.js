/** Deliveries: each destination with what waits and why, then the deliveries themselves, to try again or to give up. */
import { call } from '../api.js';
import { deliveryWhy } from '../delivery-why.js';
import { bdi, h } from '../dom.js';
import { duration, moment, plain } from '../format.js';
import { icon } from '../icons.js';
import { t } from '../strings.js';
import { technicalLine } from '../technical.js';
import { askWhy, choose, emptyView, number, section, state, studyLink, table } from './parts.js';

const SHOWN = 100;
const STATES = ['failed', 'pending', 'sent', 'dropped'];
let shown = 'failed';
let destination = '';

export const deliveriesTab = {
  name: 'deliveries', permission: 'view-operations', icon: 'outside',
  load: ({ background }) => call(`/api/operations/deliveries?${new URLSearchParams({ state: shown, limit: String(SHOWN), ...(destination === '' ? {} : { destination }) })}`, { background }),
  count: ({ destinations }) => destinations.reduce((sum, { failedCount }) => sum + failedCount, 0),
  view: (data, page) => (data.destinations.length === 0
    ? emptyView(t('deliveries.noDestinations'), t('deliveries.noDestinations.hint'), 'outside')
    : [destinationSection(data, page), deliverySection(data, page)]),
};

const destinationSection = ({ destinations }, page) => section(t('deliveries.destinations'), undefined,
  h('ul', { class: 'ops-cards columns' }, destinations.map((one) => destinationCard(one, page))));

function destinationCard(one, page) {
  const open = one.pendingCount + one.failedCount;
  return h('li', { class: `ops-card destination ${one.state === 'resting' || one.failedCount > 0 ? 'calls' : ''}` },
    h('div', { class: 'ops-card-head' }, bdi(one.name, { class: 'strong' }), h('span', { class: 'spacer' }), destinationState(one)),
    one.where !== '' && h('p', { class: 'mono sub' }, bdi(one.where)),
    h('dl', { class: 'numbers' }, [['pending', one.pendingCount], ['failed', one.failedCount], ['sent', one.sentCount]].map(([name, n]) => h('div', { class: n > 0 ? name : 'none' }, h('dd', {}, number(n)), h('dt', {}, t(`deliveries.${name}`))))),
    one.problem && whyView(one.problem.code, one.problem.text, true),
    one.state === 'resting' && h('p', { class: 'sub' }, page.ticking(() => nextTry(one.restsUntilMs, page))),
    one.lastSentAtMs !== undefined && h('p', { class: 'sub' }, t('deliveries.lastSent', { time: moment(one.lastSentAtMs) })),
    one.state === 'removed' && h('p', { class: 'sub' }, t('deliveries.removed.hint')),
    page.may('manage-operations') && open > 0 && h('div', { class: 'ops-card-actions' },
      one.state !== 'removed' && h('button', { type: 'button', 'data-focus': `retry ${one.name}`, onclick: () => page.act('/api/operations/deliveries/retry', { destination: one.name }, (answer) => t('deliveries.retried', { n: answer.count })) }, icon('turn'), t('deliveries.retryAll')),
      h('button', { type: 'button', class: one.state === 'removed' ? '' : 'quiet', 'data-focus': `drop ${one.name}`, onclick: () => drop({ destination: one.name }, open, one.name, page) }, t('deliveries.dropAll'))));
}

function destinationState({ state: how }) {
  if (how === 'removed') return state('off', t('deliveries.state.removed'));
  if (how === 'resting') return state('call', t('deliveries.state.resting'));
  return how === 'sending' ? state('busy', t('deliveries.state.sending')) : state('ok', t('deliveries.state.idle'));
}

/** In the page's language by its code; what was written stands below, for who mends it. */
function whyView(code, text, calls) {
  const { words, raw } = deliveryWhy(code, text);
  return h('span', { class: 'two-lines' }, h('span', { class: calls ? 'call' : '' }, bdi(words)), raw !== undefined && technicalLine(raw));
}

function nextTry(atMs, page) {
  const seconds = Math.ceil((atMs - page.nowMs()) / 1000);
  if (seconds <= 0) return t('deliveries.nextNow');
  return seconds < 120 ? t('deliveries.nextSeconds', { n: seconds }) : t('deliveries.next', { time: duration(seconds * 1000) });
}

function deliverySection({ destinations, deliveries }, page) {
  const total = (name) => destinations.reduce((sum, one) => sum + (one[`${name}Count`] ?? 0), 0);
  const choices = STATES.map((name) => [name, t(`deliveries.${name}`), name === 'failed' || name === 'pending' ? total(name) : undefined]);
  const pick = h('select', { class: 'pick', 'aria-label': t('deliveries.destination'), 'data-focus': 'destination', onchange: (event) => { destination = event.target.value; page.reload(); } },
    [['', t('deliveries.everywhere')], ...destinations.map(({ name }) => [name, name])].map(([value, text]) => h('option', { value, selected: value === destination }, text)));
  const bar = h('div', { class: 'ops-bar' }, choose(t('deliveries.which'), choices, shown, (name) => { shown = name; page.reload(); page.redraw(); }), h('span', { class: 'spacer' }), pick);
  return section(t('deliveries.title'), undefined, bar, deliveries.length === 0 ? emptyView(t(`deliveries.none.${shown}`), undefined) : deliveryTable(deliveries, destinations, page));
}

function deliveryTable(deliveries, destinations, page) {
  // To one that is not in the settings nothing can be sent.
  const goesNowhere = new Set(destinations.filter(({ state: how }) => how === 'removed').map(({ name }) => name));
  const heads = [[t('deliveries.study'), ''], [t('deliveries.destination'), ''], [t('deliveries.what'), ''], [t('deliveries.tries'), 'right'], [t('deliveries.changed'), ''], [t('deliveries.why'), 'wide'], [t('ops.actions'), 'actions']];
  const rows = deliveries.map((one) => ({
    name: one.state,
    cells: [
      studyLink(one.studyInstanceUid, plain(one.accessionNumber) || `…${one.studyInstanceUid.slice(-8)}`),
      bdi(one.destination),
      t(`deliveries.kind.${one.kind}`),
      number(one.attempts),
      moment(one.updatedAtMs),
      h('span', { class: 'two-lines' }, one.error && whyView(one.errorCode, one.error, one.state === 'failed'), one.state === 'pending' && page.ticking(() => nextTry(one.nextAttemptAtMs, page), { class: 'sub' })),
      page.may('manage-operations') && one.state !== 'sent' && one.state !== 'verified' && h('span', { class: 'row-actions' },
        !goesNowhere.has(one.destination) && h('button', { type: 'button', class: 'quiet', 'data-focus': `retry ${one.id}`, 'aria-label': `${t('deliveries.retry')}: ${one.destination} ${one.accessionNumber}`, onclick: () => page.act('/api/operations/deliveries/retry', { id: one.id }, t('deliveries.retried', { n: 1 })) }, icon('turn'), t('deliveries.retry')),
        one.state !== 'dropped' && h('button', { type: 'button', class: 'quiet', 'data-focus': `drop ${one.id}`, 'aria-label': `${t('deliveries.drop')}: ${one.destination} ${one.accessionNumber}`, onclick: () => drop({ id: one.id }, 1, one.destination, page) }, t('deliveries.drop'))),
    ],
  }));
  return [table(t('deliveries.title'), heads, rows), deliveries.length === SHOWN && h('p', { class: 'sub more-note' }, t('deliveries.more', { n: SHOWN }))];
}

async function drop(which, n, name, page) {
  const reason = await askWhy({ title: t('deliveries.drop.title', { n, name }), words: t('deliveries.drop.words'), confirm: t('deliveries.drop.confirm'), danger: true });
  if (reason !== undefined) await page.act('/api/operations/deliveries/drop', { ...which, reason }, (answer) => t('deliveries.dropped.done', { n: answer.count }));
}
