/** The tables of the page: what thresholds do, films by name, every threshold. PURE. */
import type { Mistake } from '../evaluation.ts';
import type { ThresholdRow } from '../operating-points.ts';
import { percent, percentOf, percentRange, percentWithRange, points } from './figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { EvaluationRun, FilmNamed } from './run-facts.ts';

/** Longer lists are in the files beside the page. */
const NAMES_SHOWN = 500;
const THRESHOLDS_SHOWN = 260;

export function operatingPointsTable({ evaluation, asked, site, prevalence, family }: EvaluationRun): Markup {
  const { scored, withRefused, atSensitivity90 } = evaluation;
  const rows: readonly (readonly [string, string, ThresholdRow | undefined])[] = [
    ['As shipped', '', scored.shipped],
    ['Refused films as not flagged', 'as shipped, the way the worklist treats them', withRefused?.shipped],
    ["At this site's threshold", site === undefined ? '' : [site.origin, ...site.groups].join('; '), site?.at],
    ['At 90 % sensitivity', 'chosen on these films: a little too good', atSensitivity90],
    ...asked.map((row) => ['As asked', '', row] as const),
  ];
  return html`<div class="scroll"><table class="points"><thead><tr><th></th><th class="n">threshold</th><th>sensitivity</th><th>specificity</th><th>PPV here</th><th>NPV here</th>${prevalence !== undefined && html`<th>PPV at ${prevalenceText(prevalence)}</th><th>NPV at ${prevalenceText(prevalence)}</th>`}</tr></thead><tbody>
${rows.map(([name, hint, row]) => row !== undefined && html`<tr><th scope="row">${name}${hint !== '' && html`<small>${hint}</small>`}</th><td class="n">${points(row.threshold)}</td>${[row.sensitivity, row.specificity, row.ppv, row.npv].map((p) => html`<td>${percentOf(p)}${p.value !== undefined && html` <span class="nb">(${percentRange(p.interval, p.n)})</span>`}<small>${p.k} of ${p.n}</small></td>`)}${prevalence !== undefined && html`<td>${predicted(row, 'ppv')}</td><td>${predicted(row, 'npv')}</td>`}</tr>`)}
</tbody></table></div>${family === 'tuberculosis' && triageSentence(evaluation.triage)}
${prevalence === undefined && html`<p class="note">PPV and NPV hold for a room where ${percent(scored.positiveCount / Math.max(1, scored.filmCount))} of the films are positive, as in this folder. Where fewer are, the PPV is lower: run again with <code>--prevalence</code>.</p>`}`;
}

export const prevalenceText = (prevalence: number): string => `${Number((prevalence * 100).toPrecision(3))} %`;

/** A tenth of a percent matters where few are ill. */
function predicted({ atPrevalence }: ThresholdRow, which: 'ppv' | 'npv'): Markup | string {
  const p = atPrevalence?.[which];
  return p?.value === undefined ? '–' : html`${percent(p.value, 1000)} <span class="nb">(${percentRange(p.interval, 1000)})</span>`;
}

function triageSentence(triage: EvaluationRun['evaluation']['triage']): Markup | undefined {
  if (triage === undefined) return undefined;
  const found = html`at threshold ${points(triage.at.threshold)} sensitivity is ${percentWithRange(triage.at.sensitivity)} and specificity ${percentWithRange(triage.at.specificity)}`;
  return html`<p class="note">WHO's target for a triage test (sensitivity at least 90 %, specificity at least 70 %) is <strong>${triage.met ? 'reached' : 'not reached'}</strong> on these films: ${found}${triage.met && !triage.certain && '; the intervals reach below the target, so other films may say otherwise'}.</p>`;
}

export function thresholdsTable({ evaluation, prevalence }: EvaluationRun): Markup {
  const { thresholds } = evaluation;
  // Of many, the first at or above each whole point: what is between hardly differs.
  const rising = thresholds.toReversed();
  const shown = thresholds.length <= THRESHOLDS_SHOWN ? rising : rising.filter((row, i) => i === 0 || Math.floor(row.threshold) > Math.floor(rising[i - 1]!.threshold));
  return html`<div class="scroll"><table class="every"><thead><tr><th class="n">threshold</th><th>sensitivity</th><th>specificity</th><th>PPV</th><th>NPV</th>${prevalence !== undefined && html`<th>PPV at ${prevalenceText(prevalence)}</th><th>NPV at ${prevalenceText(prevalence)}</th>`}<th class="n">flagged</th></tr></thead><tbody>
${shown.map((row) => html`<tr><td class="n">${points(row.threshold)}</td>${[row.sensitivity, row.specificity, row.ppv, row.npv].map((p) => html`<td>${percentWithRange(p)}</td>`)}${prevalence !== undefined && html`<td>${predicted(row, 'ppv')}</td><td>${predicted(row, 'npv')}</td>`}<td class="n">${percentOf(row.flagged)}</td></tr>`)}
</tbody></table></div><p class="note">${shown.length < thresholds.length && 'One row for each whole point; '}${shown.length < thresholds.length ? 'all' : 'All'} ${thresholds.length} thresholds are in thresholds.csv. Wilson's intervals.</p>`;
}

export function mistakesTable(title: string, mistakes: readonly Mistake[], threshold: number, wrong: 'above' | 'below'): Markup {
  return html`<div class="mistakes"><h3>${title}</h3>${mistakes.length === 0 ? html`<p class="note">none</p>` : html`<ol>${mistakes.map(({ name, score }) => html`<li class="${(wrong === 'above' ? score >= threshold : score < threshold) ? 'wrong' : 'right'}"><span class="meter"><i style="width:${Math.max(1, score)}%"></i></span><b>${points(score)}</b><span class="name">${name}</span></li>`)}</ol>`}</div>`;
}

export function filmsTable(list: readonly FilmNamed[]): Markup {
  return html`<div class="scroll"><table class="films"><thead><tr><th>film</th><th>label</th><th>why</th></tr></thead><tbody>
${list.slice(0, NAMES_SHOWN).map(({ name, positive, reason }) => html`<tr><td class="name">${name}</td><td>${positive === undefined ? '' : positive ? 'positive' : 'negative'}</td><td>${reason}</td></tr>`)}</tbody></table></div>${more(list.length)}`;
}

export const namesList = (names: readonly string[]): Markup => html`<ul class="names">${names.slice(0, NAMES_SHOWN).map((name) => html`<li>${name}</li>`)}</ul>${more(names.length)}`;

const more = (count: number): Markup | false => count > NAMES_SHOWN && html`<p class="note">and ${count - NAMES_SHOWN} more, in evaluation.json</p>`;
