/** What `firstread calibrate` does to the site's thresholds: put one in force, take the last one back, tell their history. */
import { existsSync } from 'node:fs';
import { FirstreadError } from '../../errors.ts';
import type { Proposal } from '../../evaluation/choose-threshold.ts';
import type { CrossValidated } from '../../evaluation/cross-validation.ts';
import type { DataFolder } from '../../hub/data-folder.ts';
import { readHubAddress } from '../../hub/data-folder.ts';
import { inForce, readSiteThresholds, writeSiteThresholds } from '../../hub/site-thresholds.ts';
import type { SiteThresholdEntry } from '../../hub/site-thresholds.ts';
import type { ModelManifest } from '../../inference/manifest-types.ts';
import { groupLabel } from '../../study/site-threshold.ts';
import type { FindingFamily } from '../../study/types.ts';
import { english } from '../../study/wording.ts';
import type { BothLanguages } from '../../study/wording.ts';
import { formatTable } from '../command.ts';

export interface Choice {
  readonly manifest: ModelManifest;
  readonly family: FindingFamily;
  readonly proposal: Proposal;
  readonly crossValidated: CrossValidated;
  /** E.g. "sensitivity 0.9". */
  readonly operatingPoint: BothLanguages;
  readonly csvSha256: string;
}

export function applyChoice(folder: DataFolder, { manifest, family, proposal, crossValidated, operatingPoint, csvSha256 }: Choice, by: string, nowMs: number): SiteThresholdEntry {
  needFolder(folder);
  const entries = readSiteThresholds(folder.siteThresholds);
  const { apparent, caseCount, nonCaseCount, thresholds } = proposal;
  const entry: SiteThresholdEntry = {
    id: `${family === 'tuberculosis' ? 'tb' : 'nodule'}-${entries.length + 1}`,
    family,
    modelName: manifest.name,
    modelVersion: manifest.version,
    modelSha256: manifest.sha256,
    threshold: thresholds.common,
    groups: thresholds.groups,
    origin: originOf(operatingPoint, proposal, new Date(nowMs).toISOString().slice(0, 10)),
    operatingPoint: operatingPoint.en,
    appliedAtMs: nowMs,
    appliedBy: by,
    csvSha256,
    figures: {
      caseCount,
      nonCaseCount,
      auc: [proposal.auc, ...proposal.aucInterval],
      sensitivity: [apparent.sensitivity.value ?? 0, ...apparent.sensitivity.interval],
      specificity: [apparent.specificity.value ?? 0, ...apparent.specificity.interval],
      crossValidatedSensitivity: [crossValidated.sensitivity, ...crossValidated.sensitivityInterval],
      crossValidatedSpecificity: [crossValidated.specificity, ...crossValidated.specificityInterval],
    },
  };
  writeSiteThresholds(folder.siteThresholds, [...entries, entry]);
  return entry;
}

function originOf(operatingPoint: BothLanguages, { caseCount, nonCaseCount }: Proposal, day: string): BothLanguages {
  return {
    en: `${operatingPoint.en} on ${caseCount} cases and ${nonCaseCount} others of this site, ${day}`,
    vi: `${operatingPoint.vi} trên ${caseCount} ca bệnh và ${nonCaseCount} ca không bệnh của cơ sở này, ${day.split('-').reverse().join('/')}`,
  };
}

export interface Undone {
  readonly entry: SiteThresholdEntry;
  /** What holds for the same model file now; undefined: its manifest's. */
  readonly now: SiteThresholdEntry | undefined;
}

/** The last one that still stands. */
export function undoLast(folder: DataFolder, family: FindingFamily | undefined, by: string, nowMs: number): Undone {
  needFolder(folder);
  const entries = readSiteThresholds(folder.siteThresholds);
  const standing = entries.filter((entry) => entry.undoneAtMs === undefined && (family === undefined || entry.family === family));
  const entry = standing.at(-1);
  if (entry === undefined) throw new FirstreadError('usage', `no threshold of this site${family === undefined ? '' : ` for ${family}`} is in force: nothing to take back`);
  if (new Set(standing.map((one) => one.family)).size > 1) throw new FirstreadError('usage', 'the site has thresholds for tuberculosis and for lung nodule: say which with --family');
  const after = entries.map((one) => (one === entry ? { ...one, undoneAtMs: nowMs, undoneBy: by } : one));
  writeSiteThresholds(folder.siteThresholds, after);
  return { entry, now: inForce(after).find((one) => one.family === entry.family && one.modelSha256 === entry.modelSha256) };
}

export const describeUndone = ({ entry, now }: Undone): string =>
  `${entry.id} (${entry.family} ${entry.threshold}) is taken back. In force for ${entry.modelName} ${entry.modelVersion}: ${now === undefined ? 'the model\'s own threshold' : `${now.threshold} (${now.id})`}.\n`;

/** When it comes into force, said after --apply and --undo. */
export function whenInForce(folder: DataFolder): string {
  const hub = readHubAddress(folder);
  return hub === undefined ? 'No hub runs on this data folder; it holds from the next start.\n' : 'The running hub judges by it from the next image on, on every worker. Studies that were judged before keep their flags.\n';
}

export function historyTable(folder: DataFolder): string {
  const entries = readSiteThresholds(folder.siteThresholds);
  if (entries.length === 0) return 'This site has never chosen a threshold of its own; the models\' own hold.\n';
  const standing = inForce(entries);
  const moment = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  return formatTable(
    ['id', 'for', 'model', 'threshold', 'groups', 'by', 'at (UTC)', 'state', 'origin'],
    entries.map((one) => [
      one.id,
      one.family,
      `${one.modelName} ${one.modelVersion} (${one.modelSha256.slice(0, 8)})`,
      String(one.threshold),
      one.groups.map((group) => `${groupLabel(group)}: ${group.threshold}`).join('; ') || '–',
      one.appliedBy,
      moment(one.appliedAtMs),
      standing.includes(one) ? 'in force' : one.undoneAtMs === undefined ? 'replaced' : `taken back ${moment(one.undoneAtMs)} by ${one.undoneBy ?? '?'}`,
      english(one.origin),
    ]),
    [10, 12, 44, 9, 60, 16, 16, 40, 90],
  );
}

function needFolder({ root, registry }: DataFolder): void {
  if (!existsSync(registry)) throw new FirstreadError('config-invalid', `there is no registry in ${root}: name the hub's data folder with --data`);
}
