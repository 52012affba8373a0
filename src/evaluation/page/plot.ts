/** The frame that all plots share: scales, grid, axes, labels, as SVG that takes its colours from the page. PURE. */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly label: string;
  readonly format: (value: number) => string;
}

export interface PlotSpace {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

export const PLOT = { width: 460, height: 400, left: 58, right: 24, top: 14, bottom: 50 } as const;

export const PERCENT_AXIS = { from: 0, to: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], format: (value: number): string => `${Math.round(value * 100)} %` } as const;
export const SCORE_AXIS = { from: 0, to: 100, ticks: [0, 20, 40, 60, 80, 100], format: String } as const;

/** `title` is what a screen reader says; `draw` fills the frame. */
export function plot(title: string, xAxis: Axis, yAxis: Axis, draw: (space: PlotSpace) => Markup, height: number = PLOT.height): Markup {
  const [right, bottom] = [PLOT.width - PLOT.right, height - PLOT.bottom];
  const x = (value: number): number => tenth(PLOT.left + ((value - xAxis.from) / (xAxis.to - xAxis.from)) * (right - PLOT.left));
  const y = (value: number): number => tenth(bottom - ((value - yAxis.from) / (yAxis.to - yAxis.from)) * (bottom - PLOT.top));
  return html`<svg class="plot" viewBox="0 0 ${PLOT.width} ${height}" role="img" aria-label="${title}">
<g class="grid">${xAxis.ticks.map((tick) => html`<path d="M${x(tick)} ${PLOT.top}V${bottom}"/>`)}${yAxis.ticks.map((tick) => html`<path d="M${PLOT.left} ${y(tick)}H${right}"/>`)}</g>
<g class="ticks">${xAxis.ticks.map((tick) => html`<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${xAxis.format(tick)}</text>`)}${yAxis.ticks.map((tick) => html`<text x="${PLOT.left - 8}" y="${y(tick) + 4}" text-anchor="end">${yAxis.format(tick)}</text>`)}</g>
<g class="axis-label"><text x="${(PLOT.left + right) / 2}" y="${height - 10}" text-anchor="middle">${xAxis.label}</text><text transform="translate(13 ${(PLOT.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${yAxis.label}</text></g>
${draw({ x, y })}</svg>`;
}

export const tenth = (value: number): number => Math.round(value * 10) / 10;

export const polyline = (points: readonly (readonly [number, number])[]): string => points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');

export interface LegendEntry {
  /** SVG of a mark around 0,0. */
  readonly mark: Markup;
  readonly text: string;
}

/** Lines of a key, the last one at `bottom`. */
export const legend = (entries: readonly LegendEntry[], left: number, bottom: number): Markup =>
  html`<g class="legend">${entries.map(({ mark, text }, i) => html`<g transform="translate(${left} ${bottom - (entries.length - 1 - i) * 20})">${mark}<text x="16" y="4">${text}</text></g>`)}</g>`;

/** Round numbers up to `max`, about five of them. */
export function niceTicks(max: number): number[] {
  const rough = max / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, i) => Math.round(i * step * 1e6) / 1e6);
}
