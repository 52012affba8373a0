/**
 * Two small charts out of plain SVG: columns by hour, bars by class. The median is the column, a line above it reaches to
 * the 95th percentile. Colours come from the page's CSS, numbers also stand in a table beside (turnaround.js).
 */
import { h, svg } from '../dom.js';

const WIDTH = 720;
const HEIGHT = 190;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 10;

/** A step of 1, 2, 5, 10, 15, 30 min, 1 h … that gives at most five lines. */
const STEPS_MS = [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000, 172_800_000, 604_800_000];
const stepFor = (mostMs) => STEPS_MS.find((step) => mostMs / step <= 4) ?? mostMs / 4;

/** `columns`: [{label, medianMs, p95Ms, count, words}]; `format(ms)`: a time in words. */
export function columnChart(title, columns, format) {
  const most = Math.max(1_000, ...columns.map(({ p95Ms = 0 }) => p95Ms));
  const step = stepFor(most);
  const top = Math.ceil(most / step) * step;
  const y = (ms) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - ms / top);
  const slot = (WIDTH - LEFT) / columns.length;
  const width = Math.max(4, slot * 0.56);
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_one, at) => at * step);
  const drawn = columns.map((column, at) => {
    const middle = LEFT + slot * (at + 0.5);
    if (column.count === 0) return undefined;
    const from = y(column.medianMs);
    return svg('g', {}, svg('title', {}, column.words),
      svg('rect', { class: 'chart-hit', x: middle - slot / 2, y: TOP, width: slot, height: HEIGHT - TOP - BOTTOM }),
      svg('rect', { class: 'chart-bar', x: middle - width / 2, y: from, width, height: Math.max(1.5, y(0) - from), rx: 2 }),
      svg('path', { class: 'chart-reach', d: `M${middle} ${from}V${y(column.p95Ms)}M${middle - width / 3} ${y(column.p95Ms)}h${(2 * width) / 3}` }));
  });
  return h('div', { class: 'chart' }, svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': title },
    lines.map((ms) => [svg('line', { class: 'chart-line', x1: LEFT, x2: WIDTH, y1: y(ms), y2: y(ms) }), svg('text', { class: 'chart-text', x: LEFT - 6, y: y(ms) + 3.5, 'text-anchor': 'end' }, ms === 0 ? '0' : format(ms))]),
    drawn.filter(Boolean),
    columns.map(({ label }, at) => at % Math.ceil(columns.length / 12) === 0 && svg('text', { class: 'chart-text', x: LEFT + slot * (at + 0.5), y: HEIGHT - 7, 'text-anchor': 'middle' }, label))));
}

/** `bars`: [{label, kind, medianMs, p95Ms, count, words}]. */
export function barChart(title, bars, format) {
  const most = Math.max(1_000, ...bars.map(({ p95Ms = 0 }) => p95Ms));
  const share = (ms) => `${(100 * ms) / most}%`;
  return h('div', { class: 'bars', role: 'img', 'aria-label': `${title}: ${bars.map(({ words }) => words).join('; ')}` }, bars.map((bar) => {
    const median = h('span', { class: 'bars-median' });
    const reach = h('span', { class: 'bars-reach' });
    if (bar.count > 0) {
      median.style.width = share(bar.medianMs);
      reach.style.left = share(bar.medianMs);
      reach.style.width = share(Math.max(0, bar.p95Ms - bar.medianMs));
    }
    return h('div', { class: `bars-row ${bar.kind}`, 'aria-hidden': 'true' }, h('span', { class: 'bars-label' }, bar.label),
      h('span', { class: 'bars-track' }, bar.count > 0 && [median, reach]), h('span', { class: 'bars-number' }, bar.count > 0 ? format(bar.medianMs) : '–'));
  }));
}
