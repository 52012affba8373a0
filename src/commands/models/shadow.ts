/**
 * `firstread models shadow`: one word in a manifest. In shadow a model is scored and recorded beside the one that is shown,
 * and shown to nobody. Refused where the site's models would not get along afterwards: the manifest stays as it was.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { FirstreadError } from '../../errors.ts';
import { siteModelFolders } from '../../hub/site-models.ts';
import { MANIFEST_FILE, needModelFolder } from '../../inference/model-folder.ts';

/** Resolves with what to tell. */
export async function setShadow(folder: string, wanted: string | undefined, config: Config): Promise<string> {
  if (wanted !== 'on' && wanted !== 'off') throw new FirstreadError('usage', 'say models shadow DIR on, or off');
  const { manifest } = await needModelFolder(folder);
  if (manifest.task === 'lung-field') throw new FirstreadError('usage', `${manifest.name} is a lung field: it is not compared by findings, and cannot be in shadow`);
  if ((manifest.shadow === true) === (wanted === 'on')) return `${manifest.name} ${manifest.version} is ${wanted === 'on' ? 'in shadow' : 'not in shadow'} already.\n`;
  const path = join(folder, MANIFEST_FILE);
  const before = await readFile(path, 'utf8');
  const { shadow: _, ...rest } = JSON.parse(before) as Record<string, unknown>;
  await replace(path, `${JSON.stringify(wanted === 'on' ? { ...rest, shadow: true } : rest, null, 2)}\n`);
  try {
    const { set } = await siteModelFolders(config.models, config.data);
    const served = set.findings.some((one) => resolve(one.path) === resolve(folder));
    const shown = set.findings.filter((one) => one.manifest.shadow !== true).map((one) => `${one.manifest.name} ${one.manifest.version}`);
    const where = served ? '' : `\nIt is not among the models that are served here: put the folder into models/ of the data folder, or name its folder with --models.`;
    return `${manifest.name} ${manifest.version} is ${wanted === 'on' ? 'in shadow: scored and recorded, never shown' : 'no longer in shadow'}. Shown: ${shown.join(', ') || 'none'}.\nHub and workers read manifests when they start: restart them.${where}\n`;
  } catch (error) {
    await replace(path, before);
    if (!(error instanceof FirstreadError)) throw error;
    throw new FirstreadError(error.code, `the manifest was left as it was, because then: ${error.message}`, {}, error);
  }
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}
