/**
 * Validates models/<name>/model.json: unknown JSON → ModelManifest, or the list of everything that is wrong with it,
 * each with its key and what to do. Pure. Files, hashes and the network itself are compared in model-folder.ts.
 */
import { FieldReader, describe, isObject, join } from './manifest-fields.ts';
import type { Json, ManifestProblem } from './manifest-fields.ts';
import { FAMILIES, familiesOf, judgeOutputs, readOutputs } from './manifest-outputs.ts';
import type { ManifestInput, ManifestThreshold, ModelManifest } from './manifest-types.ts';

export type { ManifestProblem } from './manifest-fields.ts';
export { familiesOf } from './manifest-outputs.ts';

const TASKS = ['lung-field', 'tuberculosis', 'lung nodule', 'multi-label'] as const;
/** Side of a network's input: below, nothing of a chest is left; above, one picture is 64 MB of float32. */
const SIDE_MIN = 32;
const SIDE_MAX = 4096;

export type ManifestReading =
  | { readonly kind: 'good'; readonly manifest: ModelManifest }
  | { readonly kind: 'bad'; readonly problems: readonly ManifestProblem[] };

export function readManifest(json: unknown): ManifestReading {
  const read = new FieldReader();
  if (!isObject(json)) {
    return { kind: 'bad', problems: [{ key: 'model.json', problem: `must be an object, found ${describe(json)}`, remedy: 'start from a worked example in docs/models.md' }] };
  }
  read.onlyKeys(json, '', ['schema', 'name', 'version', 'task', 'file', 'sha256', 'fp16', 'input', 'outputs', 'calibration', 'thresholds', 'ageYears', 'shadow', 'selfTest', 'provenance']);
  const task = read.oneOf(json, '', 'task', TASKS);
  const outputs = readOutputs(read, json);
  if (Array.isArray(json['outputs']) && outputs.length > 0 && TASKS.includes(json['task'] as never)) judgeOutputs(read, task, outputs);
  const manifest: ModelManifest = {
    schema: read.oneOf(json, '', 'schema', ['firstread-model/1']),
    name: readName(read, json),
    version: read.text(json, '', 'version', 'write a version, e.g. "1.0.0"'),
    task,
    ...readFile(read, json, ''),
    ...readTwin(read, json),
    input: readInput(read, json),
    outputs,
    ...readCalibration(read, json),
    thresholds: readThresholds(read, json, task === 'lung-field' ? [] : familiesOf(outputs)),
    ...readAge(read, json),
    ...(json['shadow'] === undefined ? {} : { shadow: read.boolean(json, '', 'shadow', false) }),
    ...readSelfTest(read, json),
    provenance: readProvenance(read, json),
  };
  return read.problems.length === 0 ? { kind: 'good', manifest } : { kind: 'bad', problems: read.problems };
}

function readName(read: FieldReader, json: Json): string {
  const name = read.text(json, '', 'name', 'write the model\'s name, e.g. "tuberculosis"');
  // It becomes part of reports, log lines and file names.
  if (name !== '' && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    read.complain('name', `found ${describe(name)}`, 'use at most 64 letters, digits, dots, dashes and underscores');
  }
  return name;
}

/** A name in the model's own folder, without any path. */
export const isOwnFile = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);

function readFile(read: FieldReader, from: Json, at: string): { file: string; sha256: string } {
  const file = read.text(from, at, 'file', 'write the file\'s name inside the folder, e.g. "model.onnx"');
  if (file !== '' && !isOwnFile(file)) {
    read.complain(join(at, 'file'), `found ${describe(file)}`, 'name a file that lies in the model\'s own folder, without any path');
  }
  const sha256 = read.text(from, at, 'sha256', 'write the SHA-256 of the file in hex (sha256sum FILE)');
  if (sha256 !== '' && !/^[0-9a-f]{64}$/.test(sha256)) {
    read.complain(join(at, 'sha256'), `found ${describe(sha256)}`, 'write 64 lower-case hex digits (sha256sum FILE)');
  }
  return { file, sha256 };
}

function readTwin(read: FieldReader, json: Json): Pick<ModelManifest, 'fp16'> {
  if (json['fp16'] === undefined) return {};
  const twin = read.object(json, '', 'fp16', 'write {"file": …, "sha256": …} or leave it out');
  if (twin === undefined) return {};
  read.onlyKeys(twin, 'fp16', ['file', 'sha256']);
  return { fp16: readFile(read, twin, 'fp16') };
}

