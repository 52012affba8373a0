/** A calibration as one HTML file, to show to those who decide: what is proposed, what it costs, for whom, how sure. PURE. */
import type { Proposal } from '../choose-threshold.ts';
import type { CrossValidated } from '../cross-validation.ts';
import type { Interval } from '../intervals.ts';
import type { ThresholdRow } from '../operating-points.ts';
import type { ThresholdCost } from '../threshold-costs.ts';
import { auc, films, percent, percentOf, percentRange, percentWithRange, points } from './figures.ts';
import { html, Markup } from './markup.ts';
import { thresholdPlot } from './score-plots.ts';
import { STYLE } from './style.ts';

export interface CalibrationRun {
  readonly family: string;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  /** The model's own. */
  readonly shipped: number;
  /** E.g. "sensitivity 0.9". */
  readonly operatingPoint: string;
  readonly proposal: Proposal;
  readonly crossValidated: CrossValidated;
  /** By the scores of all films, without a look at the truth. */
  readonly choseBlindly: boolean;
  readonly costs: readonly ThresholdCost[];
  readonly thresholds: readonly ThresholdRow[];
  readonly filmCount: number;
  readonly leftOut: readonly { readonly line: number; readonly name: string; readonly reason: string }[];
  readonly remarks: readonly string[];
  /** Where the truth came from, and its SHA-256. */
  readonly table: string;
  readonly tableSha256: string;
  readonly margin: number;
  readonly madeAt: string;
  readonly firstreadVersion: string;
  /** The entry that is in force now; absent for a mere proposal. */
  readonly appliedId?: string;
}

