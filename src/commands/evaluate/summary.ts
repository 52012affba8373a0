/** The evaluation in a dozen lines for the terminal: warnings first, then one table, then where the page lies. */
import type { ThresholdRow } from '../../evaluation/operating-points.ts';
import { aucWithRange, films, percent, percentWithRange, points } from '../../evaluation/page/figures.ts';
import { prevalenceText } from '../../evaluation/page/page-tables.ts';
import type { EvaluationRun, FilmNamed } from '../../evaluation/page/run-facts.ts';
import { warningsOf } from '../../evaluation/page/warnings.ts';
import { formatTable, printable } from '../command.ts';

const NAMED = 5;

export function summarise(run: EvaluationRun, page: string, colour: boolean): string {
  const { evaluation, model, prevalence } = run;
  const { scored, withRefused, atSensitivity90, triage } = evaluation;
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const warnings = warningsOf(run).map(({ severity, title, text }) => `${paint(severity === 'loud' ? 31 : 33, severity === 'loud' ? '!! ' : '!  ')}${paint(1, printable(title))}\n${wrap(printable(text), 3)}\n`);
  const rows: readonly (readonly [string, ThresholdRow | undefined])[] = [
    ['as shipped', scored.shipped], ['refused as not flagged', withRefused?.shipped], ["at this site's threshold", run.site?.at], ['at 90 % sensitivity', atSensitivity90], ...run.asked.map((row) => ['as asked', row] as const),
  ];
  const header = ['', 'threshold', 'sensitivity', 'specificity', 'PPV here', 'NPV here', ...(prevalence === undefined ? [] : [`PPV at ${prevalenceText(prevalence)}`, `NPV at ${prevalenceText(prevalence)}`])];
  const table = formatTable(header, rows.flatMap(([name, row]) => (row === undefined ? [] : [[name, points(row.threshold), ...[row.sensitivity, row.specificity, row.ppv, row.npv].map(percentWithRange), ...(prevalence === undefined ? [] : [row.atPrevalence?.ppv.value, row.atPrevalence?.npv.value].map((value) => (value === undefined ? '–' : percent(value, 1000))))]])));
  return [
    '',
    paint(1, `${model.name} ${model.version} (${run.family}) on ${films(scored.filmCount)}, ${scored.positiveCount} positive and ${scored.filmCount - scored.positiveCount} negative`),
    '',
    ...warnings,
    ...(scored.auc === undefined ? [] : [`AUC ${paint(1, aucWithRange(scored.auc))}  95 % interval, ${scored.auc.method}`, '']),
    table,
    ...(run.family === 'tuberculosis' && triage !== undefined ? [`WHO triage target (90 % and 70 %): ${triage.met ? (triage.certain ? 'reached' : 'reached, but the intervals reach below it') : 'not reached'}`] : []),
    ...(evaluation.froc === undefined ? [] : [`Boxes: ${evaluation.froc.at.filter((at) => at.falseBoxesPerFilm >= 0.5 && at.falseBoxesPerFilm <= 2).map((at) => `${percent(at.sensitivity)} found at ${at.falseBoxesPerFilm} false a film`).join(', ')}`]),
    ...(evaluation.pointing === undefined ? [] : [`Heatmap: the hottest point lies in a marked box on ${percentWithRange(evaluation.pointing)} of the films`]),
    ...listed('refused', run.refused, byReason(run.refused)),
    ...(!run.secondaryCaptureRead && run.refused.some(({ reason }) => reason === 'secondary capture') ? ['  digitised films come as secondary captures: --analyse-secondary-capture true has them read'] : []),
    ...listed('not readable', run.unreadable, `named above and in the report`),
    ...listed('left out', run.rowsLeftOut, run.rowsLeftOut.slice(0, NAMED).map(({ name, reason }) => `${name} (${reason})`).join(', ') + (run.rowsLeftOut.length > NAMED ? ', …' : '')),
    ...(run.filesWithoutRow.length === 0 ? [] : [`${run.filesWithoutRow.length} ${run.filesWithoutRow.length === 1 ? 'file' : 'files'} without a row: ${printable(run.filesWithoutRow.slice(0, NAMED).join(', '))}${run.filesWithoutRow.length > NAMED ? ', …' : ''}`]),
    '',
    `Report  ${paint(1, page)}`,
    'Not a medical device. Figures of one folder are no promise for another hospital.',
    '',
  ].join('\n');
}

const listed = (what: string, list: readonly FilmNamed[], how: string): string[] => (list.length === 0 ? [] : [`${list.length} ${what} (${printable(how)})`]);

function byReason(list: readonly FilmNamed[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of list) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason}: ${count}`);
  return reasons.slice(0, NAMED).join('; ') + (reasons.length > NAMED ? `; and ${reasons.length - NAMED} more reasons` : '');
}

function wrap(text: string, indent: number, width = 92): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => ' '.repeat(indent) + line).join('\n');
}
