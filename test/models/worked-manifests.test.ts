/** The manifests of docs/models.md are not only prose: each runs with a small network of the shape that it describes. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkModelFolder } from '../../src/inference/check-model.ts';
import type { ModelManifest } from '../../src/inference/manifest-types.ts';
import { temporaryFolder, tinyClassifier, tinyHeatmap, tinyYolo, writeModelFolder } from './tiny-models.ts';

const text = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
const manifests = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => JSON.parse(match[1] ?? '') as ModelManifest);
const networks: Readonly<Record<string, Buffer>> = { 'my-classifier': tinyClassifier(), 'my-detector': tinyYolo({ side: 640 }), 'tuberculosis-next': tinyHeatmap() };

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('docs/models.md', () => {
  test('has its three manifests', () => {
    expect(manifests.map((m) => m.name)).toEqual(Object.keys(networks));
  });

  test.each(manifests.map((m) => [m.name, m] as const))('%s runs as written', async (name, { sha256: _, ...manifest }) => {
    const onnx = networks[name];
    if (onnx === undefined) throw new Error(`no network for ${name}`);
    const path = await writeModelFolder(folder, onnx, manifest);
    const { problems } = await checkModelFolder(path, { provider: { name: 'cpu', deviceId: 0 }, intraOpThreads: 1, batchMax: 1 });
    expect(problems).toEqual([]);
  });
});
