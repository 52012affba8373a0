/** What an evaluation leaves behind: report.html, evaluation.json, films.csv, thresholds.csv. Written beside, then renamed. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_START, csvLine } from '../../api/csv.ts';
import { FirstreadError } from '../../errors.ts';
import type { EvaluatedFilm } from '../../evaluation/evaluation.ts';
import { evaluationPage } from '../../evaluation/page/evaluation-page.ts';
import type { EvaluationRun, FilmNamed } from '../../evaluation/page/run-facts.ts';

export const REPORT_FILE = 'report.html';

export async function writeOutputs(out: string, run: EvaluationRun, films: readonly EvaluatedFilm[]): Promise<void> {
  await replace(join(out, REPORT_FILE), evaluationPage(run));
  await replace(join(out, 'evaluation.json'), `${toJson(run)}\n`);
  await replace(join(out, 'films.csv'), filmsCsv(films, run));
  await replace(join(out, 'thresholds.csv'), thresholdsCsv(run));
}

/** Infinity ("nothing is flagged") has no JSON: it becomes null. */
export const toJson = (run: EvaluationRun): string => JSON.stringify(run, null, 1);

async function replace(path: string, text: string): Promise<void> {
  try {
    await writeFile(`${path}.part`, text, { mode: 0o600 });
    await rename(`${path}.part`, path);
  } catch (error) {
    throw new FirstreadError('usage', `${path} cannot be written: ${(error as Error).message}. The scores are kept: the same command writes it without scoring again`, {}, error);
  }
}

function filmsCsv(films: readonly EvaluatedFilm[], { evaluation: { threshold }, refused, unreadable }: EvaluationRun): string {
  const refusals = new Map(refused.map(({ name, reason }) => [name, reason]));
  const line = ({ name, positive, reason }: FilmNamed, outcome: string, score?: number): string =>
    csvLine([name, positive === true ? 'positive' : 'negative', outcome, score, score === undefined ? undefined : score >= threshold, reason]);
  return `${CSV_START}${csvLine(['file', 'label', 'outcome', 'score', 'flagged', 'reason'])}${films.map((film) => line({ ...film, reason: refusals.get(film.name) ?? '' }, film.score === undefined ? 'refused' : 'scored', film.score)).join('')}${unreadable.map((film) => line(film, 'not read')).join('')}`;
}

function thresholdsCsv({ evaluation: { thresholds }, prevalence }: EvaluationRun): string {
  const names = ['sensitivity', 'specificity', 'ppv', 'npv', 'flagged'] as const;
  const header = ['threshold', 'true positives', 'false negatives', 'false positives', 'true negatives', ...names.flatMap((name) => [name, `${name} low`, `${name} high`]), ...(prevalence === undefined ? [] : [`ppv at prevalence ${prevalence}`, `npv at prevalence ${prevalence}`])];
  const round = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.round(value * 1e5) / 1e5);
  return `${CSV_START}${csvLine(header)}${thresholds.map((row) => csvLine([
    row.threshold, row.truePositives, row.falseNegatives, row.falsePositives, row.trueNegatives,
    ...names.flatMap((name) => [round(row[name].value), round(row[name].interval[0]), round(row[name].interval[1])]),
    ...(row.atPrevalence === undefined ? [] : [round(row.atPrevalence.ppv.value), round(row.atPrevalence.npv.value)]),
  ])).join('')}`;
}
