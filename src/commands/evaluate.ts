/**
 * `firstread evaluate`: how well a model reads a user's own labelled films. Scores them with the serving code, measures
 * (src/evaluation/), writes a page. Interrupted, it goes on where it was; a file that cannot be read is named and
 * skipped; a film that the models refuse is counted and listed apart.
 */
import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { FirstreadError } from '../errors.ts';
import { evaluateFilms } from '../evaluation/evaluation.ts';
import type { EvaluatedFilm } from '../evaluation/evaluation.ts';
import { measureAt, measureJudged } from '../evaluation/operating-points.ts';
import type { EvaluationRun, FilmNamed } from '../evaluation/page/run-facts.ts';
import { siteModelFolders } from '../hub/site-models.ts';
import { inForce, readSiteThresholds } from '../hub/site-thresholds.ts';
import { familiesOf } from '../inference/manifest-outputs.ts';
import type { ModelSet } from '../inference/model-set.ts';
import { groupLabel } from '../study/site-threshold.ts';
import type { SiteThreshold } from '../study/site-threshold.ts';
import type { FindingFamily } from '../study/types.ts';
import { english } from '../study/wording.ts';
import { FIRSTREAD_VERSION } from '../version.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { readCsvFile } from './csv-table.ts';
import { placesByFile, readBoxes } from './evaluate/boxes-table.ts';
import { gatherFilms } from './evaluate/gather-films.ts';
import type { Gathering } from './evaluate/gather-films.ts';
import { identifyDicomFile, matchFilms } from './evaluate/match-films.ts';
import { OPTIONS, readOptions } from './evaluate/options.ts';
import type { EvaluateOptions } from './evaluate/options.ts';
import { scoreAll } from './evaluate/run-scoring.ts';
import { openScoreStore, scoredBy } from './evaluate/score-store.ts';
import { summarise } from './evaluate/summary.ts';
import { REPORT_FILE, toJson, writeOutputs } from './evaluate/write-outputs.ts';
import { findFiles } from './find-files.ts';
import { findColumn, readLabels } from './labels-table.ts';
import type { RowLeftOut } from './labels-table.ts';
import { folderIfNamed } from './site-folder.ts';

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
Where this site has a threshold of its own (firstread calibrate), its figures stand beside the shipped one's.
Exit code 0 when every film of the table was read, 2 when some could not be, 130 when interrupted.
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, OPTIONS, Number.MAX_SAFE_INTEGER);
  const { config } = loaded;
  const site = folderIfNamed(loaded);
  const options = readOptions(values, positionals);
  const { folders, out, labels: { family } } = options;
  const table = readLabels(await readCsvFile(options.table), options.labels);
  // Sex and age are groups anyway.
  const by = options.by.map((name) => findColumn(table.header, name)).filter((column) => column !== table.columns.sex && column !== table.columns.age);
  const marked = options.boxes === undefined ? undefined : readBoxes(await readCsvFile(options.boxes));

  const base = commonFolder(folders.map((folder) => resolve(folder)));
  const files = filmsIn(options);
  const matching = await matchFilms(table.rows, files, base, identifyDicomFile);
  if (matching.cases.length === 0) throw new FirstreadError('table-invalid', `no row of ${options.table} names a file in ${folders.join(', ')}; the first one says ${JSON.stringify(Object.values(table.rows[0]!.values)[0] ?? '')}`);
  const boxes = marked === undefined ? undefined : await placesByFile(marked.boxes, files, base);

  const set = chooseModels((await siteModelFolders(config.models, config.data)).set, family);
  const model = set.findings[0]!.manifest;
  const siteThreshold = inForce(readSiteThresholds(site.siteThresholds)).find((each) => each.family === family && each.modelSha256 === model.sha256);
  const eligibility = { analyseSecondaryCapture: config.analyseSecondaryCapture, minSidePixels: config.imageSideMinPixels };
  await mkdir(out, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new FirstreadError('usage', `the folder ${out} cannot be made (--out): ${(error as Error).message}`, {}, error);
  });
  const store = await openScoreStore(join(out, 'scores.jsonl'), scoredBy(set, family, eligibility));
  const toScore = [...new Set(matching.cases.flatMap((one) => one.files))];
  const scores = await scoreAll(toScore, { family, set, eligibility, store, filesAtOnce: options.filesAtOnce, base, config }, io);
  if (scores.size < toScore.length) {
    io.stderr.write(`Stopped: ${scores.size} of ${toScore.length} films are scored and kept in ${out}. The same command goes on from there.\n`);
    return 130;
  }

  const gathering = gatherFilms(matching.cases, scores, { base, by, ageYears: model.ageYears, ...(boxes === undefined ? {} : { places: boxes.places }), ...(siteThreshold === undefined ? {} : { siteThreshold }) });
  const done: EvaluationRun = {
    ...facts(options, set, config),
    ...measure(gathering, set, options, siteThreshold),
    columns: Object.fromEntries(Object.entries(table.columns).filter(([, column]) => column !== undefined)) as Record<string, string>,
    refused: gathering.refused,
    unreadable: gathering.unreadable,
    rowsLeftOut: [...named(table.leftOut), ...named(matching.leftOut), ...gathering.leftOut, ...named(marked?.leftOut ?? [], 'box '), ...named(boxes?.leftOut ?? [], 'box ')],
    filesWithoutRow: matching.filesWithoutRow,
    remarks: gathering.remarks,
  };
  await writeOutputs(out, done, gathering.films);
  io.stdout.write(options.json ? `${toJson(done)}\n` : summarise(done, join(out, REPORT_FILE), io.stdout.isTTY === true && process.env['NO_COLOR'] === undefined));
  return gathering.unreadable.length > 0 ? 2 : 0;
}

