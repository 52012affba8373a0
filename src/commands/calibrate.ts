/**
 * `firstread calibrate`: a site's own threshold for a model, from results that the site knows. Reads and proposes; only
 * --apply changes anything, and --undo takes it back. The statistics are evaluation/choose-threshold.ts; how a threshold
 * gets to the workers is hub/site-thresholds.ts.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { chooseThreshold } from '../evaluation/choose-threshold.ts';
import type { Proposal, Wish } from '../evaluation/choose-threshold.ts';
import { crossValidate } from '../evaluation/cross-validation.ts';
import { thresholdTable } from '../evaluation/operating-points.ts';
import { calibrationPage } from '../evaluation/page/calibration-page.ts';
import { percent } from '../evaluation/page/figures.ts';
import { patientGroups } from '../evaluation/patient-groups.ts';
import { thresholdCosts } from '../evaluation/threshold-costs.ts';
import type { DataFolder } from '../hub/data-folder.ts';
import { siteModelFolders } from '../hub/site-models.ts';
import { inForce, readSiteThresholds } from '../hub/site-thresholds.ts';
import { familiesOf } from '../inference/manifest-outputs.ts';
import type { ModelFolder } from '../inference/model-folder.ts';
import type { ModelSet } from '../inference/model-set.ts';
import type { FindingFamily } from '../study/types.ts';
import type { BothLanguages } from '../study/wording.ts';
import { FIRSTREAD_VERSION } from '../version.ts';
import { applyChoice, describeUndone, historyTable, undoLast, whenInForce } from './calibrate/applied.ts';
import { CALIBRATE_OPTIONS, readCalibrateOptions } from './calibrate/options.ts';
import type { CalibrateOptions } from './calibrate/options.ts';
import { describeCalibration } from './calibrate/calibration-text.ts';
import { gatherTruth } from './calibrate/gather-truth.ts';
import type { Truth } from './calibrate/gather-truth.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { folderIfNamed, siteFolder } from './site-folder.ts';

export const help = `usage: firstread calibrate TRUTH.csv --sensitivity 0.9 [--data DIR] [--apply]
       firstread calibrate TRUTH.csv --flagged-at-most 0.15 | --per-day N
       firstread calibrate --history | --undo [--family F] [--data DIR]

Chooses a threshold for this site. TRUTH.csv has a row for each study: its accession number, SOP Instance UID, patient ID
or file name, and the truth (GeneXpert, culture or a reader: positive/negative, 1/0, MTB DETECTED LOW, trace …). Scores
come from the site's registry (--data; only those of the model file that is served now), or from films read now.

what is wanted, one of
  --sensitivity S       find this share of the cases, e.g. 0.9
  --flagged-at-most P   flag at most this share of all films, e.g. 0.15
  --per-day N           flag at most so many a day
for whom
  --family F            tuberculosis (default) or "lung nodule"
  --model NAME          a model that is not the one shown, e.g. in shadow
  --by age,sex          numbers of their own for groups that are large enough; age and sex are those of the header
  --age-cuts 35,55      where the bands begin
which films
  --films DIR           DICOM, PNG or JPEG below DIR are read now, instead of the registry
  --scores DIR          with --films: the folder that \`firstread evaluate\` wrote; films that it has read are not read again
  --films-per-day N     with --films and --per-day
  --trace W             traces of Xpert Ultra: positive (default), negative or leave-out
  --label-column NAME, --positive VALUES, --negative VALUES     where the table uses words of its own
how sure
  --margin M            a share must be known to so much downwards, exact 95 % bound (default 0.1): sets how many cases and
                        others are needed; with fewer, nothing is proposed
what then
  --apply               puts it in force: hub and workers judge by it from the next image on; audited
  --undo                takes the last one back
  --history             every threshold this site ever chose
  --page FILE           the same as one HTML file, with a plot, to show to those who decide
  --json                everything as JSON

Nothing is changed without --apply or --undo. Exit code 0 for a proposal, 2 where the data cannot bear one.
`;

const EXIT_REFUSED = 2;
/** Fewer rows than this share found here: the table is about other films. */
const MATCHED_SHARE_MIN = 0.5;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, CALIBRATE_OPTIONS, 1);
  const { config } = loaded;
  // Films of a folder can be calibrated on without a site; its history cannot be had without.
  const folder = values.history === true || values.undo === true ? siteFolder(loaded) : folderIfNamed(loaded);
  const by = whoRuns();
  if (values.history === true) {
    io.stdout.write(values.json === true ? `${JSON.stringify(readSiteThresholds(folder.siteThresholds), null, 2)}\n` : historyTable(folder));
    return 0;
  }
  const options = readCalibrateOptions(values, positionals);
  if (options.kind === 'undo') {
    const undone = undoLast(folder, options.family, by, Date.now());
    io.stdout.write(options.json ? `${JSON.stringify(undone, null, 2)}\n` : describeUndone(undone) + whenInForce(folder));
    return 0;
  }
  const { set } = await siteModelFolders(config.models, config.data);
  const model = findModel(set, options.family, options.model);
  const truth = await gatherTruth({ options, config, folder, set, model }, io);
  const strangers = judgeStrangers(truth);
  if (strangers !== undefined) return refuse(strangers, truth, options, io);
  const wish = wishOf(options, truth);
  const choice = chooseThreshold(truth.films, wish, { margin: options.margin, groups: patientGroups(options.by, options.ageCuts) });
  if (choice.kind === 'refused') return refuse(choice, truth, options, io);
  await conclude({ options, folder, served: model, truth, wish, choice, by }, io);
  return 0;
}

