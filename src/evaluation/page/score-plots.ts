/** How scores spread over the two classes, what each threshold costs, and whether a score means what it says. PURE. */
import { HISTOGRAM_BINS } from '../evaluation.ts';
import type { Evaluation } from '../evaluation.ts';
import type { CalibrationCurve } from '../calibration-curve.ts';
import type { ThresholdRow } from '../operating-points.ts';
import { percentWithRange, points } from './figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { niceTicks, PERCENT_AXIS, plot, polyline, SCORE_AXIS } from './plot.ts';

/** Positives upwards, negatives downwards: two histograms that never hide each other. */
export function histogramPlot({ histogram, threshold }: Evaluation): Markup {
  const most = Math.max(1, ...histogram.positives, ...histogram.negatives);
  const half = niceTicks(most * 1.08).filter((tick) => Number.isInteger(tick));
  const ticks = [...half.slice(1).map((tick) => -tick).reverse(), ...half];
  const to = most * 1.12;
  return plot('Scores of positive and negative films', { ...SCORE_AXIS, label: 'score' }, { from: -to, to, ticks, label: 'films', format: (value) => String(Math.abs(value)) }, ({ x, y }) => {
    const bars = (counts: readonly number[], kind: 'positive' | 'negative'): readonly (Markup | false)[] => counts.map((count, i) => {
      const [left, right] = [x((i * 100) / HISTOGRAM_BINS) + 1, x(((i + 1) * 100) / HISTOGRAM_BINS) - 1];
      const end = y(kind === 'positive' ? count : -count);
      return count > 0 && html`<rect class="bar ${kind}" x="${left}" y="${Math.min(end, y(0))}" width="${right - left}" height="${Math.abs(end - y(0))}"><title>${count} ${kind} from ${(i * 100) / HISTOGRAM_BINS} to ${((i + 1) * 100) / HISTOGRAM_BINS}</title></rect>`;
    });
    const near = threshold > 70;
    return html`${bars(histogram.positives, 'positive')}${bars(histogram.negatives, 'negative')}<path class="zero" d="M${x(0)} ${y(0)}H${x(100)}"/>
<path class="threshold" d="M${x(threshold)} ${y(to)}V${y(-to)}"/><text class="threshold-label" x="${x(threshold) + (near ? -7 : 7)}" y="${y(to) + 14}" text-anchor="${near ? 'end' : 'start'}">flagged from ${points(threshold)}</text>
<text class="class-label positive" x="${x(0) + 8}" y="${y(to) + 14}">positive</text><text class="class-label negative" x="${x(0) + 8}" y="${y(-to) - 8}">negative</text>`;
  });
}

/** Points of score that a label takes. */
const LABEL_ROOM = 28;

export interface ThresholdMark {
  readonly threshold: number;
  readonly label: string;
}

/** What is gained and lost by moving the threshold: the two curves cross where both are equal. */
export function thresholdPlot({ thresholds, threshold }: Pick<Evaluation, 'thresholds' | 'threshold'>, marks: readonly ThresholdMark[] = []): Markup {
  return plot('Sensitivity and specificity by threshold', { ...SCORE_AXIS, label: 'threshold' }, { ...PERCENT_AXIS, label: 'of the films' }, ({ x, y }) => {
    const rising = thresholds.toReversed();
    // Between two scores nothing changes: the curves are stairs, a film being flagged at its own score still.
    const stairs = (value: (row: ThresholdRow) => number, above: number): string => {
      const steps = rising.flatMap((row, i): (readonly [number, number])[] => [[x(rising[i - 1]?.threshold ?? 0), y(value(row))], [x(row.threshold), y(value(row))]]);
      const last = x(rising.at(-1)?.threshold ?? 0);
      return polyline([...steps, [last, y(above)], [x(100), y(above)]]);
    };
    const named = marks.map(({ threshold: at, label }, i) => {
      // Outwards, so that no label stands on another's line.
      const leftwards = at > LABEL_ROOM && (at > 100 - LABEL_ROOM || marks.some((other) => other.threshold > at));
      return html`<path class="threshold" d="M${x(at)} ${y(0)}V${y(1)}"/><text class="threshold-label" x="${x(at) + (leftwards ? -7 : 7)}" y="${y(0) - 10 - 18 * i}" text-anchor="${leftwards ? 'end' : 'start'}">${label}</text>`;
    });
    return html`<path class="threshold" d="M${x(threshold)} ${y(0)}V${y(1)}"/>
<path class="curve positive" d="${stairs((row) => row.sensitivity.value ?? 0, 0)}"/><path class="curve negative" d="${stairs((row) => row.specificity.value ?? 0, 1)}"/><path class="curve thin flagged" d="${stairs((row) => row.flagged.value ?? 0, 0)}"/>${named}`;
  });
}

export function calibrationPlot(curve: CalibrationCurve): Markup {
  const most = Math.max(...curve.bins.map((bin) => bin.positives.n));
  return plot('Calibration curve', { ...SCORE_AXIS, label: 'mean score of the films in a bin' }, { ...PERCENT_AXIS, label: 'of them positive' }, ({ x, y }) => {
    const dots = curve.bins.map((bin) => ({ bin, cx: x(bin.meanScore), cy: y(bin.positives.value!) }));
    return html`<path class="diagonal" d="M${x(0)} ${y(0)}L${x(100)} ${y(1)}"/>
<path class="curve thin" d="${polyline(dots.map(({ cx, cy }) => [cx, cy]))}"/>
${dots.map(({ bin, cx, cy }) => html`<path class="whisker" d="M${cx} ${y(bin.positives.interval[0])}V${y(bin.positives.interval[1])}"/><circle class="dot solid" cx="${cx}" cy="${cy}" r="${Math.round((3 + 5 * Math.sqrt(bin.positives.n / most)) * 10) / 10}"><title>scores ${bin.from}–${bin.to}: ${bin.positives.k} of ${bin.positives.n} positive, ${percentWithRange(bin.positives)}</title></circle>`)}`;
  });
}
