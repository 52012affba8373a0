/** Set aside: studies of which an image could not be analysed or contradicts another. Look, try again, or let go with a reason. */
import { call } from '../api.js';
import { bdi, h } from '../dom.js';
import { moment, personName, plain } from '../format.js';
import { icon } from '../icons.js';
import { reasonText } from '../reasons.js';
import { hasText, t } from '../strings.js';
import { askWhy, emptyView, section } from './parts.js';

const SHOWN = 100;

export const setAsideTab = {
  name: 'set-aside', permission: 'view-devices', icon: 'attention',
  load: ({ background }) => call(`/api/operations/set-aside?limit=${SHOWN}`, { background }),
  count: ({ total }) => total,
  view: (data, page) => (data.studies.length === 0
    ? emptyView(t('aside.none'), t('aside.none.hint'))
    : [section(t('aside.title'), t('aside.count', { n: data.total }), h('ul', { class: 'ops-cards' }, data.studies.map((one) => studyCard(one, page)))),
      data.total > data.studies.length && h('p', { class: 'sub more-note' }, t('aside.more', { n: data.studies.length, total: data.total }))]),
};

function studyCard(one, page) {
  const path = `/api/operations/set-aside/${one.studyInstanceUid}`;
  const name = personName(one.patientName);
  const of = (verb) => ({ 'data-focus': `${verb} ${one.studyInstanceUid}`, 'aria-label': `${t(`aside.${verb}`)}: ${name}` });
  return h('li', { class: 'ops-card aside-card' },
    h('div', { class: 'ops-card-head' }, icon('attention'), bdi(name, { class: 'strong' }), h('span', { class: 'sub' }, bdi([plain(one.patientId), plain(one.accessionNumber)].filter(Boolean).join(' · '))),
      one.flagged && h('span', { class: 'mark-flagged' }, icon('flagged'), t('aside.flagged')),
      h('span', { class: 'spacer' }), h('span', { class: 'sub' }, t('aside.since', { time: moment(one.sinceMs) }))),
    h('p', { class: 'reason-line' }, reasonText(one.reason), hasText(`aside.help.${one.reason.code}`) && h('span', { class: 'reason-help' }, t(`aside.help.${one.reason.code}`))),
    one.images.length > 0 && h('ul', { class: 'tried' }, one.images.map((image) => imageLine(image, one.reason))),
    one.retriedBy !== undefined && h('p', { class: 'sub' }, t('aside.retriedBy', { who: plain(one.retriedBy) })),
    h('div', { class: 'ops-card-actions' },
      h('a', { class: 'button', href: `/#study=${one.studyInstanceUid}`, ...of('look') }, icon('eye'), t('aside.look')),
      one.canRetry && page.may('retry-quarantine') && h('button', { type: 'button', ...of('retry'), onclick: () => page.act(`${path}/retry`, undefined, (answer) => t('aside.retried', { n: answer.count, name })) }, icon('turn'), t('aside.retry')),
      h('span', { class: 'spacer' }),
      page.may('manage-operations') && h('button', { type: 'button', class: 'quiet', ...of('dismiss'), onclick: () => dismiss(path, name, page) }, t('aside.dismiss'))));
}

/** What the study's own line says already is not said again. */
function imageLine(image, told) {
  const words = [image.reason.code === told.code ? undefined : reasonText(image.reason), t('aside.from', { who: plain(image.callingAeTitle), time: moment(image.receivedAtMs) }), howOftenTried(image)];
  return h('li', {}, bdi(words.filter(Boolean).join(' · ')),
    image.error && h('details', { class: 'technical', 'data-open': image.sopInstanceUid }, h('summary', {}, t('aside.error')), h('p', { class: 'mono' }, bdi(plain(image.error), { lang: 'en' }))));
}

function howOftenTried({ status, attempts: n }) {
  if (status === 'conflict' && n < 2) return t('aside.compared');
  return n === 0 ? t('aside.notTried') : n === 1 ? t('aside.triedOnce') : t('aside.tried', { n });
}

async function dismiss(path, name, page) {
  const reason = await askWhy({ title: t('aside.dismiss.title', { name }), words: t('aside.dismiss.words'), confirm: t('aside.dismiss.confirm') });
  if (reason !== undefined) await page.act(`${path}/dismiss`, { reason }, t('aside.dismissed', { name }));
}