function refuse(refusal: { readonly code: string; readonly text: string }, { leftOut, rowCount, tableRowCount }: Truth, { json }: CalibrateOptions, io: CommandIo): number {
  if (json) io.stdout.write(`${JSON.stringify({ kind: 'refused', ...refusal, rowCount, leftOut }, null, 2)}\n`);
  else {
    io.stderr.write(`firstread calibrate: refused: ${refusal.text}\n`);
    if (leftOut.length > 0) io.stderr.write(`${leftOut.length} of ${tableRowCount} rows were left out, the first: line ${leftOut[0]?.line} ${leftOut[0]?.reason} (--json names all)\n`);
  }
  return EXIT_REFUSED;
}

interface Conclusion {
  readonly options: CalibrateOptions;
  readonly folder: DataFolder;
  readonly served: ModelFolder;
  readonly truth: Truth;
  readonly wish: Wish;
  readonly choice: Proposal;
  readonly by: string;
}

async function conclude({ options, folder, served: { manifest }, truth, wish, choice, by }: Conclusion, io: CommandIo): Promise<void> {
  const { family } = options;
  const { common, groups } = choice.thresholds;
  const crossValidated = crossValidate(truth.films, wish, choice.plan);
  const shipped = manifest.thresholds.find((one) => one.family === family)?.threshold ?? 50;
  const own = inForce(readSiteThresholds(folder.siteThresholds)).find((one) => one.family === family && one.modelSha256 === manifest.sha256);
  const costs = thresholdCosts(truth.films, [
    { name: 'the model\'s own', common: shipped, groups: [] },
    ...(own === undefined ? [] : [{ name: `in force (${own.id})`, common: own.threshold, groups: own.groups }]),
    { name: groups.length > 0 ? 'proposed, with the groups below' : 'proposed', common, groups },
    ...(groups.length > 0 ? [{ name: 'one for all', common: choice.forAll, groups: [] }] : []),
  ], common);
  const asked = describeWish(options, wish);
  const tableSha256 = createHash('sha256').update(await readFile(options.truthFile)).digest('hex');
  const applied = options.apply ? applyChoice(folder, { manifest, family, proposal: choice, crossValidated, operatingPoint: asked, csvSha256: tableSha256 }, by, Date.now()) : undefined;
  const about = { operatingPoint: asked.en, proposal: choice, crossValidated, costs, shipped, filmCount: truth.films.length, leftOut: truth.leftOut, remarks: truth.remarks, choseBlindly: wish.kind === 'flagged' && wish.scores !== undefined };
  const model = { name: manifest.name, version: manifest.version, sha256: manifest.sha256 };
  if (options.page !== undefined) {
    const page = calibrationPage({ ...about, family, model, thresholds: thresholdTable(truth.films), table: basename(options.truthFile), tableSha256, margin: options.margin, madeAt: new Date().toISOString(), firstreadVersion: FIRSTREAD_VERSION, ...(applied === undefined ? {} : { appliedId: applied.id }) });
    await writeFile(options.page, page, { mode: 0o600 }).catch((error: unknown) => {
      throw new FirstreadError('usage', `the page cannot be written to ${options.page}: ${(error as Error).message}${applied === undefined ? '' : `. The threshold is in force all the same, as ${applied.id}; --undo takes it back`}`, {}, error);
    });
  }
  if (options.json) {
    const { proposal, ...rest } = about;
    io.stdout.write(`${JSON.stringify({ ...proposal, ...rest, family, model, applied: applied ?? null }, null, 2)}\n`);
    return;
  }
  io.stdout.write(describeCalibration({ ...about, model: `${manifest.name} ${manifest.version} (${manifest.sha256.slice(0, 8)}), ${family}` }));
  if (options.page !== undefined) io.stdout.write(`The same as a page: ${options.page}\n`);
  io.stdout.write(applied === undefined ? 'Nothing was changed. The same command with --apply puts it in force.\n' : `In force as ${applied.id}. ${whenInForce(folder)}\`firstread calibrate --undo\` takes it back.\n`);
}

