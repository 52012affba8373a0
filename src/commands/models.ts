/** `firstread models`: which models are here, and what is wrong with a folder that somebody wants to add. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { checkModelFolder } from '../inference/check-model.ts';
import type { ModelCheck } from '../inference/check-model.ts';
import { familiesOf } from '../inference/manifest-outputs.ts';
import type { ModelManifest } from '../inference/manifest-types.ts';
import { MANIFEST_FILE, readModelFolder } from '../inference/model-folder.ts';
import type { FolderReading } from '../inference/model-folder.ts';
import { describeProblem } from '../inference/model-manifest.ts';
import { findModelFolders } from '../inference/model-set.ts';
import { parseProvider } from '../inference/provider.ts';
import { modelFolders } from '../hub/site-models.ts';
import { formatTable, parseCommand, printable } from './command.ts';
import type { CommandIo } from './command.ts';

export const help = `usage: firstread models list [--json] [--models DIR]…
       firstread models check [--json] DIR…

  list    the models that are served: task, version, threshold, where they come from
  check   opens the model in folder DIR as a worker would (manifest, hash, network, self-test, speed) and explains
          everything that is wrong with it; docs/models.md has three worked manifests

Exit code 0 when all is well, 1 when something is wrong.
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals, loaded } = parseCommand(argv, { json: { type: 'boolean' } }, Number.MAX_SAFE_INTEGER);
  const [verb, ...folders] = positionals;
  const json = values.json === true;
  if (verb === 'list' && folders.length === 0) return list(modelFolders(loaded.config.models, loaded.config.data), json, io);
  if (verb !== 'check' || folders.length === 0) throw new FirstreadError('usage', verb === 'check' ? 'name the folder to check' : 'say list, or check and a folder');
  const options = { provider: parseProvider(loaded.config.provider), intraOpThreads: loaded.config.inferenceThreads, batchMax: 4 };
  let bad = 0;
  // `models/*` names files and folders beside the models; one folder named alone is checked whatever it is.
  const candidates = folders.length === 1 ? folders : folders.filter((folder) => !existsSync(folder) || existsSync(join(folder, MANIFEST_FILE)));
  if (candidates.length === 0) throw new FirstreadError('usage', `none of these folders has a ${MANIFEST_FILE}`);
  for (const folder of candidates) {
    const check = await checkModelFolder(folder, options);
    if (check.problems.length > 0) bad += 1;
    io.stdout.write(json ? `${JSON.stringify({ folder, good: check.problems.length === 0, ...check })}\n` : tell(folder, check));
  }
  return bad > 0 ? 1 : 0;
}

function tell(folder: string, { problems, manifest, costs, suggestedSelfTest }: ModelCheck): string {
  if (problems.length > 0) {
    const many = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
    return `${folder}: ${many} wrong\n${problems.map((p) => `  ${printable(describeProblem(p))}\n`).join('')}`;
  }
  const speed = (costs ?? []).map(({ bucket, runMs }) => `${runMs.toFixed(1)} ms for ${bucket === 1 ? 'one picture' : `a batch of ${bucket}`}`).join(', ');
  const head = `${folder}: good. ${manifest?.name} ${manifest?.version}, ${manifest === undefined ? '' : what(manifest)}; ${speed}\n`;
  if (suggestedSelfTest === undefined) return head;
  return `${head}  It has no self-test. To have every start check that the network still answers the same, add to model.json:\n  "selfTest": ${JSON.stringify(suggestedSelfTest)}\n`;
}

const what = (manifest: ModelManifest): string => (manifest.task === 'lung-field' ? 'lung field' : familiesOf(manifest.outputs).join(' and '));

async function list(directories: readonly string[], json: boolean, io: CommandIo): Promise<number> {
  const found: { path: string; reading: FolderReading }[] = [];
  for (const directory of directories) {
    for (const path of await findModelFolders(directory)) found.push({ path: resolve(path), reading: await readModelFolder(path) });
  }
  if (json) {
    io.stdout.write(`${JSON.stringify(found.map(({ path, reading }) => (reading.kind === 'good' ? { path, good: true, manifest: reading.folder.manifest } : { path, good: false, problems: reading.problems })), null, 2)}\n`);
  } else if (found.length === 0) {
    io.stdout.write(`No models in ${directories.join(', ')}.\n`);
  } else {
    io.stdout.write(formatTable(['model', 'version', 'finds', 'from', 'weights', 'folder'], found.map(({ path, reading }) => row(path, reading)), [24, 12, 40, 20, 10, 80]));
  }
  return found.every(({ reading }) => reading.kind === 'good') ? 0 : 1;
}

function row(path: string, reading: FolderReading): string[] {
  if (reading.kind === 'bad') return ['REFUSED', '', `${reading.problems.length} problems: firstread models check`, '', '', path];
  const { manifest } = reading.folder;
  const thresholds = manifest.thresholds.map((t) => `${t.threshold}`).join(', ');
  return [manifest.name, manifest.version, `${what(manifest)}${manifest.shadow === true ? ' (in shadow)' : ''}`, thresholds === '' ? '–' : `${thresholds} points`, manifest.provenance.status, path];
}