function readInput(read: FieldReader, json: Json): ManifestInput {
  const at = 'input';
  const from = read.object(json, '', at, 'describe the network\'s input: name, dtype, layout, height, width, channels, range, crop, fit');
  if (from === undefined) return { name: '', dtype: 'uint8', layout: 'NCHW', height: SIDE_MIN, width: SIDE_MIN, channels: 1, range: [0, 255], crop: 'whole', fit: 'stretch' };
  read.onlyKeys(from, at, ['name', 'dtype', 'layout', 'height', 'width', 'channels', 'range', 'mean', 'std', 'crop', 'cropMargin', 'fit', 'percentiles']);
  const dtype = read.oneOf(from, at, 'dtype', ['uint8', 'uint16', 'float32']);
  const channels = read.oneOf(from, at, 'channels', [1, 3]);
  const channelCounts = channels === 1 ? [1] : [3, 1];
  const range = read.numbers(from, at, 'range', [2]) as readonly [number, number];
  judgeRange(read, dtype, range, from);
  const input: ManifestInput = {
    name: read.text(from, at, 'name', 'write the name of the graph\'s input'),
    dtype,
    layout: read.oneOf(from, at, 'layout', ['NCHW', 'NHWC']),
    height: read.integer(from, at, 'height', SIDE_MIN, SIDE_MAX),
    width: read.integer(from, at, 'width', SIDE_MIN, SIDE_MAX),
    channels,
    range,
    ...(from['mean'] === undefined ? {} : { mean: read.numbers(from, at, 'mean', channelCounts) }),
    ...(from['std'] === undefined ? {} : { std: read.numbers(from, at, 'std', channelCounts) }),
    crop: read.oneOf(from, at, 'crop', ['lung', 'whole']),
    ...(from['cropMargin'] === undefined ? {} : { cropMargin: read.real(from, at, 'cropMargin', 0, 0.5) }),
    fit: read.oneOf(from, at, 'fit', ['stretch', 'letterbox']),
    ...(from['percentiles'] === undefined ? {} : { percentiles: read.numbers(from, at, 'percentiles', [2]) as readonly [number, number] }),
  };
  if (input.std?.some((s) => s === 0) === true) read.complain('input.std', 'has a zero', 'nothing can be divided by it: write the standard deviations');
  const [low, high] = input.percentiles ?? [1, 99];
  if (low < 0 || high > 100 || low >= high) read.complain('input.percentiles', `found ${describe(from['percentiles'])}`, 'write two ascending percentiles, e.g. [1, 99]');
  return input;
}

function judgeRange(read: FieldReader, dtype: ManifestInput['dtype'], [low, high]: readonly [number, number], from: Json): void {
  if (!Array.isArray(from['range'])) return;
  if (low === high) read.complain('input.range', `found ${describe(from['range'])}`, 'the two ends must differ');
  if (dtype === 'float32') return;
  const most = dtype === 'uint8' ? 255 : 65535;
  if (Math.min(low, high) < 0 || Math.max(low, high) > most) read.complain('input.range', `found ${describe(from['range'])}`, `${dtype} holds 0 to ${most}`);
  for (const key of ['mean', 'std']) {
    if (from[key] !== undefined) read.complain(`input.${key}`, `cannot be applied to ${dtype}`, 'use "dtype": "float32", or normalise inside the graph and leave it out');
  }
}

function readCalibration(read: FieldReader, json: Json): Pick<ModelManifest, 'calibration'> {
  if (json['calibration'] === undefined) return {};
  const remedy = 'write ascending pairs [probability, points], e.g. [[0, 0], [0.3, 50], [1, 100]], or leave it out';
  const pairs = read.list(json, '', 'calibration', remedy, 1000);
  const good = pairs.every((p) => Array.isArray(p) && p.length === 2 && p.every((v) => typeof v === 'number' && Number.isFinite(v)));
  const table = (good ? pairs : []) as readonly (readonly [number, number])[];
  const ascending = table.every((pair, i) => {
    const before = table[i - 1];
    return before === undefined || (pair[0] > before[0] && pair[1] >= before[1]);
  });
  if (!good || !ascending || table.length < 2 || table.some(([p, points]) => p < 0 || p > 1 || points < 0 || points > 100)) {
    read.complain('calibration', `found ${describe(json['calibration'])}`, remedy);
    return {};
  }
  return { calibration: table };
}

