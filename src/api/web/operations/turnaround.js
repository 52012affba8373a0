/** Turnaround: how long from a film's arrival to its flag, and to its reading; by class and by hour of arrival. */
import { call } from '../api.js';
import { h } from '../dom.js';
import { duration } from '../format.js';
import { t } from '../strings.js';
import { barChart, columnChart } from './chart.js';
import { choose, emptyView, number, section, table } from './parts.js';

const DAY_MS = 24 * 60 * 60_000;
const RANGES = [1, 7, 30, 90];
/** The server counts no more at once. */
const DAYS_MAX = 366;
let days = 7;
/** Set where somebody chose days of their own: [from, to], as <input type=date> writes them. */
let own;

const isoDay = (ms) => {
  const day = new Date(ms);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
};
const startOf = (text) => new Date(`${text}T00:00:00`).getTime();
const midnight = () => new Date().setHours(0, 0, 0, 0);

function rangeMs() {
  if (own !== undefined) return [startOf(own[0]), startOf(own[1]) + DAY_MS];
  return [midnight() - (days - 1) * DAY_MS, midnight() + DAY_MS];
}

/** Seconds matter for a flag, minutes for a reading. */
function span(ms) {
  if (ms < 1_000) return t('time.ms', { n: number(ms) });
  if (ms < 120_000) return t('time.s', { n: number(ms / 1_000, ms < 10_000 ? 1 : 0) });
  return duration(ms);
}

export const turnaroundTab = {
  name: 'turnaround', permission: 'view-devices', icon: 'clock',
  load: ({ background }) => call(`/api/turnaround?${new URLSearchParams(Object.fromEntries(['from', 'to'].map((name, at) => [name, String(rangeMs()[at])])))}`, { background }),
  view: (data, page) => [
    rangeBar(page),
    data.flag.count === 0 && data.read.count === 0
      ? emptyView(t('turnaround.none'), t('turnaround.none.hint'), 'clock')
      : ['flag', 'read'].map((what) => measure(what, data)),
  ],
};

function rangeBar(page) {
  const again = () => {
    page.reload();
    page.redraw();
  };
  const [from, to] = rangeMs();
  const input = (label, value, at) => h('label', { class: 'day' }, h('span', {}, label), h('input', {
    type: 'date', value, max: isoDay(Date.now()), required: true, 'data-focus': `day ${at}`,
    onchange: (event) => {
      if (event.target.value === '') return;
      const next = [isoDay(from), isoDay(to - DAY_MS)];
      next[at] = event.target.value;
      const days = (startOf(next[1]) - startOf(next[0])) / DAY_MS;
      // The end that was not chosen follows.
      if (days < 0) next[1 - at] = next[at];
      else if (days >= DAYS_MAX) next[1 - at] = isoDay(startOf(next[at]) + (at === 0 ? 1 : -1) * (DAYS_MAX - 1) * DAY_MS);
      own = next;
      again();
    },
  }));
  const choices = RANGES.map((n) => [n, n === 1 ? t('turnaround.today') : t('turnaround.days', { n })]);
  return h('div', { class: 'ops-bar' }, choose(t('turnaround.range'), choices, own === undefined ? days : undefined, (n) => { days = n; own = undefined; again(); }),
    h('span', { class: 'spacer' }), input(t('turnaround.from'), isoDay(from), 0), input(t('turnaround.to'), isoDay(to - DAY_MS), 1));
}

const said = (label, one) => (one.count === 0 ? `${label}: ${t('turnaround.nothing')}` : t('turnaround.said', { label, median: span(one.medianMs), p95: span(one.p95Ms), max: span(one.maxMs), n: number(one.count) }));

function measure(what, data) {
  const all = data[what];
  const tile = (key, value) => h('div', { class: 'tile' }, h('dt', {}, t(key)), h('dd', {}, value));
  const classes = data.byClass.map((one) => ({ ...one[what], kind: one.priority, label: t(`class.${one.priority}`), words: said(t(`class.${one.priority}`), one[what]) }));
  const hours = data.byHour.map((one) => ({ ...one[what], label: String(one.hour), words: said(t('turnaround.hour', { n: one.hour }), one[what]) }));
  return section(t(`turnaround.${what}`), t('turnaround.count', { n: number(all.count) }),
    h('dl', { class: 'tiles' }, tile('turnaround.median', all.count > 0 ? span(all.medianMs) : '–'), tile('turnaround.p95', all.count > 0 ? span(all.p95Ms) : '–'), tile('turnaround.max', all.count > 0 ? span(all.maxMs) : '–')),
    h('div', { class: 'chart-pair' },
      h('div', {}, h('h3', {}, t('turnaround.byHour'), h('span', { class: 'aside' }, t('turnaround.legend'))), columnChart(`${t(`turnaround.${what}`)}, ${t('turnaround.byHour')}`, hours, span)),
      h('div', {}, h('h3', {}, t('turnaround.byClass')), barChart(`${t(`turnaround.${what}`)}, ${t('turnaround.byClass')}`, classes, span))),
    h('details', { class: 'technical', 'data-open': `table ${what}` }, h('summary', {}, t('turnaround.table')), numbersTable(what, [...classes, ...hours.filter(({ count }) => count > 0).map((one) => ({ ...one, label: t('turnaround.hour', { n: one.label }) }))])));
}

const numbersTable = (what, rows) => table(t(`turnaround.${what}`), [[t('turnaround.group'), ''], [t('turnaround.studies'), 'right'], [t('turnaround.median'), 'right'], [t('turnaround.p95'), 'right'], [t('turnaround.max'), 'right']],
  rows.map(({ label, count, medianMs, p95Ms, maxMs }) => ({ name: '', cells: [label, number(count), ...[medianMs, p95Ms, maxMs].map((ms) => (count > 0 ? span(ms) : '–'))] })));
