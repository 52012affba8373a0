/** Sub-groups as a forest: each figure with its interval drawn on one scale, the figure of all films as a line. PURE. */
import type { Evaluation } from '../evaluation.ts';
import type { Interval } from '../intervals.ts';
import type { SubGroup } from '../sub-groups.ts';
import { aucWithRange, percentWithRange } from './figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { tenth } from './plot.ts';

const WIDTH = 104;
const HEIGHT = 20;

export function forest({ subGroups, scored }: Evaluation): Markup {
  const all = { auc: scored.auc?.value, sensitivity: scored.shipped.sensitivity.value, specificity: scored.shipped.specificity.value };
  return html`<div class="scroll"><table class="forest"><thead><tr><th>group</th><th class="n">films</th><th class="n">positive</th><th>AUC</th><th>sensitivity at the threshold</th><th>specificity at the threshold</th></tr></thead>
${subGroups.map(({ column, groups }) => html`<tbody><tr class="column"><th colspan="6">${column}</th></tr>${groups.map((group) => row(group, all))}</tbody>`)}</table></div>
<p class="note">Each scale runs from 0 to 100 % (AUC: 0.5 to 1); the fine line is the figure of all films.</p>`;
}

function row(group: SubGroup, all: { readonly auc: number | undefined; readonly sensitivity: number | undefined; readonly specificity: number | undefined }): Markup {
  const { sensitivity, specificity } = group.atThreshold;
  return html`<tr><td>${group.group}</td><td class="n">${group.filmCount}</td><td class="n">${group.positiveCount}</td>
<td>${group.auc === undefined ? html`<span class="none">one class only</span>` : html`${bar(group.auc.value, group.auc.interval, all.auc, 0.5)}<span class="figure">${aucWithRange(group.auc)}</span>`}</td>
<td>${cell(sensitivity.value, sensitivity.interval, all.sensitivity, percentWithRange(sensitivity))}</td>
<td>${cell(specificity.value, specificity.interval, all.specificity, percentWithRange(specificity))}</td></tr>`;
}

const cell = (value: number | undefined, interval: Interval, all: number | undefined, text: string): Markup =>
  value === undefined ? html`<span class="none">none of them</span>` : html`${bar(value, interval, all, 0)}<span class="figure">${text}</span>`;

function bar(value: number, [low, high]: Interval, all: number | undefined, from: number): Markup {
  const x = (v: number): number => tenth(4 + (Math.max(0, (v - from) / (1 - from)) * (WIDTH - 8)));
  const y = HEIGHT / 2;
  return html`<svg class="interval" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true"><path class="rail" d="M4 ${y}H${WIDTH - 4}"/>${all !== undefined && html`<path class="all" d="M${x(all)} 1V${HEIGHT - 1}"/>`}<path class="span" d="M${x(low)} ${y}H${x(high)}"/><circle cx="${x(value)}" cy="${y}" r="4"/></svg>`;
}
