/**
 * `firstread evaluate`: how well a model reads a user's own labelled films. Scores them with the serving code, measures
 * (src/evaluation/), writes a page. Interrupted, it goes on where it was; a file that cannot be read is named and
 * skipped; a film that the models refuse is counted and listed apart.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { evaluateFilms } from '../evaluation/evaluation.ts';
import { measureAt } from '../evaluation/operating-points.ts';
import type { Place } from '../evaluation/froc.ts';
import type { EvaluationRun, FilmNamed } from '../evaluation/page/run-facts.ts';
import { siteModelFolders } from '../hub/site-models.ts';
import type { FileTools } from '../inference/analyse-file.ts';
import { createBatchRunner } from '../inference/batch-runner.ts';
import { createDecodePool } from '../inference/decode-pool.ts';
import { familiesOf } from '../inference/manifest-outputs.ts';
import { openEngineHere } from '../inference/model-engine.ts';
import type { ModelSet } from '../inference/model-set.ts';
import { parseProvider } from '../inference/provider.ts';
import type { FindingFamily } from '../study/types.ts';
import { FIRSTREAD_VERSION } from '../version.ts';
import { parseCommand, printable } from './command.ts';
import type { CommandIo } from './command.ts';
import { readCsvFile } from './csv-table.ts';
import { readBoxes } from './evaluate/boxes-table.ts';
import { gatherFilms } from './evaluate/gather-films.ts';
import { identifyDicomFile, matchFilms } from './evaluate/match-films.ts';
import { scoreFilms } from './evaluate/score-films.ts';
import { openScoreStore } from './evaluate/score-store.ts';
import type { ScoreStore, StoredScore } from './evaluate/score-store.ts';
import { summarise } from './evaluate/summary.ts';
import { REPORT_FILE, toJson, writeOutputs } from './evaluate/write-outputs.ts';
import { findFiles } from './find-files.ts';
import type { LabelWords } from './label-words.ts';
import { findColumn, readLabels } from './labels-table.ts';
import type { RowLeftOut } from './labels-table.ts';
import { startProgress } from './progress-line.ts';

export const help = `usage: firstread evaluate [options] --labels TABLE.csv FOLDER…

Measures a model on your own labelled films: ROC and AUC, sensitivity, specificity, PPV and NPV at every threshold,
calibration, sub-groups, boxes. FOLDER holds DICOM, PNG or JPEG files. Nothing leaves this machine.

TABLE.csv has a line a film: a column file (or accession, or SOP Instance UID) and a column label (or truth, tb …) with
1/0, yes/no, pos/neg, tb/normal; if you have them also patient, sex, age. Separator and encoding are recognised.

  --labels TABLE.csv      the truth (default: labels.csv in FOLDER)
  --label-column NAME     the column with the truth, where its name does not say so
  --positive V[,V…]       labels that mean yes; * is every other one
  --negative V[,V…]       labels that mean no; * is every other one
  --family FAMILY         tuberculosis (default) or "lung nodule"
  --boxes TABLE.csv       true boxes: image, xmin, ymin, xmax, ymax in pixels of the film
  --by COLUMN             sub-groups by this column too; may be given again (sex and age are always there)
  --prevalence P          PPV and NPV also where this share is positive: 0.02 or 2%
  --threshold N           figures at this threshold too; may be given again
  --out DIR               where report and scores go (default: firstread-evaluation)
  --models DIR            folder of models (default: the setting models, or the models that come with Firstread)
  --jobs N                files in work at once (default 6)
  --json                  evaluation.json on stdout in place of the table

Ctrl-C loses nothing: run again and it goes on. Scores are kept in DIR by what a file holds and which model scored it.
Exit code 0 when every film of the table was read, 2 when some could not be, 130 when interrupted.
`;

const OPTIONS = {
  labels: { type: 'string' }, 'label-column': { type: 'string' }, positive: { type: 'string' }, negative: { type: 'string' }, family: { type: 'string' }, boxes: { type: 'string' },
  by: { type: 'string', multiple: true }, prevalence: { type: 'string' }, threshold: { type: 'string', multiple: true }, out: { type: 'string' }, jobs: { type: 'string' }, json: { type: 'boolean' },
} as const;

const JOBS_MAX = 64;
/** On stderr as they come; all of them are in the report. */
const UNREAD_SAID_MAX = 20;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded: { config } } = parseCommand(argv, OPTIONS, Number.MAX_SAFE_INTEGER);
  const family = readFamily(values.family);
  const prevalence = values.prevalence === undefined ? undefined : readPrevalence(values.prevalence);
  const thresholds = (values.threshold ?? []).map((text) => readNumber(text, '--threshold', 0, 100));
  const filesAtOnce = readNumber(values.jobs ?? '6', '--jobs', 1, JOBS_MAX);
  const tablePath = values.labels ?? tableIn(positionals);
  const folders = positionals.length > 0 ? positionals : [dirname(tablePath)];
  const out = values.out ?? 'firstread-evaluation';
  const table = readLabels(await readCsvFile(tablePath), { family, ...words('positive', values.positive), ...words('negative', values.negative), ...(values['label-column'] === undefined ? {} : { labelColumn: values['label-column'] }) });
  // Sex and age are groups anyway.
  const by = (values.by ?? []).map((name) => findColumn(table.header, name)).filter((column) => column !== table.columns.sex && column !== table.columns.age);
  const marked = values.boxes === undefined ? undefined : readBoxes(await readCsvFile(values.boxes));

  const ours = [tablePath, values.boxes].flatMap((path) => (path === undefined ? [] : [resolve(path)]));
  const files = [...new Set(findFiles(folders).map((path) => resolve(path)))].filter((path) => !ours.includes(path) && relative(resolve(out), path).startsWith('..'));
  const base = commonFolder(folders.map((folder) => resolve(folder)));
  const matching = await matchFilms(table.rows, files, base, identifyDicomFile);
  if (matching.cases.length === 0) throw new FirstreadError('table-invalid', `no row of ${tablePath} names a file in ${folders.join(', ')}; the first one says ${JSON.stringify(Object.values(table.rows[0]!.values)[0] ?? '')}`);
  const boxes = marked === undefined ? undefined : await placesByFile(marked.boxes, files, base);

  const set = chooseModels((await siteModelFolders(config.models, config.data)).set, family);
  const model = set.findings[0]!.manifest;
  const eligibility = { analyseSecondaryCapture: config.analyseSecondaryCapture, minSidePixels: config.imageSideMinPixels };
  await mkdir(out, { recursive: true, mode: 0o700 });
  const store = await openScoreStore(join(out, 'scores.jsonl'), scoredBy(set, eligibility));
  const toScore = [...new Set(matching.cases.flatMap((one) => one.files))];
  const scores = await scoreAll(toScore, { family, set, eligibility, store, filesAtOnce, base, provider: config.provider, inferenceThreads: config.inferenceThreads, decodeThreads: config.decodeThreads, decodeDeadlineMs: config.decodeDeadlineMs }, io);
  if (scores.size < toScore.length) {
    io.stderr.write(`Stopped: ${scores.size} of ${toScore.length} films are scored and kept in ${out}. The same command goes on from there.\n`);
    return 130;
  }

  const gathering = gatherFilms(matching.cases, scores, { base, by, ageYears: model.ageYears, ...(boxes === undefined ? {} : { places: boxes.places }) });
  if (gathering.films.every((film) => film.score === undefined)) throw new FirstreadError('table-invalid', `none of the ${matching.cases.length} films in the table was scored: ${gathering.refused.length} refused, ${gathering.unreadable.length} not readable`);
  const shipped = model.thresholds.find((each) => each.family === family)!;
  const measuring = prevalence === undefined ? {} : { prevalence };
  const scored = gathering.films.flatMap((film) => (film.score === undefined ? [] : [{ ...film, score: film.score }]));
  const lungField = set.lungField?.manifest;
  const done: EvaluationRun = {
    schema: 'firstread-evaluation/1',
    madeAt: new Date().toISOString(),
    firstreadVersion: FIRSTREAD_VERSION,
    family,
    model: { name: model.name, version: model.version, sha256: model.sha256, status: model.provenance.status, trainedOn: model.provenance.trainedOn, thresholdOrigin: shipped.origin },
    ...(lungField === undefined ? {} : { lungField: { name: lungField.name, version: lungField.version, sha256: lungField.sha256 } }),
    folders,
    table: tablePath,
    columns: Object.fromEntries(Object.entries(table.columns).filter(([, column]) => column !== undefined)) as Record<string, string>,
    evaluation: evaluateFilms(gathering.films, shipped.threshold, measuring),
    asked: thresholds.map((threshold) => measureAt(scored, threshold, measuring)),
    ...measuring,
    refused: gathering.refused,
    unreadable: gathering.unreadable,
    rowsLeftOut: [...named(table.leftOut), ...named(matching.leftOut), ...gathering.leftOut, ...named(marked?.leftOut ?? [], 'box '), ...named(boxes?.leftOut ?? [], 'box ')],
    filesWithoutRow: matching.filesWithoutRow,
    remarks: gathering.remarks,
  };
  await writeOutputs(out, done, gathering.films);
  io.stdout.write(values.json === true ? `${toJson(done)}\n` : summarise(done, join(out, REPORT_FILE), io.stdout.isTTY === true && process.env['NO_COLOR'] === undefined));
  return gathering.unreadable.length > 0 ? 2 : 0;
}

