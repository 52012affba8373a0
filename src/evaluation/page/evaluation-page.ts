/**
 * The evaluation as one HTML file that needs nothing else: no script, no font, no picture from elsewhere; plots are inline
 * SVG. What speaks against the figures stands before them. PURE.
 */
import type { CalibrationCurve } from '../calibration-curve.ts';
import type { Headline } from '../evaluation.ts';
import type { Froc } from '../froc.ts';
import { auc, films, percent, percentOf, percentRange, percentWithRange, points } from './figures.ts';
import { forest } from './forest.ts';
import { frocPlot } from './froc-plot.ts';
import { html, Markup } from './markup.ts';
import { filmsTable, mistakesTable, namesList, operatingPointsTable, prevalenceText, thresholdsTable } from './page-tables.ts';
import { rocPlot } from './roc-plot.ts';
import type { EvaluationRun } from './run-facts.ts';
import { calibrationPlot, histogramPlot, thresholdPlot } from './score-plots.ts';
import { STYLE } from './style.ts';
import { warningsOf } from './warnings.ts';

export function evaluationPage(run: EvaluationRun): string {
  const { evaluation, model, family } = run;
  const { scored } = evaluation;
  // A model's name mostly says what it looks for.
  const bare = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');
  const title = `${bare(model.name).includes(bare(family)) ? '' : `${family}: `}${model.name} ${model.version} on ${films(scored.filmCount)}`;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${capital(title)}</title><style>${new Markup(STYLE)}</style></head><body><main>
<header><h1>${capital(title)}</h1><p class="lead"><b>${scored.positiveCount}</b> positive and <b>${scored.filmCount - scored.positiveCount}</b> negative by ${run.table}${run.refused.length > 0 && html` · <b>${run.refused.length}</b> refused by the models`}${run.unreadable.length > 0 && html` · <b>${run.unreadable.length}</b> not readable`} · ${run.madeAt.slice(0, 10)}</p></header>
${warningsOf(run).map(({ severity, title: heading, text }) => html`<div class="warning ${severity}"><strong>${heading}</strong><p>${text}</p></div>`)}
${keyFigures(scored)}
<div class="grid2">
${figure('ROC', rocPlot(evaluation, family === 'tuberculosis'), html`${scored.auc !== undefined && `AUC ${auc(scored.auc.value)}, 95 % interval ${scored.auc.interval[0].toFixed(3)}–${scored.auc.interval[1].toFixed(3)} (${scored.auc.method}). `}Crosses are 95 % intervals.`)}
${figure('Scores', histogramPlot(evaluation), 'Films by score, five points a bar; positive films upwards, negative ones downwards.')}
${figure('By threshold', thresholdPlot(evaluation), html`<span class="swatch positive"></span>sensitivity <span class="swatch negative"></span>specificity <span class="swatch flagged"></span>films flagged. What is gained and lost by moving the threshold; the dashed upright is the shipped one.`)}
${evaluation.calibration !== undefined && figure('Calibration', calibrationPlot(evaluation.calibration), calibrationCaption(evaluation.calibration, scored))}
</div>
${evaluation.froc !== undefined && frocFigure(evaluation.froc)}
${evaluation.pointing !== undefined && html`<section><h2>Where it points</h2><p>The hottest point of the heatmap lies in a marked box on ${evaluation.pointing.k} of ${evaluation.pointing.n} films: ${percentWithRange(evaluation.pointing)}.</p></section>`}
<section><h2>What thresholds do</h2>${operatingPointsTable(run)}</section>
${evaluation.subGroups.length > 0 && html`<section><h2>Sub-groups</h2>${forest(evaluation)}</section>`}
<section><h2>Worth a look</h2><div class="grid2">${mistakesTable('Negative films with the highest scores', evaluation.highestNegatives, evaluation.threshold, 'above')}${mistakesTable('Positive films with the lowest scores', evaluation.lowestPositives, evaluation.threshold, 'below')}</div><p class="note">Coloured ones are on the wrong side of the threshold. Look at the films, and at their labels: some labels will be wrong.</p></section>
<details><summary>Every threshold</summary>${thresholdsTable(run)}</details>
${refusedSection(run)}
${listing('Films that could not be read', run.unreadable.length, 'in none of the figures; on the worklist a person is asked to look', () => filmsTable(run.unreadable))}
${listing('Rows left out', run.rowsLeftOut.length, 'in none of the figures', () => filmsTable(run.rowsLeftOut))}
${listing('Files without a row', run.filesWithoutRow.length, 'not looked at', () => namesList(run.filesWithoutRow), false)}
${colophon(run)}
</main></body></html>
`.text;
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const figure = (title: string, drawing: Markup, caption: Markup | string): Markup => html`<figure><h2>${title}</h2>${drawing}<figcaption>${caption}</figcaption></figure>`;

const calibrationCaption = ({ brier, brierOfPrevalence, expectedCalibrationError }: CalibrationCurve, { positiveCount, filmCount }: Headline): string =>
  `On the dotted line a score of 30 means that three in ten are positive. Brier score ${brier.toFixed(3)} (knowing only the share of positives: ${brierOfPrevalence.toFixed(3)}), expected calibration error ${percent(expectedCalibrationError, 1000)}. It holds for folders with ${percent(positiveCount / Math.max(1, filmCount))} positive films, as this one.`;

const frocFigure = (froc: Froc): Markup => html`<figure class="wide"><h2>Boxes (FROC)</h2>${frocPlot(froc)}<div><table><thead><tr><th class="n">false boxes a film</th><th>marked places found</th></tr></thead><tbody>
${froc.at.map((at) => html`<tr><td class="n">${at.falseBoxesPerFilm}</td><td>${percent(at.sensitivity, froc.placeCount)}${at.interval !== undefined && ` (${percentRange(at.interval, froc.placeCount)})`}</td></tr>`)}</tbody></table>
<p class="note">${froc.placeCount} marked places on ${films(froc.filmCount)}. A box finds a place when its centre lies in the true box or the two overlap by a fifth; a second box on a found place counts neither way. Intervals by the bootstrap.</p></div></figure>`;

function keyFigures({ auc: area, shipped }: Headline): Markup {
  const card = (label: string, value: string, range: string): Markup => html`<section><div class="label">${label}</div><div class="value">${value}</div><div class="range">${range}</div></section>`;
  return html`<div class="key">${card('AUC', area === undefined ? '–' : auc(area.value), area === undefined ? 'needs both classes' : `95 %: ${area.interval[0].toFixed(3)}–${area.interval[1].toFixed(3)}`)}
${card('Sensitivity', percentOf(shipped.sensitivity), `${percentRange(shipped.sensitivity.interval, shipped.sensitivity.n)} · ${shipped.truePositives} of ${shipped.sensitivity.n}`)}
${card('Specificity', percentOf(shipped.specificity), `${percentRange(shipped.specificity.interval, shipped.specificity.n)} · ${shipped.trueNegatives} of ${shipped.specificity.n}`)}
${card('Flagged', percentOf(shipped.flagged), `${shipped.flagged.k} of ${shipped.flagged.n} films`)}
${card('Threshold', points(shipped.threshold), 'shipped; of 100 points')}</div>`;
}

function refusedSection({ refused, evaluation }: EvaluationRun): Markup | undefined {
  const { withRefused } = evaluation;
  if (withRefused === undefined) return undefined;
  const { shipped, refusedPositiveCount, auc: area } = withRefused;
  return html`<details class="listing" open><summary>Films that the models refused <span>${refused.length}, ${refusedPositiveCount} of them positive</span></summary>
<p>They keep their place in ordinary order on the worklist and are read by a person. Counted as not flagged, sensitivity is ${percentWithRange(shipped.sensitivity)} and specificity ${percentWithRange(shipped.specificity)}${area !== undefined && `, AUC ${auc(area.value)}`}; without them ${percentWithRange(evaluation.scored.shipped.sensitivity)} and ${percentWithRange(evaluation.scored.shipped.specificity)}.</p>${filmsTable(refused)}</details>`;
}

/** `printed`: unfolded on paper, where nobody can click. */
const listing = (title: string, count: number, what: string, body: () => Markup, printed = true): Markup | false => count > 0 && html`<details class="${printed ? 'listing' : ''}"><summary>${title} <span>${count}, ${what}</span></summary>${body()}</details>`;

function colophon(run: EvaluationRun): Markup {
  const { model, lungField, evaluation, prevalence } = run;
  return html`<section><h2>How this was measured</h2><dl class="facts">
<dt>Model</dt><dd>${model.name} ${model.version} (${model.status}) <code>${model.sha256}</code></dd>
<dt>Trained on</dt><dd>${model.trainedOn.join('; ')}. Films from there are no test.</dd>
<dt>Threshold</dt><dd>${points(evaluation.threshold)}: ${model.thresholdOrigin}</dd>
${lungField !== undefined && html`<dt>Lung field</dt><dd>${lungField.name} ${lungField.version} <code>${lungField.sha256}</code></dd>`}
<dt>Films</dt><dd>${run.folders.join(', ')}</dd><dt>Truth</dt><dd>${run.table} (${Object.entries(run.columns).map(([what, column]) => `${what}: ${column}`).join(', ')})</dd>
<dt>Intervals</dt><dd>95 %. ${evaluation.clusteredByPatient ? 'Patients have several films: bootstrap over patients, fixed seed.' : 'Wilson for shares, DeLong (or Newcombe) for AUC; every film counted as a patient of its own.'}</dd>
${prevalence !== undefined && html`<dt>Prevalence</dt><dd>${prevalenceText(prevalence)}, as asked for, by Bayes' rule</dd>`}
${run.remarks.length > 0 && html`<dt>Remarks</dt><dd>${run.remarks.map((remark) => html`${remark}<br>`)}</dd>`}
<dt>Made</dt><dd>${run.madeAt} by Firstread ${run.firstreadVersion}</dd></dl></section>
<footer><strong>Not a medical device.</strong> Firstread prioritises; it does not diagnose, and every film is to be read by a person. Figures of one folder are no promise for another hospital. File names may identify patients: treat this page as you treat the films.</footer>`;
}
