/** Folders with a tiny network and its manifest, for tests. The manifests are the worked examples' shapes in small. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import { tinyClassifier, tinyHeatmap, tinyLungField, tinyTrap, tinyYolo } from './tiny-networks.ts';

type Draft = Omit<ModelManifest, 'file' | 'sha256' | 'schema' | 'version' | 'provenance'> & Partial<ModelManifest>;

export const temporaryFolder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'firstread-models-'));

/** Writes `modelsDir`/name with model.onnx and model.json; resolves with the folder's path. */
export async function writeModelFolder(modelsDir: string, onnx: Uint8Array, draft: Draft): Promise<string> {
  const folder = join(modelsDir, draft.name);
  await mkdir(folder, { recursive: true });
  const manifest: ModelManifest = {
    schema: 'firstread-model/1',
    version: '0.0.1',
    file: 'model.onnx',
    sha256: createHash('sha256').update(onnx).digest('hex'),
    provenance: { status: 'foreign', trainedOn: ['nothing: arithmetic for tests'], trainedAt: '2026-11', licence: 'Apache-2.0' },
    ...draft,
  };
  await writeFile(join(folder, 'model.onnx'), onnx);
  await writeFile(join(folder, 'model.json'), JSON.stringify(manifest, null, 2));
  return folder;
}

/** Dark is lung; a picture is a chest when it is not black. */
export const lungFieldDraft: Draft = {
  name: 'tiny-lung-field',
  task: 'lung-field',
  input: { name: 'image', dtype: 'uint8', layout: 'NCHW', height: 128, width: 128, channels: 1, range: [0, 255], crop: 'whole', fit: 'stretch' },
  outputs: [
    { kind: 'lung-mask', name: 'mask', activation: 'sigmoid' },
    { kind: 'frontal', name: 'frontal', activation: 'none', threshold: 0.5 },
  ],
  thresholds: [],
};

/** A 224² classifier with fourteen labels, of which two are used; ImageNet's mean and deviation. */
export const classifierDraft: Draft = {
  name: 'tiny-classifier',
  task: 'multi-label',
  input: { name: 'image', dtype: 'float32', layout: 'NCHW', height: 224, width: 224, channels: 3, range: [0, 1], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], crop: 'whole', fit: 'letterbox' },
  outputs: [{ kind: 'scores', name: 'logits', activation: 'sigmoid', labels: [{ family: 'tuberculosis', index: 8 }, { family: 'lung nodule', index: 5 }] }],
  thresholds: [
    { family: 'tuberculosis', threshold: 50, origin: 'test' },
    { family: 'lung nodule', threshold: 60, origin: 'test' },
  ],
};

export const yoloDraft: Draft = {
  name: 'tiny-yolo',
  task: 'lung nodule',
  input: { name: 'images', dtype: 'float32', layout: 'NCHW', height: 320, width: 320, channels: 3, range: [0, 1], crop: 'whole', fit: 'letterbox' },
  outputs: [{ kind: 'boxes', format: 'yolo', name: 'output0', activation: 'none', family: 'lung nodule', index: 1, nmsIou: 0.3, maxBoxes: 20, insideLungs: false }],
  thresholds: [{ family: 'lung nodule', threshold: 50, origin: 'test' }],
};

export const heatmapDraft: Draft = {
  name: 'tiny-heatmap',
  task: 'tuberculosis',
  input: { name: 'image', dtype: 'uint8', layout: 'NCHW', height: 256, width: 256, channels: 1, range: [0, 255], crop: 'lung', fit: 'stretch' },
  outputs: [
    { kind: 'scores', name: 'score', activation: 'none', labels: [{ family: 'tuberculosis', index: 0 }] },
    { kind: 'heatmap', name: 'heat', activation: 'sigmoid', family: 'tuberculosis' },
  ],
  calibration: [[0, 0], [0.5, 40], [1, 100]],
  thresholds: [{ family: 'tuberculosis', threshold: 40, origin: 'test' }],
  ageYears: { min: 15 },
};

/** Never ends on a bright film (tinyTrap). */
export const trapDraft: Draft = {
  name: 'tiny-trap',
  task: 'tuberculosis',
  input: { name: 'image', dtype: 'uint8', layout: 'NCHW', height: 64, width: 64, channels: 1, range: [0, 255], crop: 'whole', fit: 'stretch' },
  outputs: [{ kind: 'scores', name: 'score', activation: 'none', labels: [{ family: 'tuberculosis', index: 0 }] }],
  thresholds: [{ family: 'tuberculosis', threshold: 40, origin: 'test' }],
};

/** All that a site has: lung field, tuberculosis by heatmap, nodules by boxes. */
export async function writeTinySite(modelsDir: string): Promise<void> {
  await writeModelFolder(modelsDir, tinyLungField(), lungFieldDraft);
  await writeModelFolder(modelsDir, tinyHeatmap(), heatmapDraft);
  await writeModelFolder(modelsDir, tinyYolo(), yoloDraft);
}

export { tinyClassifier, tinyHeatmap, tinyLungField, tinyTrap, tinyYolo };
