/**
 * `firstread models compare A B`: two models on the images that both have scored, from the registry alone: the usual end of
 * a model's time in shadow. Reads beside a running hub; names no patient unless asked to.
 */
import { FirstreadError } from '../../errors.ts';
import { compareModels } from '../../evaluation/compare-models.ts';
import type { ModelComparison, PairedFilm } from '../../evaluation/compare-models.ts';
import type { DataFolder } from '../../hub/data-folder.ts';
import type { RecordedFinding } from '../../registry/finding-query.ts';
import { openRegistry } from '../../registry/registry.ts';
import type { Registry } from '../../registry/registry.ts';
import type { FindingFamily, ModelReference } from '../../study/types.ts';
import { matchRows, recordedPatient } from '../calibrate/registry-films.ts';
import { readRecorded } from '../calibrate/gather-truth.ts';
import { readCsvFile } from '../csv-table.ts';
import { readLabels } from '../labels-table.ts';
import type { RowLeftOut } from '../labels-table.ts';

export interface ComparedModel extends ModelReference {
  readonly shadow: boolean;
  /** Images that it scored and the other one did not. */
  readonly aloneCount: number;
  /** Images on which it failed while in shadow. */
  readonly failureCount: number;
}

export interface ComparisonReport {
  readonly family: FindingFamily;
  readonly models: readonly [ComparedModel, ComparedModel];
  readonly comparison: ModelComparison;
  /** By the names of the films in `comparison.differences`; only where names were asked for. */
  readonly patientNames?: Readonly<Record<string, string>>;
  readonly truthLeftOut: readonly RowLeftOut[];
}

export interface CompareRequest {
  readonly folder: DataFolder;
  readonly models: readonly [string, string];
  readonly family?: FindingFamily;
  readonly truthFile?: string;
  readonly names: boolean;
  readonly differenceCount: number;
}

/** Fewer films than this say nothing. */
const FILMS_MIN = 2;

export async function compareRecorded({ folder, models, family: wanted, truthFile, names, differenceCount }: CompareRequest): Promise<ComparisonReport> {
  const registry = openRegistry(folder.registry, { readOnly: true });
  try {
    const { findings, failures } = readRecorded(registry);
    const references = models.map((word) => findModel(word, findings)) as [ModelReference, ModelReference];
    if (references[0].sha256 === references[1].sha256) throw new FirstreadError('usage', `${models[0]} and ${models[1]} are the same model file`);
    const family = sharedFamily(references, findings, wanted);
    const [a, b] = references.map(({ sha256 }) => new Map(findings.filter((one) => one.family === family && one.model.sha256 === sha256).map((one) => [one.sopInstanceUid, one]))) as [Map<string, RecordedFinding>, Map<string, RecordedFinding>];
    const both = [...a.values()].filter(({ sopInstanceUid }) => b.has(sopInstanceUid));
    if (both.length < FILMS_MIN) throw new FirstreadError('usage', `no images were scored by both for ${family}: ${references[0].name} has ${a.size}, ${references[1].name} ${b.size}. One of them must run in shadow beside the other (firstread models shadow DIR on)`);
    const truth = truthFile === undefined ? undefined : await readTruth(truthFile, family, both, registry);
    const films = both.map((one) => pairOf(one, b.get(one.sopInstanceUid) as RecordedFinding, truth?.positive.get(one.sopInstanceUid)));
    const comparison = compareModels(films, differenceCount);
    const described = (at: 0 | 1, own: ReadonlyMap<string, RecordedFinding>, other: ReadonlyMap<string, RecordedFinding>): ComparedModel => ({
      ...references[at],
      shadow: [...own.values()].at(-1)?.shadow ?? false,
      aloneCount: [...own.keys()].filter((uid) => !other.has(uid)).length,
      failureCount: failures.filter(({ model }) => model.sha256 === references[at].sha256).length,
    });
    return {
      family,
      models: [described(0, a, b), described(1, b, a)],
      comparison,
      ...(names ? { patientNames: Object.fromEntries(both.map((one) => [nameOf(one), one.patientName ?? ''])) } : {}),
      truthLeftOut: truth?.leftOut ?? [],
    };
  } finally {
    registry.close();
  }
}

/** By name, name@version, or the beginning of the file's SHA-256. */
function findModel(word: string, findings: readonly RecordedFinding[]): ModelReference {
  const known = [...new Map(findings.map(({ model }) => [model.sha256, model])).values()];
  const found = known.filter(({ name, version, sha256 }) => word === name || word === `${name}@${version}` || (/^[0-9a-f]{6,}$/.test(word) && sha256.startsWith(word)));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const list = (found.length === 0 ? known : found).map(({ name, version, sha256 }) => `${name}@${version} (${sha256.slice(0, 8)})`).join(', ');
  throw new FirstreadError('usage', found.length === 0 ? `no model ${JSON.stringify(word)} has scored anything here; there are: ${list || 'none'}` : `${JSON.stringify(word)} is several: ${list}; say the version or the hash`);
}

function sharedFamily(references: readonly ModelReference[], findings: readonly RecordedFinding[], wanted: FindingFamily | undefined): FindingFamily {
  const [a = new Set(), b = new Set()] = references.map(({ sha256 }) => new Set(findings.filter(({ model }) => model.sha256 === sha256).map(({ family }) => family)));
  const shared = (['tuberculosis', 'lung nodule'] as const).filter((family) => a.has(family) && b.has(family));
  const family = wanted === undefined ? shared[0] : shared.find((one) => one === wanted);
  if (family === undefined) throw new FirstreadError('usage', `these two do not both look for ${wanted ?? 'the same thing'}: ${[...a].join(' and ')}; ${[...b].join(' and ')}`);
  if (wanted === undefined && shared.length > 1) throw new FirstreadError('usage', 'both look for tuberculosis and for lung nodules: say which with --family');
  return family;
}

/** What a film is called: its study's accession number; without one its UID. */
const nameOf = ({ accessionNumber, studyInstanceUid }: RecordedFinding): string => accessionNumber ?? studyInstanceUid;

const pairOf = (a: RecordedFinding, b: RecordedFinding, positive: boolean | undefined): PairedFilm => ({
  name: nameOf(a),
  scores: [a.score, b.score],
  flagged: [a.flagged, b.flagged],
  patient: recordedPatient(a),
  ...(positive === undefined ? {} : { positive }),
});

async function readTruth(path: string, family: FindingFamily, findings: readonly RecordedFinding[], registry: Pick<Registry, 'isKnown'>): Promise<{ readonly positive: ReadonlyMap<string, boolean>; readonly leftOut: readonly RowLeftOut[] }> {
  const table = readLabels(await readCsvFile(path), { family, patientIsEnough: true });
  const { matched, leftOut } = matchRows(table.rows, findings, new Set(findings.map(({ model }) => model.sha256)), registry.isKnown);
  const positive = new Map(matched.flatMap(({ row, found }) => found.map(({ sopInstanceUid }) => [sopInstanceUid, row.positive] as const)));
  return { positive, leftOut: [...table.leftOut, ...leftOut] };
}
