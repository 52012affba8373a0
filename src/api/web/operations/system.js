/** The machine: is it ready, how long does the disk last, what do the workers do, which versions, what else can be fetched. */
import { call } from '../api.js';
import { bdi, h } from '../dom.js';
import { duration, moment } from '../format.js';
import { hasText, t } from '../strings.js';
import { technicalLine } from '../technical.js';
import { bytes, facts, number, section, state, table } from './parts.js';

const DAY_MS = 24 * 60 * 60_000;
/** Beyond this nobody plans. */
const FOREVER_DAYS = 3_650;

export const systemTab = {
  name: 'system', permission: 'view-operations', icon: 'gear',
  load: ({ background }) => call('/api/operations/system', { background }),
  count: ({ checks }) => checks.filter(({ ok }) => !ok).length,
  view: (data, page) => [checkSection(data), h('div', { class: 'halves' }, diskSection(data), queueSection(data)), workerSection(data), h('div', { class: 'halves' }, versionSection(data, page), linkSection(page))],
};

const checkSection = ({ checks, ready }) => section(t('system.checks'), ready ? t('system.ready') : t('system.notReady'), h('ul', { class: 'checks' }, checks.map((check) => {
  const words = hasText(`check.${check.name}`) ? t(`check.${check.name}`) : check.name;
  return h('li', { class: check.ok ? '' : 'calls' }, state(check.ok ? 'ok' : 'call', words),
    h('p', { class: 'sub' }, check.ok ? t('system.check.ok') : hasText(`check.${check.name}.not`) ? t(`check.${check.name}.not`) : t('check.other.not')),
    !check.ok && check.reason && h('p', {}, technicalLine(check.reason)));
})));

function diskSection({ disk, retention }) {
  const usableBytes = Math.max(0, disk.freeBytes - disk.floorBytes);
  const days = disk.bytesPerDay > 0 ? usableBytes / disk.bytesPerDay : Infinity;
  const used = 1 - disk.freeBytes / Math.max(1, disk.totalBytes);
  const meter = h('div', { class: `disk ${days < 14 ? 'calls' : ''}`, role: 'img', 'aria-label': t('system.disk.said', { free: bytes(disk.freeBytes), total: bytes(disk.totalBytes) }) }, h('i', {}), h('b', {}));
  meter.firstChild.style.width = `${(100 * used).toFixed(1)}%`;
  meter.lastChild.style.left = `${(100 * (1 - disk.floorBytes / Math.max(1, disk.totalBytes))).toFixed(1)}%`;
  return section(t('system.disk'), undefined, h('p', { class: 'big' }, bytes(disk.freeBytes), h('span', { class: 'sub' }, t('system.disk.free', { total: bytes(disk.totalBytes) }))), meter,
    h('p', { class: days < 14 ? 'call' : '' }, days > FOREVER_DAYS ? t('system.disk.long') : t('system.disk.lasts', { time: days < 2 ? duration(days * DAY_MS) : t('system.disk.days', { n: number(Math.floor(days)) }), rate: bytes(disk.bytesPerDay) })),
    facts([[t('system.disk.stored'), bytes(disk.storedBytes)], [t('system.disk.floor'), bytes(disk.floorBytes)], [t('system.disk.retention'), retention.days > 0 ? t('system.disk.days', { n: number(retention.days) }) : t('system.disk.never')]]));
}

const queueSection = ({ queue, audit }) => section(t('system.queue'), undefined,
  h('p', { class: 'big' }, number(queue.waiting + queue.active + queue.delayed), h('span', { class: 'sub' }, t('system.queue.images'))),
  queue.healthy ? state('ok', t(`system.queue.${queue.kind}`)) : state('call', t('system.queue.down')),
  facts([[t('system.queue.waiting'), number(queue.waiting)], [t('system.queue.active'), number(queue.active)], [t('system.queue.delayed'), number(queue.delayed)],
    [t('system.audit'), audit.healthy ? t('system.audit.ok', { n: number(audit.entryCount) }) : h('span', { class: 'call' }, t('system.audit.waiting', { n: number(audit.entryCount) }))]]));

function workerSection({ workers }) {
  const heads = [[t('system.worker.pid'), ''], [t('system.worker.state'), ''], [t('system.worker.models'), 'wide'], [t('system.worker.provider'), ''], [t('system.worker.rate'), 'right'], [t('system.worker.answered'), 'right'], [t('system.worker.memory'), 'right']];
  const rows = workers.rows.map((one) => ({
    name: '',
    cells: [h('span', { class: 'mono' }, String(one.pid)), one.ready ? state('ok', t('system.worker.ready')) : state('busy', t('system.worker.starting')), bdi(one.models.join(', ') || '–'), one.provider || '–', number(one.imagesPerMinute, 1), number(one.answeredCount), bytes(one.rssBytes)],
  }));
  return section(t('system.workers'), undefined,
    workers.wanted === 0 ? h('p', { class: 'sub' }, t('system.workers.elsewhere')) : rows.length > 0 ? table(t('system.workers'), heads, rows) : h('p', { class: 'call' }, t('system.workers.none')),
    workers.problem && h('p', { class: 'why-line' }, h('span', { class: 'two-lines' }, h('span', {}, t('system.workers.problem')), technicalLine(workers.problem))));
}

const versionSection = ({ versions, startedAtMs }, page) => section(t('system.versions'), undefined,
  facts([...Object.entries(versions), [t('system.started'), h('span', {}, `${moment(startedAtMs)} (`, page.ticking(() => duration(page.nowMs() - startedAtMs)), ')')]]));

const linkSection = (page) => section(t('system.more'), undefined, h('ul', { class: 'links' },
  page.may('view-operations') && h('li', {}, h('a', { href: '/api/feedback.csv', download: '' }, t('system.feedback')), h('p', { class: 'sub' }, t('system.feedback.hint'))),
  h('li', {}, h('a', { href: '/metrics' }, t('system.metrics')), h('p', { class: 'sub' }, t('system.metrics.hint'))),
  h('li', {}, h('a', { href: '/api/openapi.json' }, t('system.openapi')), h('p', { class: 'sub' }, t('system.openapi.hint')))));