function readThresholds(read: FieldReader, json: Json, families: readonly (typeof FAMILIES)[number][]): readonly ManifestThreshold[] {
  if (families.length === 0) return [];
  const remedy = `write one for each family: ${families.map((f) => `{"family": "${f}", "threshold": 50, "origin": "where it comes from"}`).join(', ')}`;
  const thresholds = read.list(json, '', 'thresholds', remedy, 16).flatMap((entry, i) => {
    const at = `thresholds[${i}]`;
    if (!isObject(entry)) {
      read.complain(at, `must be an object, found ${describe(entry)}`, remedy);
      return [];
    }
    read.onlyKeys(entry, at, ['family', 'threshold', 'origin']);
    return [{ family: read.oneOf(entry, at, 'family', FAMILIES), threshold: read.real(entry, at, 'threshold', 0, 100), origin: read.wording(entry, at, 'origin', 'say where the threshold comes from: data, operating point, date') }];
  });
  for (const family of families) {
    const count = thresholds.filter((t) => t.family === family).length;
    if (Array.isArray(json['thresholds']) && count !== 1) read.complain('thresholds', `has ${count} entries for ${family}`, remedy);
  }
  return thresholds;
}

function readAge(read: FieldReader, json: Json): Pick<ModelManifest, 'ageYears'> {
  if (json['ageYears'] === undefined) return {};
  const from = read.object(json, '', 'ageYears', 'write {"min": 15} or leave it out');
  if (from === undefined) return {};
  read.onlyKeys(from, 'ageYears', ['min', 'max']);
  return {
    ageYears: {
      ...(from['min'] === undefined ? {} : { min: read.real(from, 'ageYears', 'min', 0, 150) }),
      ...(from['max'] === undefined ? {} : { max: read.real(from, 'ageYears', 'max', 0, 150) }),
    },
  };
}

function readSelfTest(read: FieldReader, json: Json): Pick<ModelManifest, 'selfTest'> {
  if (json['selfTest'] === undefined) return {};
  const from = read.object(json, '', 'selfTest', 'write {"seed", "outputs", "tolerance"} or leave it out (`firstread models check` prints one)');
  if (from === undefined) return {};
  read.onlyKeys(from, 'selfTest', ['seed', 'outputs', 'tolerance']);
  const outputs = read.object(from, 'selfTest', 'outputs', 'write the first numbers of each output under the output\'s name') ?? {};
  const vectors: Record<string, readonly number[]> = {};
  for (const [name, values] of Object.entries(outputs)) {
    if (Array.isArray(values) && values.length > 0 && values.length <= 1000 && values.every((v) => typeof v === 'number')) vectors[name] = values as number[];
    else read.complain(`selfTest.outputs.${name}`, `found ${describe(values)}`, 'write a list of at most 1000 numbers');
  }
  if (Object.keys(outputs).length === 0) read.complain('selfTest.outputs', 'is empty', 'without numbers the test could not fail');
  return { selfTest: { seed: read.integer(from, 'selfTest', 'seed', 0, 0xffffffff), outputs: vectors, tolerance: read.real(from, 'selfTest', 'tolerance', 0, 1000) } };
}

function readProvenance(read: FieldReader, json: Json): ModelManifest['provenance'] {
  const at = 'provenance';
  const from = read.object(json, '', at, 'say where the weights come from: {"status": "foreign", "trainedOn": ["…"], "trainedAt": "2026-01", "licence": "…"}');
  if (from === undefined) return { status: 'foreign', trainedOn: [], trainedAt: '', licence: '' };
  read.onlyKeys(from, at, ['status', 'trainedOn', 'trainedAt', 'licence', 'code']);
  const trainedOn = read.list(from, at, 'trainedOn', 'list the data sets by name', 100).filter((v) => typeof v === 'string');
  return {
    status: read.oneOf(from, at, 'status', ['interim', 'released', 'foreign']),
    trainedOn,
    trainedAt: read.text(from, at, 'trainedAt', 'write when, e.g. "2026-01"'),
    licence: read.text(from, at, 'licence', 'write the licence of the weights'),
    ...(from['code'] === undefined ? {} : { code: read.text(from, at, 'code', 'say which code trained it') }),
  };
}

/** One line for people. */
export function describeProblem(p: ManifestProblem): string {
  return `${p.key}: ${p.problem}; ${p.remedy}`;
}
