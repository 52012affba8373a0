/**
 * `firstread models`: which models are here and by which thresholds they judge, what is wrong with a folder that somebody
 * wants to add, and a second model in shadow: put there, and compared.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { FirstreadError } from '../errors.ts';
import { checkModelFolder } from '../inference/check-model.ts';
import type { ModelCheck } from '../inference/check-model.ts';
import { familiesOf } from '../inference/manifest-outputs.ts';
import type { ModelManifest } from '../inference/manifest-types.ts';
import { MANIFEST_FILE, readModelFolder } from '../inference/model-folder.ts';
import type { FolderReading, ModelFolder } from '../inference/model-folder.ts';
import { describeProblem } from '../inference/model-manifest.ts';
import { findModelFolders } from '../inference/model-set.ts';
import { parseProvider } from '../inference/provider.ts';
import type { DataFolder } from '../hub/data-folder.ts';
import { describeSiteModels, judgedBySite, modelFolders } from '../hub/site-models.ts';
import type { SiteModel } from '../hub/site-models.ts';
import { inForce, readSiteThresholds } from '../hub/site-thresholds.ts';
import { english } from '../study/wording.ts';
import { readFamily } from './calibrate/options.ts';
import { formatTable, parseCommand, printable } from './command.ts';
import type { CommandIo } from './command.ts';
import { compareRecorded } from './models/compare.ts';
import { describeComparison } from './models/comparison-text.ts';
import { setShadow } from './models/shadow.ts';
import { folderIfNamed, siteFolder } from './site-folder.ts';

export const help = `usage: firstread models list [--json] [--models DIR]… [--data DIR]
       firstread models check [--json] DIR…
       firstread models shadow DIR on|off [--data DIR]
       firstread models compare A B [--truth TABLE.csv] [--data DIR] [--family F] [--names] [--differences N] [--json]

  list     the models that are served: task, version, threshold (the site's own where it has one), where they come from
  check    opens the model in folder DIR as a worker would (manifest, hash, network, self-test, speed) and explains
           everything that is wrong with it; docs/models.md has three worked manifests
  shadow   on: the model in folder DIR is scored and recorded beside the one that is shown, and never shown itself
  compare  two models on the films of the registry that both have scored; A and B are names, name@version, or the
           beginning of the file's SHA-256. Says which flags more, how well they agree, where they differ most; with
           --truth (accession number and GeneXpert, culture or reading) also which is better. Patients are named only
           with --names

Exit code 0 when all is well, 1 when something is wrong.
`;

const OPTIONS = { json: { type: 'boolean' }, truth: { type: 'string' }, family: { type: 'string' }, names: { type: 'boolean' }, differences: { type: 'string' } } as const;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, OPTIONS, Number.MAX_SAFE_INTEGER);
  const { config } = loaded;
  const [verb, ...words] = positionals;
  const json = values.json === true;
  if (verb === 'list' && words.length === 0) return list(config, folderIfNamed(loaded), json, io);
  if (verb === 'check' && words.length > 0) return check(words, config, json, io);
  if (verb === 'shadow') {
    const [folder, wanted] = words;
    if (folder === undefined || words.length > 2) throw new FirstreadError('usage', 'say models shadow DIR on, or off');
    io.stdout.write(await setShadow(folder, wanted, config));
    return 0;
  }
  if (verb === 'compare') {
    const [a, b] = words;
    const differenceCount = Number(values.differences ?? 10);
    if (a === undefined || b === undefined || words.length > 2) throw new FirstreadError('usage', 'name the two models: models compare A B');
    if (!Number.isInteger(differenceCount) || differenceCount < 0) throw new FirstreadError('usage', '--differences is a number from 0');
    const report = await compareRecorded({ folder: siteFolder(loaded), models: [a, b], names: values.names === true, differenceCount, ...(values.truth === undefined ? {} : { truthFile: values.truth }), ...(values.family === undefined ? {} : { family: readFamily(values.family) }) });
    io.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : describeComparison(report));
    return 0;
  }
  throw new FirstreadError('usage', verb === 'check' ? 'name the folder to check' : 'say list, check, shadow or compare');
}

async function check(folders: readonly string[], config: Config, json: boolean, io: CommandIo): Promise<number> {
  const options = { provider: parseProvider(config.provider), intraOpThreads: config.inferenceThreads, batchMax: 4 };
  let bad = 0;
  // `models/*` names files and folders beside the models; one folder named alone is checked whatever it is.
  const candidates = folders.length === 1 ? folders : folders.filter((folder) => !existsSync(folder) || existsSync(join(folder, MANIFEST_FILE)));
  if (candidates.length === 0) throw new FirstreadError('usage', `none of these folders has a ${MANIFEST_FILE}`);
  for (const folder of candidates) {
    const found = await checkModelFolder(folder, options);
    if (found.problems.length > 0) bad += 1;
    io.stdout.write(json ? `${JSON.stringify({ folder, good: found.problems.length === 0, ...found })}\n` : tell(folder, found));
  }
  return bad > 0 ? 1 : 0;
}

function tell(folder: string, { problems, remarks = [], manifest, costs, suggestedSelfTest }: ModelCheck): string {
  if (problems.length > 0) {
    const many = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
    return `${folder}: ${many} wrong\n${problems.map((p) => `  ${printable(describeProblem(p))}\n`).join('')}`;
  }
  const speed = (costs ?? []).map(({ bucket, runMs }) => `${runMs.toFixed(1)} ms for ${bucket === 1 ? 'one picture' : `a batch of ${bucket}`}`).join(', ');
  const head = `${folder}: good. ${manifest?.name} ${manifest?.version}, ${manifest === undefined ? '' : what(manifest)}; ${speed}\n${remarks.map((remark) => `  but look at ${printable(describeProblem(remark))}\n`).join('')}`;
  if (suggestedSelfTest === undefined) return head;
  return `${head}  It has no self-test. To have every start check that the network still answers the same, add to model.json:\n  "selfTest": ${JSON.stringify(suggestedSelfTest)}\n`;
}

const what = (manifest: ModelManifest): string => (manifest.task === 'lung-field' ? 'lung field' : familiesOf(manifest.outputs).join(' and '));

async function list(config: Config, site: DataFolder, json: boolean, io: CommandIo): Promise<number> {
  const directories = modelFolders(config.models, config.data);
  const own = inForce(readSiteThresholds(site.siteThresholds));
  const found: Found[] = [];
  for (const directory of directories) {
    for (const path of await findModelFolders(directory)) found.push({ path: resolve(path), reading: await readModelFolder(path) });
  }
  const good = found.flatMap(({ reading }) => (reading.kind === 'good' ? [reading.folder] : []));
  const judged = judgedBySite(describeSiteModels(directories, { lungField: undefined, findings: good.filter(({ manifest }) => manifest.task !== 'lung-field') }).models, own);
  const thresholdsOf = ({ manifest }: ModelFolder): readonly SiteModel[] => judged.filter(({ name, sha256 }) => name === manifest.name && sha256 === manifest.sha256);
  if (json) {
    const answer = found.map(({ path, reading }) => (reading.kind === 'bad' ? { path, good: false, problems: reading.problems } : {
      path, good: true, manifest: reading.folder.manifest,
      thresholds: thresholdsOf(reading.folder).map(thresholdJson),
    }));
    io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  } else if (found.length === 0) {
    io.stdout.write(`No models in ${directories.join(', ')}.\n`);
  } else {
    io.stdout.write(formatTable(['model', 'version', 'finds', 'flags from', 'weights', 'folder'], found.map(({ path, reading }) => row(path, reading, thresholdsOf)), [24, 12, 40, 44, 10, 80]));
    const remarks = judged.flatMap(({ name, family, siteThreshold, thresholdOrigin, thresholdRemark }) => [
      ...(siteThreshold === undefined ? [] : [`${name}, ${family}: the site's own threshold ${siteThreshold.id}: ${[english(thresholdOrigin), ...siteThreshold.groups.map(({ group, threshold }) => `${english(group)}: ${threshold}`)].join('; ')}`]),
      ...(thresholdRemark === undefined ? [] : [`${name}, ${family}: ${english(thresholdRemark)}`]),
    ]);
    for (const remark of remarks) io.stdout.write(`${printable(remark)}\n`);
  }
  return found.every(({ reading }) => reading.kind === 'good') ? 0 : 1;
}

/** For scripts, in English. */
const thresholdJson = ({ family, threshold, thresholdOrigin, siteThreshold, thresholdRemark }: SiteModel): object => ({
  family, threshold, origin: english(thresholdOrigin), remark: thresholdRemark === undefined ? null : english(thresholdRemark),
  siteThreshold: siteThreshold === undefined ? null : { ...siteThreshold, groups: siteThreshold.groups.map((each) => ({ ...each, group: english(each.group) })) },
});

interface Found {
  readonly path: string;
  readonly reading: FolderReading;
}

function row(path: string, reading: FolderReading, thresholdsOf: (folder: ModelFolder) => readonly SiteModel[]): string[] {
  if (reading.kind === 'bad') return ['REFUSED', '', `${reading.problems.length} problems: firstread models check`, '', '', path];
  const { manifest } = reading.folder;
  const thresholds = thresholdsOf(reading.folder).map(describeThreshold).join(', ');
  return [manifest.name, manifest.version, `${what(manifest)}${manifest.shadow === true ? ' (in shadow)' : ''}`, thresholds === '' ? '–' : thresholds, manifest.provenance.status, path];
}

const describeThreshold = ({ threshold, siteThreshold }: SiteModel): string =>
  (siteThreshold === undefined ? String(threshold) : `${threshold}, the site's own (manifest: ${siteThreshold.manifestThreshold})`);
