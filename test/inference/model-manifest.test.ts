import { describe, expect, test } from 'vitest';
import { describeProblem, readManifest } from '../../src/inference/model-manifest.ts';
import { classifierDraft, heatmapDraft, lungFieldDraft, yoloDraft } from '../models/tiny-models.ts';

const rest = { schema: 'firstread-model/1', version: '1.0.0', file: 'model.onnx', sha256: 'a'.repeat(64), provenance: { status: 'foreign', trainedOn: ['x'], trainedAt: '2026', licence: 'MIT' } };
const manifest = (draft: object, change: (m: any) => void = () => undefined): unknown => {
  const json = structuredClone({ ...rest, ...draft });
  change(json);
  return json;
};
const problems = (json: unknown): readonly string[] => {
  const reading = readManifest(json);
  return reading.kind === 'good' ? [] : reading.problems.map((p) => p.key);
};

describe('readManifest', () => {
  test.each([['lung field', lungFieldDraft], ['classifier', classifierDraft], ['detector', yoloDraft], ['heatmap', heatmapDraft]])('a %s is read as it is written', (_, draft) => {
    const json = manifest(draft);
    expect(readManifest(json)).toEqual({ kind: 'good', manifest: json });
  });

  const cases: readonly (readonly [string, (m: any) => void, string])[] = [
    ['a name that is a path', (m) => (m.name = '../etc'), 'name'],
    ['a file in another folder', (m) => (m.file = '../other.onnx'), 'file'],
    ['a hash that is none', (m) => (m.sha256 = 'abc'), 'sha256'],
    ['another schema', (m) => (m.schema = 'v2'), 'schema'],
    ['a misspelt key', (m) => (m.treshold = 3), 'treshold'],
    ['a misspelt key of the input', (m) => (m.input.hight = 3), 'input.hight'],
    ['an unknown dtype', (m) => (m.input.dtype = 'float16'), 'input.dtype'],
    ['a height that is no number', (m) => (m.input.height = '256'), 'input.height'],
    ['a range outside uint8', (m) => (m.input.range = [0, 1024]), 'input.range'],
    ['an empty range', (m) => (m.input.range = [7, 7]), 'input.range'],
    ['a mean for uint8', (m) => (m.input.mean = [0.5]), 'input.mean'],
    ['percentiles the wrong way round', (m) => (m.input.percentiles = [99, 1]), 'input.percentiles'],
    ['no outputs', (m) => (m.outputs = []), 'outputs'],
    ['an output of no known kind', (m) => (m.outputs[0].kind = 'score'), 'outputs[0].kind'],
    ['an unknown family', (m) => (m.outputs[0].labels[0].family = 'TB'), 'outputs[0].labels[0].family'],
    ['a negative index', (m) => (m.outputs[0].labels[0].index = -1), 'outputs[0].labels[0].index'],
    ['the task of another family', (m) => (m.task = 'lung nodule'), 'task'],
    ['no threshold for the family', (m) => (m.thresholds = []), 'thresholds'],
    ['a threshold over 100', (m) => (m.thresholds[0].threshold = 101), 'thresholds[0].threshold'],
    ['a threshold without origin', (m) => delete m.thresholds[0].origin, 'thresholds[0].origin'],
    ['an origin that says nothing', (m) => (m.thresholds[0].origin = ''), 'thresholds[0].origin'],
    ['an origin in English alone, as if in both', (m) => (m.thresholds[0].origin = { en: 'our films' }), 'thresholds[0].origin'],
    ['an origin with an empty language', (m) => (m.thresholds[0].origin = { en: 'our films', vi: '' }), 'thresholds[0].origin'],
    ['an origin in a third language', (m) => (m.thresholds[0].origin = { en: 'our films', vi: 'phim của chúng tôi', fr: 'nos films' }), 'thresholds[0].origin'],
    ['an origin without end', (m) => (m.thresholds[0].origin = { en: 'our films', vi: 'x'.repeat(1001) }), 'thresholds[0].origin'],
    ['an origin that is a list', (m) => (m.thresholds[0].origin = ['our films']), 'thresholds[0].origin'],
    ['a calibration that falls', (m) => (m.calibration = [[0, 50], [1, 0]]), 'calibration'],
    ['a calibration out of order', (m) => (m.calibration = [[0.5, 0], [0.2, 50]]), 'calibration'],
    ['a self-test without numbers', (m) => (m.selfTest = { seed: 1, outputs: {}, tolerance: 0.1 }), 'selfTest.outputs'],
    ['an age limit that is no number', (m) => (m.ageYears = { min: '15' }), 'ageYears.min'],
    ['no provenance', (m) => delete m.provenance, 'provenance'],
  ];
  test.each(cases)('%s is named by its key', (_, change, key) => {
    expect(problems(manifest(heatmapDraft, change))).toContain(key);
  });

  test('everything that is wrong is said at once, each with what to do', () => {
    const reading = readManifest(manifest(heatmapDraft, (m) => {
      m.input.dtype = 'int8';
      m.sha256 = '';
      m.outputs[0].activation = 'relu';
    }));
    expect(reading.kind).toBe('bad');
    if (reading.kind !== 'bad') return;
    expect(reading.problems.map((p) => p.key)).toEqual(['outputs[0].activation', 'sha256', 'input.dtype']);
    for (const p of reading.problems) expect(p.remedy).not.toBe('');
  });

  test('detectors say which outputs they lack', () => {
    expect(problems(manifest(yoloDraft, (m) => (m.outputs[0].format = 'center-heatmap')))).toContain('outputs[0].sizeName');
    expect(problems(manifest(yoloDraft, (m) => (m.outputs[0].format = 'xyxy-score')))).toContain('outputs[0].scoresName');
    expect(problems(manifest(yoloDraft, (m) => (m.outputs[0].maxBoxes = 51)))).toContain('outputs[0].maxBoxes');
    expect(problems(manifest(yoloDraft, (m) => (m.outputs[0].imageScoreBoxes = 0)))).toContain('outputs[0].imageScoreBoxes');
  });

  test.each([
    ['a layout of what has none', { format: 'xyxy-score-label', layout: 'boxes-first' }, ['outputs[0].layout']],
    ['a layout that is none', { layout: 'NHWC' }, ['outputs[0].layout']],
    ['an objectness beside a score', { format: 'xyxy-score', scoresName: 's', objectness: true }, ['outputs[0].objectness']],
    ['labels of their own where there are columns', { labelsName: 'l' }, ['outputs[0].labelsName']],
    ['an order and a unit of peaks', { format: 'center-heatmap', sizeName: 's', boxOrder: 'xyxy', boxUnit: 'fractions' }, ['outputs[0].boxOrder', 'outputs[0].boxUnit']],
    ['an order that is none', { boxOrder: 'xyhw' }, ['outputs[0].boxOrder']],
    ['a sigmoid after the labels were chosen', { format: 'xyxy-score-label', activation: 'sigmoid' }, ['outputs[0].activation']],
    ['a sigmoid beside labels', { format: 'xyxy-score', scoresName: 's', labelsName: 'l', activation: 'sigmoid' }, ['outputs[0].activation']],
  ] as const)('%s is refused', (_, change, keys) => {
    expect(problems(manifest(yoloDraft, (m) => Object.assign(m.outputs[0], change)))).toEqual(keys);
  });

  test('a key of another format is said to be one', () => {
    const reading = readManifest(manifest(yoloDraft, (m) => Object.assign(m.outputs[0], { format: 'xyxy-score-label', objectness: true })));
    expect(reading.kind === 'bad' && reading.problems.map(describeProblem)).toEqual(['outputs[0].objectness: says nothing of the format "xyxy-score-label"; remove it, or correct "format": it belongs to "yolo"']);
  });

  test('an origin in one language or in both; what is wrong with another is said in words', () => {
    const both = { en: 'chosen on our films', vi: 'chọn trên phim của chúng tôi' };
    const reading = readManifest(manifest(heatmapDraft, (m) => (m.thresholds[0].origin = both)));
    expect(reading.kind === 'good' && reading.manifest.thresholds[0]?.origin).toEqual(both);
    const said = (origin: unknown): string => {
      const bad = readManifest(manifest(heatmapDraft, (m) => (m.thresholds[0].origin = origin)));
      return bad.kind === 'good' ? '' : bad.problems.map(describeProblem).join();
    };
    expect(said(7)).toBe('thresholds[0].origin: must be a text, or {"en": …, "vi": …}, found 7; say where the threshold comes from: data, operating point, date');
    expect(said({ en: 'our films' })).toContain('thresholds[0].origin: must hold a text under "en" and one under "vi", of at most 1000 characters, and nothing else, found {"en":"our films"}');
  });

  test.each([[null], [[]], ['text'], [7], [{}], [{ input: null, outputs: 'x', thresholds: {} }]])('%j is refused without a crash', (json) => {
    expect(readManifest(json).kind).toBe('bad');
  });
});
