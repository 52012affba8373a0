/** Models: what is switched on, every model file with its threshold and where it comes from, and its card. */
import { call } from '../api.js';
import { bdi, h } from '../dom.js';
import { dayText, moment, plain, thresholdText } from '../format.js';
import { icon } from '../icons.js';
import { currentLanguage, hasText, t, worded } from '../strings.js';
import { technicalLine } from '../technical.js';
import { cardView } from './card.js';
import { askWhy, copyButton, emptyView, facts, loadingView, section, state } from './parts.js';

let chosen;
const cards = new Map();

export const modelsTab = {
  name: 'models', permission: 'view-operations', icon: 'layers',
  load: ({ background }) => call('/api/operations/models', { background }),
  count: ({ families, models }) => families.filter(({ on }) => !on).length + models.filter(({ ready, shadow }) => !ready && !shadow).length,
  view(data, page) {
    if (data.models.length === 0) return emptyView(t('models.none'), t('models.none.hint'), 'layers');
    const wanted = data.models.find(({ sha256 }) => sha256 === chosen) ?? data.models[0];
    chosen = wanted.sha256;
    return [familySection(data, page), section(t('models.files'), undefined, h('div', { class: 'models-desk' },
      h('ul', { class: 'model-list' }, data.models.map((model) => modelItem(model, model === wanted, page))), modelDetail(wanted, page)))];
  },
};

const familySection = ({ families }, page) => section(t('models.families'), undefined, h('ul', { class: 'ops-cards columns' }, families.map((family) => familyCard(family, page))));

function familyCard({ family, on, switches }, page) {
  const [last] = switches;
  const name = t(`family.${family}`);
  const flip = async () => {
    const reason = await askWhy({ title: t(on ? 'models.off.title' : 'models.on.title', { family: name }), words: t(on ? 'models.off.words' : 'models.on.words'), confirm: t(on ? 'models.off.confirm' : 'models.on.confirm'), danger: on });
    if (reason !== undefined) await page.act('/api/operations/models/switch', { family, on: !on, reason }, t(on ? 'models.off.done' : 'models.on.done', { family: name }));
  };
  return h('li', { class: `ops-card ${on ? '' : 'calls'}` },
    h('div', { class: 'ops-card-head' }, h('span', { class: 'strong' }, name), h('span', { class: 'spacer' }), on ? state('ok', t('models.on')) : state('call', t('models.off'))),
    h('p', {}, on ? t('models.on.now') : bdi(t('notice.family-off', { family: name, time: moment(last.atMs), who: plain(last.by), reason: plain(last.reason) }))),
    switches.length > 0 && h('details', { class: 'technical', 'data-open': `switches ${family}` }, h('summary', {}, t('models.history')),
      h('ol', { class: 'history' }, switches.map((one) => h('li', {}, h('time', {}, moment(one.atMs)), h('span', {}, bdi(`${t(one.on ? 'models.history.on' : 'models.history.off', { who: plain(one.by) })}: ${plain(one.reason)}`)))))),
    page.may('manage-operations') && h('div', { class: 'ops-card-actions' }, h('button', { type: 'button', class: on ? '' : 'primary', 'data-focus': `switch ${family}`, onclick: flip }, t(on ? 'models.switchOff' : 'models.switchOn'))));
}

function modelItem(model, isChosen, page) {
  const answers = model.families.length > 0 ? model.families.map(({ family }) => t(`family.${family}`)).join(', ') : t('models.lungField');
  return h('li', {}, h('button', { type: 'button', class: 'model-item', 'aria-pressed': String(isChosen), 'data-focus': `model ${model.sha256}`, onclick: () => { chosen = model.sha256; page.redraw(); } },
    h('span', { class: 'two-lines' }, h('span', { class: 'strong' }, `${model.name} ${model.version}`), h('span', { class: 'sub' }, answers)), h('span', { class: 'tags' }, tags(model))));
}

const tags = ({ status, shadow }) => [
  status !== undefined && h('span', { class: `tag ${status}` }, hasText(`models.status.${status}`) ? t(`models.status.${status}`) : status),
  shadow && h('span', { class: 'tag shadow' }, t('models.shadow')),
];

function modelDetail(model, page) {
  const each = model.families.flatMap((one) => {
    const name = model.families.length > 1 ? `${t('models.threshold')}, ${t(`family.${one.family}`)}` : t('models.threshold');
    const site = one.siteThreshold;
    return [
      [name, h('span', { class: 'two-lines' }, h('span', { class: 'strong' }, thresholdText(one.threshold), ' ', h('span', { class: 'tag' }, t(site ? 'models.siteThreshold' : 'models.shippedThreshold'))),
        h('span', { class: 'sub' }, bdi(plain(worded(one.thresholdOrigin)))),
        site && h('span', { class: 'sub' }, t('models.insteadOf', { n: thresholdText(site.manifestThreshold), id: plain(site.id) })),
        site?.groups.map(({ group, threshold }) => h('span', { class: 'sub' }, bdi(`${plain(worded(group))}: ${thresholdText(threshold)}`))),
        one.thresholdRemark && h('span', { class: 'call' }, bdi(plain(worded(one.thresholdRemark)))))],
    ];
  });
  return h('div', { class: 'model-detail' },
    h('div', { class: 'model-detail-head' }, h('h3', {}, `${model.name} ${model.version}`), tags(model), h('span', { class: 'spacer' }), model.ready ? state('ok', t('models.ready')) : state('call', t('models.notReady'))),
    !model.ready && model.whyNotReady && h('p', { class: 'why-line' }, h('span', { class: 'two-lines' }, h('span', {}, t('check.models.not')), technicalLine(model.whyNotReady))),
    model.shadow && h('p', { class: 'sub' }, t('models.shadow.hint')),
    facts([...each, [t('models.trained'), /^\d{4}-\d{2}-\d{2}$/.test(model.trainedAt) ? dayText(model.trainedAt) : bdi(plain(model.trainedAt))], [t('models.licence'), bdi(plain(model.licence))],
      ['SHA-256', h('span', { class: 'hash' }, h('span', { class: 'mono' }, `${model.sha256.slice(0, 16)}…`), copyButton(model.sha256, 'SHA-256'))]]),
    cardOf(model, page));
}

/** Read once in each language; a card does not change under a page. */
function cardOf(model, page) {
  if (!model.hasCard) return h('p', { class: 'sub' }, t('models.noCard'));
  const language = currentLanguage();
  const key = `${language} ${model.sha256}`;
  const known = cards.get(key);
  if (known === undefined) {
    call(`/api/operations/models/${model.sha256}/card?lang=${language}`).catch(() => ({ failed: true })).then((card) => {
      cards.set(key, card);
      page.redraw();
    });
    return loadingView();
  }
  if (known.failed) return h('p', { class: 'sub' }, t('models.cardFailed'));
  const card = cardView(known.markdown.replace(/^\s*# .*\n/, ''), (name) => `/api/operations/models/${model.sha256}/pictures/${name}`, 3);
  card.lang = known.language;
  return [known.language !== language && h('p', { class: 'sub' }, t('models.cardEnglish')), card];
}
