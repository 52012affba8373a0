/** Devices: who sends and how often, who was turned away and what to change on which device, and what to enter on a new one. */
import { call } from '../api.js';
import { bdi, h } from '../dom.js';
import { duration, moment, plain } from '../format.js';
import { icon } from '../icons.js';
import { hasText, t } from '../strings.js';
import { technicalLine } from '../technical.js';
import { copyButton, emptyView, number, section, state, table } from './parts.js';

const REFUSALS_SHOWN = 50;
/** A refusal of long ago is history; the latest are what somebody stands in front of. */
const RECENT_MS = 24 * 60 * 60_000;

const midnight = () => new Date().setHours(0, 0, 0, 0);

export const devicesTab = {
  name: 'devices', permission: 'view-devices', icon: 'device',
  async load({ background }) {
    const [board, refused] = await Promise.all([
      call(`/api/operations/devices?since=${midnight()}`, { background }),
      call(`/api/operations/refusals?limit=${REFUSALS_SHOWN}`, { background }),
    ]);
    return { ...board, refusals: refused.refusals };
  },
  count: ({ devices, refusals, serverNowMs }) => devices.filter(({ silent }) => silent).length + refusals.filter(({ lastAtMs }) => serverNowMs - lastAtMs < RECENT_MS).length,
  view: (data, page) => h('div', { class: 'with-aside' },
    h('div', {}, deviceSection(data, page), refusalSection(data)),
    senderCard(data.sender)),
};

function deviceSection({ devices }, page) {
  if (devices.length === 0) return section(t('devices.title'), undefined, emptyView(t('devices.none'), t('devices.none.hint'), 'device'));
  const heads = [[t('devices.device'), 'wide'], [t('devices.last'), ''], [t('devices.today'), 'right'], [t('devices.usual'), ''], [t('devices.state'), 'wide']];
  // Who is silent stands first: that is what somebody came for.
  const sorted = [...devices].sort((a, b) => Number(b.silent) - Number(a.silent) || b.lastSeenAtMs - a.lastSeenAtMs);
  return section(t('devices.title'), t('devices.count', { n: devices.length }), table(t('devices.title'), heads, sorted.map((device) => ({
    name: device.silent ? 'calls' : '',
    cells: [
      h('span', { class: 'two-lines' }, bdi(plain(device.callingAeTitle) || '–', { class: 'strong' }), h('span', { class: 'sub' }, bdi(device.remoteAddress))),
      device.lastImageAtMs === undefined ? t('devices.noImage') : page.ticking(() => ago(page.nowMs() - device.lastImageAtMs), { title: moment(device.lastImageAtMs) }),
      h('span', { class: 'two-lines' }, h('span', { class: 'strong' }, number(device.recentInstanceCount)), h('span', { class: 'sub' }, t('devices.associations', { n: number(device.associationCount) }))),
      device.usualGapMs === undefined ? h('span', { class: 'faint' }, t('devices.learning')) : t('devices.every', { time: duration(device.usualGapMs) }),
      deviceState(device),
    ],
  }))));
}

const ago = (ms) => (ms < 60_000 ? t('devices.justNow') : t('devices.ago', { time: duration(ms) }));

function deviceState(device) {
  if (device.silent) return state('call', t('devices.silent', { time: moment(device.lastImageAtMs), gap: duration(device.usualGapMs) }));
  return device.instanceCount === 0 && device.lastImageAtMs === undefined ? state('off', t('devices.onlyCalls')) : state('ok', t(device.usualGapMs === undefined ? 'devices.hasSent' : 'devices.sends'));
}

function refusalSection({ refusals, sender }) {
  if (refusals.length === 0) return section(t('refusals.title'), undefined, emptyView(t('refusals.none'), t('refusals.none.hint')));
  return section(t('refusals.title'), undefined, h('ul', { class: 'ops-cards' }, refusals.map((refusal) => refusalCard(refusal, sender))));
}

function refusalCard(refusal, sender) {
  const values = { ae: sender.aeTitle, calling: plain(refusal.callingAeTitle), called: plain(refusal.calledAeTitle), address: refusal.remoteAddress, port: sender.port };
  const known = hasText(`refusal.${refusal.code}`);
  const who = [plain(refusal.callingAeTitle), refusal.remoteAddress].filter(Boolean).join(' · ');
  return h('li', { class: 'ops-card' },
    h('div', { class: 'ops-card-head' }, icon('attention'), bdi(who, { class: 'strong' }),
      h('span', { class: 'sub' }, t(refusal.attemptCount === 1 ? 'refusals.once' : 'refusals.times', { n: number(refusal.attemptCount), time: moment(refusal.lastAtMs) }))),
    h('p', {}, bdi(t(known ? `refusal.${refusal.code}` : 'refusal.other', values))),
    !known && h('p', {}, technicalLine(refusal.text)),
    known && h('p', { class: 'advice' }, h('span', { class: 'advice-label' }, t('refusals.change')), bdi(t(`refusal.${refusal.code}.change`, values))),
    h('p', { class: 'code', lang: 'en' }, refusal.code));
}

function senderCard(sender) {
  const addresses = sender.addresses.length > 0 ? sender.addresses : ['127.0.0.1'];
  const line = (label, value) => h('div', { class: 'sender-line' }, h('dt', {}, label), h('dd', {}, bdi(value, { class: 'mono' }), copyButton(value, label)));
  return h('aside', { class: 'sender', 'aria-label': t('sender.title') },
    h('h2', {}, t('sender.title')), h('p', { class: 'sub' }, t('sender.hint')),
    h('dl', {}, line(t('sender.ae'), sender.aeTitle), addresses.map((address) => line(t('sender.address'), address)), line(t('sender.port'), String(sender.port)),
      h('div', { class: 'sender-line' }, h('dt', {}, 'TLS'), h('dd', {}, t(`sender.tls.${sender.tls}`)))),
    sender.addresses.length === 0 && h('p', { class: 'sender-note call' }, icon('attention'), h('span', {}, t('sender.onlyHere'))),
    h('p', { class: 'sender-note' }, icon(sender.anyDevice ? 'check' : 'list'), h('span', {}, t(sender.anyDevice ? 'sender.any' : 'sender.listed'))),
    h('p', { class: 'sender-note' }, icon('check'), h('span', {}, t('sender.echo'))));
}