/** All files of the folders but the tables themselves and what we write. */
function filmsIn({ folders, table, boxes, out }: EvaluateOptions): string[] {
  const tables = [table, boxes].flatMap((path) => (path === undefined ? [] : [resolve(path)]));
  return [...new Set(findFiles(folders).map((path) => resolve(path)))].filter((path) => !tables.includes(path) && relative(resolve(out), path).startsWith('..'));
}

/** Only what is measured runs: the shown model of the family (or the only one, if in shadow), and the lung field before it. */
function chooseModels(set: ModelSet, family: FindingFamily): ModelSet {
  const candidates = set.findings.filter(({ manifest }) => familiesOf(manifest.outputs).includes(family));
  const shown = candidates.filter(({ manifest }) => manifest.shadow !== true);
  const [only] = candidates;
  if (only === undefined) throw new FirstreadError('model-invalid', `no model here looks for ${family}`);
  if (shown.length > 0) return { lungField: set.lungField, findings: shown };
  if (candidates.length > 1) throw new FirstreadError('model-invalid', `all models here that look for ${family} are in shadow: ${candidates.map(({ manifest }) => manifest.name).join(', ')}; name the folder of one with --models`);
  // Here it is asked.
  return { lungField: set.lungField, findings: [{ ...only, manifest: { ...only.manifest, shadow: false } }] };
}

type Facts = Pick<EvaluationRun, 'schema' | 'madeAt' | 'firstreadVersion' | 'family' | 'model' | 'lungField' | 'folders' | 'table' | 'secondaryCaptureRead'>;

function facts({ labels: { family }, folders, table }: EvaluateOptions, set: ModelSet, config: Config): Facts {
  const model = set.findings[0]!.manifest;
  const lungField = set.lungField?.manifest;
  return {
    schema: 'firstread-evaluation/1',
    madeAt: new Date().toISOString(),
    firstreadVersion: FIRSTREAD_VERSION,
    family,
    model: { name: model.name, version: model.version, sha256: model.sha256, status: model.provenance.status, trainedOn: model.provenance.trainedOn, thresholdOrigin: english(model.thresholds.find((each) => each.family === family)!.origin) },
    ...(lungField === undefined ? {} : { lungField: { name: lungField.name, version: lungField.version, sha256: lungField.sha256 } }),
    folders,
    table,
    secondaryCaptureRead: config.analyseSecondaryCapture,
  };
}

function measure({ films, refused, unreadable }: Gathering, set: ModelSet, { thresholds, prevalence, labels: { family } }: EvaluateOptions, site: SiteThreshold | undefined): Pick<EvaluationRun, 'evaluation' | 'asked' | 'prevalence' | 'site'> {
  const scored = films.flatMap((film) => (film.score === undefined ? [] : [{ ...film, score: film.score }]));
  if (scored.length === 0) throw new FirstreadError('table-invalid', `no film of the table was scored: ${refused.length} refused (${refused[0]?.reason ?? ''}), ${unreadable.length} not readable`);
  const measuring = prevalence === undefined ? {} : { prevalence };
  const shipped = set.findings[0]!.manifest.thresholds.find((each) => each.family === family)!;
  return {
    evaluation: evaluateFilms(films, shipped.threshold, measuring),
    asked: thresholds.map((threshold) => measureAt(scored, threshold, measuring)),
    ...measuring,
    ...(site === undefined ? {} : {
      site: { origin: english(site.origin), groups: site.groups.map((group) => `${groupLabel(group)}: ${group.threshold}`), at: measureJudged(scored, site.threshold, (film: EvaluatedFilm) => film.siteThreshold ?? site.threshold, measuring) },
    }),
  };
}

/** The deepest folder that holds all of them: names are shown relative to it. */
function commonFolder(paths: readonly string[]): string {
  const [first = '/', ...others] = paths;
  const parts = first.split('/');
  const shared = parts.findIndex((part, i) => others.some((path) => path.split('/')[i] !== part));
  return (shared === -1 ? first : parts.slice(0, shared).join('/')) || '/';
}

const named = (rows: readonly RowLeftOut[], what = ''): FilmNamed[] => rows.map(({ line, name, reason }) => ({ name, reason: `${what}line ${line}: ${reason}` }));