interface ScoringPlan {
  readonly family: FindingFamily;
  readonly set: ModelSet;
  readonly eligibility: FileTools['settings']['eligibility'];
  readonly store: ScoreStore;
  readonly filesAtOnce: number;
  readonly base: string;
  readonly provider: string;
  readonly inferenceThreads: number;
  readonly decodeThreads: number;
  readonly decodeDeadlineMs: number;
}

/** The first Ctrl-C lets the films in work end and be kept; the second one ends at once. */
async function scoreAll(files: readonly string[], plan: ScoringPlan, io: CommandIo): Promise<ReadonlyMap<string, StoredScore>> {
  const engine = await openEngineHere(plan.set, { provider: parseProvider(plan.provider), intraOpThreads: plan.inferenceThreads, batchMax: Math.min(8, plan.filesAtOnce) });
  const pool = createDecodePool({ threads: plan.decodeThreads, deadlineMs: plan.decodeDeadlineMs });
  const stop = new AbortController();
  const onInterrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', onInterrupt);
  const progress = startProgress(files.length, 'films', io, performance.now());
  let [unread, reused] = [0, 0];
  try {
    return await scoreFilms({
      files,
      family: plan.family,
      store: plan.store,
      tools: { runner: createBatchRunner(engine), settings: { eligibility: plan.eligibility }, decode: async (bytes) => pool.decode(bytes) },
      filesAtOnce: plan.filesAtOnce,
      stop: stop.signal,
      onFilm: (file, score, fresh) => {
        if (score.outcome === 'unreadable') {
          unread += 1;
          if (unread <= UNREAD_SAID_MAX) progress.say(printable(`not read: ${relative(plan.base, file)}: ${score.reason?.text ?? ''}`));
        }
        if (!fresh) reused += 1;
        progress.step(fresh, performance.now());
      },
    });
  } finally {
    progress.end(performance.now());
    if (reused > 0) io.stderr.write(`${reused} of ${files.length} films were scored before\n`);
    if (unread > UNREAD_SAID_MAX) io.stderr.write(`… and ${unread - UNREAD_SAID_MAX} more that could not be read\n`);
    process.off('SIGINT', onInterrupt);
    await pool.close();
    await engine.close();
  }
}

