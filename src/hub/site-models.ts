/** The models of this site as the hub knows them: from their manifests, without loading a network. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { familiesOf } from '../inference/model-manifest.ts';
import { loadModelSet, SHIPPED_MODELS } from '../inference/model-set.ts';
import type { ModelSet } from '../inference/model-set.ts';
import { groupWording } from '../study/site-threshold.ts';
import type { SiteThreshold } from '../study/site-threshold.ts';
import type { FindingFamily, ModelReference } from '../study/types.ts';
import type { Wording } from '../study/wording.ts';
import type { ReportingFamily } from './report-writer.ts';

export interface SiteModel extends ModelReference {
  readonly family: FindingFamily;
  /** In force: the site's own where it has one for this file, else the manifest's. */
  readonly threshold: number;
  readonly thresholdOrigin: Wording;
  /** Only where the site's own is in force. */
  readonly siteThreshold?: { readonly id: string; readonly manifestThreshold: number; readonly groups: readonly { readonly group: Wording; readonly threshold: number }[] };
  /** What somebody should know of the threshold, e.g. that the site's own is for another file. */
  readonly thresholdRemark?: Wording;
  readonly status: string;
  readonly shadow: boolean;
}

/** A model's files, whatever it answers for; the lung field too. */
export interface ModelOnDisk extends ModelReference {
  readonly path: string;
  readonly task: string;
  readonly status: string;
  readonly shadow: boolean;
  readonly trainedAt: string;
  readonly licence: string;
}

export interface SiteModels {
  readonly folders: readonly string[];
  readonly models: readonly SiteModel[];
  readonly onDisk: readonly ModelOnDisk[];
  readonly families: readonly ReportingFamily[];
  readonly lungFieldSha256: string;
  /** Changes with every model file and threshold: another one makes other reports. */
  readonly configurationSha256: string;
}

/** The folders of a site's models, later ones winning: the configured ones, else the shipped ones and models/ of the data folder. */
export function modelFolders(configured: readonly string[], dataRoot?: string): readonly string[] {
  const own = dataRoot === undefined ? undefined : join(dataRoot, 'models');
  return configured.length > 0 ? configured : [SHIPPED_MODELS, ...(own !== undefined && existsSync(own) ? [own] : [])];
}

/** The same with the models in them. Without a lung field of its own a site has the shipped one: it tells what is no chest. */
export async function siteModelFolders(configured: readonly string[], dataRoot?: string): Promise<{ readonly folders: readonly string[]; readonly set: ModelSet }> {
  const folders = modelFolders(configured, dataRoot);
  const set = await loadModelSet(folders);
  const shippedLungField = join(SHIPPED_MODELS, 'lung-field');
  if (set.lungField !== undefined || !existsSync(shippedLungField)) return { folders, set };
  const withLungField = [shippedLungField, ...folders];
  return { folders: withLungField, set: await loadModelSet(withLungField) };
}

export async function loadSiteModels(configured: readonly string[], dataRoot?: string): Promise<SiteModels> {
  const { folders, set } = await siteModelFolders(configured, dataRoot);
  return describeSiteModels(folders, set);
}

/** The site's models as they are now: `refresh` reads the folders again. */
export interface CurrentSiteModels extends SiteModels {
  /** Why they could not be read; images are received and wait until somebody has mended it. */
  problem(): string | undefined;
  refresh(): Promise<void>;
}

/** Never rejects for a bad model: a hub that cannot analyse must still receive. */
export async function openSiteModels(configured: readonly string[], dataRoot: string, thresholds: () => readonly SiteThreshold[], onProblem: (problem: string) => void): Promise<CurrentSiteModels> {
  let current: SiteModels = describeSiteModels(modelFolders(configured, dataRoot), { lungField: undefined, findings: [] });
  let problem: string | undefined;
  async function refresh(): Promise<void> {
    try {
      current = await loadSiteModels(configured, dataRoot);
      problem = undefined;
    } catch (error) {
      if (!(error instanceof FirstreadError)) throw error;
      problem = error.message;
      onProblem(problem);
    }
  }
  await refresh();
  return {
    get folders() { return current.folders; },
    get models() { return judgedBySite(current.models, thresholds()); },
    get onDisk() { return current.onDisk; },
    get families() { return current.families; },
    get lungFieldSha256() { return current.lungFieldSha256; },
    get configurationSha256() { return configurationOf(current.models, thresholds(), current.lungFieldSha256); },
    problem: () => problem,
    refresh,
  };
}