export function calibrationPage(run: CalibrationRun): string {
  const { proposal, family, model, operatingPoint, shipped } = run;
  const { common, groups } = proposal.thresholds;
  const title = `${family.slice(0, 1).toUpperCase()}${family.slice(1)}: a threshold for this site`;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${title}</title><style>${new Markup(STYLE)}</style></head><body><main>
<header><h1>${title}</h1><p class="lead">${model.name} ${model.version} · <b>${proposal.caseCount}</b> patients with the disease and <b>${proposal.nonCaseCount}</b> without, by ${run.table} · ${operatingPoint} · ${run.madeAt.slice(0, 10)}</p></header>
<div class="warning"><strong>${run.appliedId === undefined ? 'A proposal' : `In force as ${run.appliedId}`}</strong><p>${run.appliedId === undefined ? 'Nothing was changed: --apply puts it in force.' : 'firstread calibrate --undo takes it back.'} ${run.choseBlindly ? 'It was chosen by the scores of all studies, without the truth.' : 'It was chosen and is judged on the same films; cross-validated figures judge each film by a threshold that was chosen without it.'}</p></div>
${run.remarks.map((remark) => html`<div class="warning"><p>${remark}</p></div>`)}
${keyFigures(run)}
<div class="grid2">
<figure><h2>What moving it does</h2>${thresholdPlot({ thresholds: run.thresholds, threshold: common }, [{ threshold: common, label: `proposed ${points(common)}` }, { threshold: shipped, label: `the model's own ${points(shipped)}` }])}<figcaption><span class="swatch positive"></span>sensitivity <span class="swatch negative"></span>specificity <span class="swatch flagged"></span>films flagged, by one threshold for everybody</figcaption></figure>
<section><h2>How sure</h2><dl class="facts"><dt>AUC</dt><dd>${auc(proposal.auc)} (${proposal.aucInterval[0].toFixed(3)}–${proposal.aucInterval[1].toFixed(3)})</dd>
<dt>On these films</dt><dd>sensitivity ${percentWithRange(proposal.apparent.sensitivity)}, specificity ${percentWithRange(proposal.apparent.specificity)}</dd>
<dt>Cross-validated</dt><dd>sensitivity ${crossed(run.crossValidated.sensitivity, run.crossValidated.sensitivityInterval, proposal.apparent.sensitivity.n)}, specificity ${crossed(run.crossValidated.specificity, run.crossValidated.specificityInterval, proposal.apparent.specificity.n)}; ${run.crossValidated.folds} folds, ${run.crossValidated.repeats} times</dd>
<dt>Rule</dt><dd>a threshold is proposed only where the exact 95 % bound (Clopper and Pearson) of the wanted share lies at most ${points(run.margin * 100)} percentage points below it; patients are counted, not films</dd></dl></section>
</div>
<section><h2>What each would have cost</h2>${costTable(run.costs)}</section>
${proposal.groups.length > 0 && html`<section><h2>Groups</h2>${groupTable(proposal)}<p class="note">${groups.length === 0 ? 'No group is large enough for a number of its own.' : 'Films are judged by age and sex of their header; where these are not known, by the common number.'}</p></section>`}
${run.leftOut.length > 0 && html`<details class="listing"><summary>Rows left out <span>${run.leftOut.length}</span></summary><div class="scroll"><table class="films"><tbody>${run.leftOut.slice(0, ROWS_SHOWN).map(({ line, name, reason }) => html`<tr><td class="n">line ${line}</td><td class="name">${name}</td><td>${reason}</td></tr>`)}</tbody></table></div></details>`}
<section><h2>How this was chosen</h2><dl class="facts"><dt>Model</dt><dd>${model.name} ${model.version} <code>${model.sha256}</code>. Another file ignores this threshold.</dd><dt>Truth</dt><dd>${run.table} <code>${run.tableSha256}</code>, ${films(run.filmCount)}</dd><dt>Intervals</dt><dd>95 %: Wilson for shares, DeLong for the AUC; the bootstrap over patients where they have several films</dd><dt>Made</dt><dd>${run.madeAt} by Firstread ${run.firstreadVersion}</dd></dl></section>
<footer><strong>Not a medical device.</strong> Firstread prioritises; it does not diagnose, and every film is to be read by a person. A threshold holds for the films, the devices and the people that it was chosen on.</footer>
</main></body></html>
`.text;
}

const ROWS_SHOWN = 500;

function keyFigures({ proposal: { thresholds, apparent }, shipped, costs }: CalibrationRun): Markup {
  const card = (label: string, value: string, range: string): Markup => html`<section><div class="label">${label}</div><div class="value">${value}</div><div class="range">${range}</div></section>`;
  const own = costs.find(({ name }) => name.startsWith('proposed'));
  return html`<div class="key">${card('Threshold', points(thresholds.common), `the model's own: ${points(shipped)}`)}
${card('Sensitivity', percentOf(apparent.sensitivity), percentRange(apparent.sensitivity.interval, apparent.sensitivity.n))}
${card('Cases missed', String(apparent.falseNegatives), `of ${apparent.sensitivity.n}`)}
${card('Extra tests', String(apparent.falsePositives), `of ${apparent.specificity.n} without the disease`)}
${card('Tests per case found', own?.testsPerCaseFound === undefined ? '–' : own.testsPerCaseFound.toFixed(1), `${percentOf(apparent.flagged)} flagged`)}</div>`;
}

const crossed = (value: number, interval: Interval, n: number): string => `${percent(value, n)} (${percentRange(interval, n)})`;

const costTable = (costs: readonly ThresholdCost[]): Markup => html`<div class="scroll"><table class="points"><thead><tr><th></th><th class="n">threshold</th><th>sensitivity</th><th>specificity</th><th>cases missed</th><th>extra tests</th><th>tests per case found</th><th>flagged</th></tr></thead><tbody>
${costs.map(({ name, at, missedCases, extraTests, testsPerCaseFound }) => html`<tr><th scope="row">${name}</th><td class="n">${points(at.threshold)}</td><td>${percentWithRange(at.sensitivity)}</td><td>${percentWithRange(at.specificity)}</td><td>${missedCases} of ${at.sensitivity.n}</td><td>${extraTests} of ${at.specificity.n}</td><td>${testsPerCaseFound === undefined ? 'none found' : testsPerCaseFound.toFixed(1)}</td><td>${percentOf(at.flagged)}</td></tr>`)}</tbody></table></div>`;

const groupTable = ({ groups, thresholds }: Proposal): Markup => html`<div class="scroll"><table class="points"><thead><tr><th></th><th class="n">threshold</th><th class="n">cases</th><th class="n">others</th><th>sensitivity</th><th>specificity</th><th></th></tr></thead><tbody>
${groups.map(({ label, threshold, caseCount, nonCaseCount, at, whyCommon }) => html`<tr><th scope="row">${label}</th><td class="n">${points(threshold ?? thresholds.common)}</td><td class="n">${caseCount}</td><td class="n">${nonCaseCount}</td><td>${percentWithRange(at.sensitivity)}</td><td>${percentWithRange(at.specificity)}</td><td>${whyCommon !== undefined && html`common number; ${whyCommon}`}</td></tr>`)}</tbody></table></div>`;
