/** ROC: the curve, the thresholds that matter with their intervals as crosses, and what WHO asks of a triage test. PURE. */
import type { Evaluation } from '../evaluation.ts';
import type { ThresholdRow } from '../operating-points.ts';
import { WHO_TRIAGE } from '../operating-points.ts';
import { percentOf, points } from './figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { legend, PERCENT_AXIS, plot, polyline } from './plot.ts';
import type { LegendEntry, PlotSpace } from './plot.ts';

export function rocPlot(evaluation: Evaluation, showTriage: boolean): Markup {
  const { roc, scored: { shipped }, atSensitivity90: at90 } = evaluation;
  return plot('ROC curve', { ...PERCENT_AXIS, label: 'negatives flagged (1 − specificity)' }, { ...PERCENT_AXIS, label: 'positives flagged (sensitivity)' }, (space) => {
    const { x, y } = space;
    const curve = roc.map((p) => [x(1 - p.specificity), y(p.sensitivity)] as const);
    // Lower right is where no useful curve comes.
    const key: readonly (LegendEntry | false)[] = [
      { mark: html`<circle class="dot solid" r="5"/>`, text: `shipped threshold ${points(shipped.threshold)}` },
      at90 !== undefined && at90.threshold !== shipped.threshold && { mark: html`<circle class="dot hollow" r="5"/>`, text: `90 % sensitivity, ${points(at90.threshold)}` },
      showTriage && { mark: html`<rect class="target" x="-6" y="-6" width="12" height="12"/>`, text: 'WHO triage target' },
    ];
    return html`${showTriage && html`<rect class="target" x="${x(0)}" y="${y(1)}" width="${x(1 - WHO_TRIAGE.specificity) - x(0)}" height="${y(WHO_TRIAGE.sensitivity) - y(1)}"/>`}
<path class="diagonal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>
<path class="under" d="${polyline([...curve, [x(1), y(0)], [x(0), y(0)]])}Z"/>
<path class="curve" d="${polyline(curve)}"/>
${at90 !== undefined && at90.threshold !== shipped.threshold && marker(at90, 'hollow', '90 % sensitivity', space)}
${marker(shipped, 'solid', 'shipped threshold', space)}
${legend(key.filter((entry) => entry !== false), x(0.56), y(0.05))}`;
  });
}

function marker(row: ThresholdRow, kind: 'solid' | 'hollow', name: string, { x, y }: PlotSpace): Markup | undefined {
  const { sensitivity, specificity } = row;
  if (sensitivity.value === undefined || specificity.value === undefined) return undefined;
  const [cx, cy] = [x(1 - specificity.value), y(sensitivity.value)];
  return html`<path class="whisker" d="M${x(1 - specificity.interval[1])} ${cy}H${x(1 - specificity.interval[0])}M${cx} ${y(sensitivity.interval[0])}V${y(sensitivity.interval[1])}"/><circle class="dot ${kind}" cx="${cx}" cy="${cy}" r="5.5"><title>${name} ${points(row.threshold)}: sensitivity ${percentOf(sensitivity)}, specificity ${percentOf(specificity)}</title></circle>`;
}
