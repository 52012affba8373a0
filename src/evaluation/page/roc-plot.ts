/** ROC: the curve, the thresholds that matter with their intervals as crosses, and what WHO asks of a triage test. PURE. */
import type { Evaluation } from '../evaluation.ts';
import type { ThresholdRow } from '../operating-points.ts';
import { WHO_TRIAGE } from '../operating-points.ts';
import { percentOf, points } from './figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { PERCENT_AXIS, plot, polyline } from './plot.ts';
import type { PlotSpace } from './plot.ts';

export function rocPlot(evaluation: Evaluation, showTriage: boolean): Markup {
  const { roc, scored, atSensitivity90 } = evaluation;
  return plot('ROC curve', { ...PERCENT_AXIS, label: 'negatives flagged (1 − specificity)' }, { ...PERCENT_AXIS, label: 'positives flagged (sensitivity)' }, (space) => {
    const { x, y } = space;
    const curve = roc.map((p) => [x(1 - p.specificity), y(p.sensitivity)] as const);
    return html`${showTriage && html`<g class="target"><rect x="${x(0)}" y="${y(1)}" width="${x(1 - WHO_TRIAGE.specificity) - x(0)}" height="${y(WHO_TRIAGE.sensitivity) - y(1)}"/><text x="${x(1 - WHO_TRIAGE.specificity) + 7}" y="${y(0.94)}">WHO triage target</text></g>`}
<path class="diagonal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>
<path class="under" d="${polyline([...curve, [x(1), y(0)], [x(0), y(0)]])}Z"/>
<path class="curve" d="${polyline(curve)}"/>
${atSensitivity90 !== undefined && atSensitivity90.threshold !== scored.shipped.threshold && marker(atSensitivity90, 'hollow', '90 % sensitivity', space)}
${marker(scored.shipped, 'solid', 'shipped threshold', space)}`;
  });
}

/** Labels stand below and right of their point: left and above is the curve. */
function marker(row: ThresholdRow, kind: 'solid' | 'hollow', name: string, { x, y }: PlotSpace): Markup | undefined {
  const { sensitivity, specificity } = row;
  if (sensitivity.value === undefined || specificity.value === undefined) return undefined;
  const [cx, cy] = [x(1 - specificity.value), y(sensitivity.value)];
  const right = 1 - specificity.value > 0.6;
  return html`<g class="marker ${kind}"><path class="whisker" d="M${x(1 - specificity.interval[1])} ${cy}H${x(1 - specificity.interval[0])}M${cx} ${y(sensitivity.interval[0])}V${y(sensitivity.interval[1])}"/><circle cx="${cx}" cy="${cy}" r="5.5"><title>${name} ${points(row.threshold)}: sensitivity ${percentOf(sensitivity)}, specificity ${percentOf(specificity)}</title></circle><text x="${cx + (right ? -12 : 12)}" y="${cy + (kind === 'solid' ? 21 : 37)}" text-anchor="${right ? 'end' : 'start'}">${name} ${points(row.threshold)}</text></g>`;
}