/** The one that is shown, or the one that is named. */
function findModel({ findings }: ModelSet, family: FindingFamily, name: string | undefined): ModelFolder {
  const candidates = findings.filter(({ manifest }) => familiesOf(manifest.outputs).includes(family));
  const found = candidates.find(({ manifest }) => (name === undefined ? manifest.shadow !== true : manifest.name === name));
  if (found === undefined) throw new FirstreadError('usage', `no model ${name === undefined ? '' : `called ${JSON.stringify(name)} `}finds ${family} here; there are: ${candidates.map(({ manifest }) => manifest.name).join(', ') || 'none'}`);
  return found;
}

/** Truth about other films, or about films that this model file has not seen. */
function judgeStrangers({ rowCount, strangerCount, otherModelCount, films, where }: Truth): { readonly code: string; readonly text: string } | undefined {
  if (strangerCount > rowCount * (1 - MATCHED_SHARE_MIN)) {
    return { code: 'other-films', text: `this table is about other films: ${strangerCount} of its ${rowCount} rows name nothing in ${where}. Are accession numbers written as in the DICOM header (leading zeros)?` };
  }
  if (films.length > 0 || otherModelCount === 0) return undefined;
  return { code: 'other-model', text: `${otherModelCount} rows were found, but their films were scored by another model file. Scores of one version say nothing of another: wait until the present one has seen enough, or have the films read now with --films DIR` };
}

function wishOf({ wish }: CalibrateOptions, { workload }: Truth): Wish {
  if (wish.kind === 'sensitivity') return wish;
  const scores = workload === undefined ? {} : { scores: workload.scores };
  if (wish.kind === 'flagged') return { ...wish, ...scores };
  const perDay = wish.filmsPerDay ?? workload?.studiesPerDay;
  if (perDay === undefined) throw new FirstreadError('usage', 'how many films a day there are is not known from a folder: say --films-per-day N');
  if (wish.perDay >= perDay) throw new FirstreadError('usage', `${wish.perDay} a day is every film: ${perDay.toFixed(1)} come on a day with films`);
  return { kind: 'flagged', flagged: wish.perDay / perDay, ...scores };
}

/** What a person typed is shown as typed, to a tenth of a percent. */
const PRECISE = 1_000;

function describeWish({ wish: said }: CalibrateOptions, wish: Wish): BothLanguages {
  if (wish.kind === 'sensitivity') return { en: `sensitivity ${wish.sensitivity}`, vi: `độ nhạy ${withComma(wish.sensitivity)}` };
  const share = percent(wish.flagged, PRECISE);
  if (said.kind !== 'per-day') return { en: `at most ${share} flagged`, vi: `gắn cờ nhiều nhất ${withComma(share)}` };
  const filmsPerDay = (said.perDay / wish.flagged).toFixed(0);
  return { en: `at most ${said.perDay} flagged a day (${share} of ${filmsPerDay})`, vi: `gắn cờ nhiều nhất ${withComma(said.perDay)} ca mỗi ngày (${withComma(share)} của ${filmsPerDay})` };
}

const withComma = (value: number | string): string => String(value).replace('.', ',');

/** The person, not the account that the hub runs under. */
function whoRuns(): string {
  const { username } = userInfo();
  const person = process.env['SUDO_USER'];
  return person === undefined || person === '' || person === username ? username : `${person} (as ${username})`;
}