/** Only what is measured runs: the shown model of the family, and the lung field before it. */
function chooseModels(set: ModelSet, family: FindingFamily): ModelSet {
  const chosen = set.findings.filter(({ manifest }) => manifest.shadow !== true && familiesOf(manifest.outputs).includes(family));
  if (chosen.length === 0) throw new FirstreadError('model-invalid', `no model here looks for ${family}`);
  return { lungField: set.lungField, findings: chosen };
}

/** Changes with everything that a score depends on besides the film; the threshold is not among it. */
export function scoredBy(set: ModelSet, eligibility: object): string {
  const parts = [set.lungField, ...set.findings].map((folder) => {
    if (folder === undefined) return undefined;
    const { sha256, input, outputs, calibration, ageYears } = folder.manifest;
    return { sha256, input, outputs, calibration, ageYears };
  });
  return createHash('sha256').update(JSON.stringify([FIRSTREAD_VERSION, parts, eligibility])).digest('hex');
}

async function placesByFile(boxes: ReturnType<typeof readBoxes>['boxes'], files: readonly string[], base: string): Promise<{ readonly places: ReadonlyMap<string, readonly Place[]>; readonly leftOut: readonly RowLeftOut[] }> {
  const byName = Map.groupBy(boxes, (box) => box.file);
  const rows = [...byName].map(([file, own]) => ({ line: own[0]!.line, file, positive: true, label: '', values: {} }));
  const { cases, leftOut } = await matchFilms(rows, files, base, async () => ({}));
  return { places: new Map(cases.map((one) => [one.files[0]!, (byName.get(one.row.file!) ?? []).map((box) => box.place)])), leftOut };
}

/** The deepest folder that holds all of them: names are shown relative to it. */
function commonFolder(paths: readonly string[]): string {
  const [first = '/', ...others] = paths;
  const parts = first.split('/');
  const shared = parts.findIndex((part, i) => others.some((path) => path.split('/')[i] !== part));
  return (shared === -1 ? first : parts.slice(0, shared).join('/')) || '/';
}

const named = (rows: readonly RowLeftOut[], what = ''): FilmNamed[] => rows.map(({ line, name, reason }) => ({ name, reason: `${what}line ${line}: ${reason}` }));

function tableIn(folders: readonly string[]): string {
  const found = folders.map((folder) => join(folder, 'labels.csv')).find((path) => existsSync(path));
  if (found === undefined) throw new FirstreadError('usage', 'say where the truth is: --labels TABLE.csv');
  return found;
}

function readFamily(text = 'tuberculosis'): FindingFamily {
  const family = text.trim().toLowerCase().replace(/[-_]/g, ' ');
  if (family === 'tuberculosis' || family === 'tb') return 'tuberculosis';
  if (family === 'lung nodule' || family === 'nodule') return 'lung nodule';
  throw new FirstreadError('usage', `--family is tuberculosis or "lung nodule", not ${JSON.stringify(text)}`);
}

function readPrevalence(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text.trim());
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (!(share > 0 && share < 1)) throw new FirstreadError('usage', `--prevalence is a share between 0 and 1, or a percentage: 0.02 or 2%, not ${JSON.stringify(text)}`);
  return share;
}

function readNumber(text: string, option: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max) || (option === '--jobs' && !Number.isInteger(value))) throw new FirstreadError('usage', `${option} is a number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  return value;
}

const words = (key: 'positive' | 'negative', text: string | undefined): LabelWords =>
  text === undefined ? {} : { [key]: text.split(',').map((word) => word.trim()).filter((word) => word !== '') };
