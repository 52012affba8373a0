/**
 * All models of a site: at most one lung field (recommended: without it nothing is cropped and no picture is refused
 * for being no chest), any number of finding models. For one family one model is shown; others must be in shadow.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FirstreadError } from '../errors.ts';
import { familiesOf } from './manifest-outputs.ts';
import type { ModelFolder } from './model-folder.ts';
import { MANIFEST_FILE, needModelFolder } from './model-folder.ts';

/** More models than this in one worker is a mistake in a path. */
const MODEL_COUNT_MAX = 32;

export interface ModelSet {
  readonly lungField: ModelFolder | undefined;
  readonly findings: readonly ModelFolder[];
}

/**
 * `modelsDirs`: folders that are models, or whose sub-folders are. The later folder wins: of a name found twice, and of a
 * family that both have a model for; the earlier one then runs in shadow (scored, recorded, never shown).
 */
export async function loadModelSet(modelsDirs: readonly string[]): Promise<ModelSet> {
  const byName = new Map<string, ModelFolder>();
  for (const directory of modelsDirs) {
    const here = new Set<string>();
    const earlier = [...byName.values()];
    for (const path of await findModelFolders(directory)) {
      const folder = await needModelFolder(path);
      const { name } = folder.manifest;
      if (here.has(name)) throw new FirstreadError('model-invalid', `${path}: another folder in ${directory} has the name "${name}" too; names must differ`, { folder: path });
      here.add(name);
      byName.set(name, folder);
    }
    for (const folder of earlier) {
      const later = [...here].map((name) => byName.get(name) as ModelFolder);
      if (!here.has(folder.manifest.name) && isOutranked(folder, later)) byName.set(folder.manifest.name, inShadow(folder));
    }
  }
  const set = arrangeModels([...byName.values()]);
  if (set.findings.length === 0) {
    throw new FirstreadError('model-invalid', `no model that finds anything in ${modelsDirs.join(', ')}: put a folder with ${MANIFEST_FILE} there, or set the models' folder`);
  }
  return set;
}

const inShadow = (folder: ModelFolder): ModelFolder => ({ ...folder, manifest: { ...folder.manifest, shadow: true } });

/** Everything that it shows is shown by a later one. */
function isOutranked({ manifest }: ModelFolder, later: readonly ModelFolder[]): boolean {
  const shown = later.filter((each) => each.manifest.shadow !== true);
  if (manifest.task === 'lung-field') return shown.some((each) => each.manifest.task === 'lung-field');
  const families = new Set(shown.flatMap((each) => familiesOf(each.manifest.outputs)));
  return familiesOf(manifest.outputs).every((family) => families.has(family));
}

/** Pure: who is what, and whether they get along. */
export function arrangeModels(folders: readonly ModelFolder[]): ModelSet {
  if (folders.length > MODEL_COUNT_MAX) throw new FirstreadError('model-invalid', `${folders.length} models, at most ${MODEL_COUNT_MAX} are served`);
  const lungFields = folders.filter((f) => f.manifest.task === 'lung-field' && f.manifest.shadow !== true);
  const findings = folders.filter((f) => f.manifest.task !== 'lung-field');
  if (lungFields.length > 1) throw new FirstreadError('model-invalid', `two lung-field models: ${names(lungFields)}; remove one`);
  for (const family of ['tuberculosis', 'lung nodule'] as const) {
    const shown = findings.filter((f) => f.manifest.shadow !== true && familiesOf(f.manifest.outputs).includes(family));
    if (shown.length > 1) {
      throw new FirstreadError('model-invalid', `${shown.length} models for ${family}: ${names(shown)}; only one can be shown: write "shadow": true into the manifest of the other, or remove it`);
    }
  }
  return { lungField: lungFields[0], findings };
}

const names = (folders: readonly ModelFolder[]): string => folders.map((f) => `"${f.manifest.name}" (${f.path})`).join(' and ');

/** Sorted, so that every start serves them in the same order. */
export async function findModelFolders(directory: string): Promise<readonly string[]> {
  if (await isModelFolder(directory)) return [directory];
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch {
    throw new FirstreadError('model-invalid', `${directory}: the models' folder cannot be read`);
  }
  const paths: string[] = [];
  for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name))) {
    if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
    if (await isModelFolder(join(directory, entry.name))) paths.push(join(directory, entry.name));
  }
  return paths;
}

async function isModelFolder(path: string): Promise<boolean> {
  const inside: readonly string[] = await readdir(path).catch(() => []);
  return inside.includes(MANIFEST_FILE);
}

/** The models that come with Firstread: models/ beside src/. */
export const SHIPPED_MODELS: string = fileURLToPath(new URL('../../models', import.meta.url));