export function describeSiteModels(folders: readonly string[], set: ModelSet): SiteModels {
  const models = set.findings.flatMap(({ manifest }) =>
    familiesOf(manifest.outputs).map((family): SiteModel => {
      const threshold = manifest.thresholds.find((each) => each.family === family);
      return {
        name: manifest.name,
        version: manifest.version,
        sha256: manifest.sha256,
        family,
        threshold: threshold?.threshold ?? 50,
        thresholdOrigin: threshold?.origin ?? '',
        status: manifest.provenance.status,
        shadow: manifest.shadow === true,
      };
    }),
  );
  const shown = models.filter(({ shadow }) => !shadow);
  const families = [...new Set(shown.map(({ family }) => family))].map((family) => ({
    family,
    models: shown.filter((model) => model.family === family).map(({ name, version, sha256 }) => ({ name, version, sha256 })),
  }));
  const lungFieldSha256 = set.lungField?.manifest.sha256 ?? '-';
  const onDisk = [...set.findings, ...(set.lungField === undefined ? [] : [set.lungField])].map(({ path, manifest: { name, version, sha256, task, shadow, provenance } }): ModelOnDisk => ({
    path, name, version, sha256, task, status: provenance.status, shadow: shadow === true, trainedAt: provenance.trainedAt, licence: provenance.licence,
  }));
  return { folders, models, onDisk, families, lungFieldSha256, configurationSha256: configurationOf(models, [], lungFieldSha256) };
}

function configurationOf(models: readonly SiteModel[], site: readonly SiteThreshold[], lungFieldSha256: string): string {
  const own = site.filter((one) => models.some((model) => isFor(one, model))).map((one) => `${one.modelSha256} ${one.family} ${one.threshold} ${JSON.stringify(one.groups)}`);
  const facts = [...models.map((model) => `${model.sha256} ${model.family} ${model.threshold} ${model.shadow}`), ...own, lungFieldSha256];
  return createHash('sha256').update(facts.sort().join('\n')).digest('hex');
}

function ignoredRemark({ threshold, id, modelSha256 }: SiteThreshold): Wording {
  const file = `${modelSha256.slice(0, 12)}…`;
  return {
    en: `the site threshold ${threshold} (${id}) is ignored: it was chosen for another model file, ${file}; calibrate again`,
    vi: `ngưỡng của cơ sở ${String(threshold).replace('.', ',')} (${id}) không được dùng: nó được chọn cho tệp mô hình khác, ${file}; hãy chọn lại ngưỡng (firstread calibrate)`,
  };
}

const isFor = (one: SiteThreshold, model: SiteModel): boolean => one.modelSha256 === model.sha256 && one.family === model.family;

/** Pure: the models with the thresholds that are in force, and what is ignored because it is for another file. */
export function judgedBySite(models: readonly SiteModel[], site: readonly SiteThreshold[]): readonly SiteModel[] {
  return models.map((model) => {
    const own = site.find((one) => isFor(one, model));
    if (own !== undefined) {
      const groups = own.groups.map((each) => ({ group: groupWording(each), threshold: each.threshold }));
      return { ...model, threshold: own.threshold, thresholdOrigin: own.origin, siteThreshold: { id: own.id, manifestThreshold: model.threshold, groups } };
    }
    const strangers = site.filter((one) => one.family === model.family && !models.some((other) => isFor(one, other)));
    const last = strangers.at(-1);
    if (last === undefined) return model;
    return { ...model, thresholdRemark: ignoredRemark(last) };
  });
}
