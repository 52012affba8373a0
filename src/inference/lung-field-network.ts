/**
 * The lung-field network run by itself, one film at a time: for `firstread prepare`, which makes training data.
 * The worker runs the same network through its own session and batches; both use preprocess.ts and lung-field.ts.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FirstreadError } from '../errors.ts';
import type { GrayImage } from './gray-image.ts';
import { lungRegion, type LungField } from './lung-field.ts';
import type { ModelManifest } from './manifest-types.ts';
import { preprocess, wholeFrame } from './preprocess.ts';

export interface FoundLungs {
  readonly field: LungField;
  readonly frontalProbability: number;
  readonly frontalThreshold: number;
}

export interface LungFieldNetwork {
  readonly sha256: string;
  find(image: GrayImage): Promise<FoundLungs>;
}

export async function openLungField(folder: string): Promise<LungFieldNetwork> {
  const manifest = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as ModelManifest;
  const bytes = await readFile(join(folder, manifest.file));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== manifest.sha256) throw new FirstreadError('model-hash-mismatch', undefined, { model: manifest.name });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const mask = manifest.outputs.find((output) => output.kind === 'lung-mask');
  const frontal = manifest.outputs.find((output) => output.kind === 'frontal');
  if (mask === undefined || frontal === undefined) throw new FirstreadError('model-invalid', 'a lung-field model needs the outputs lung-mask and frontal');
  return {
    sha256,
    async find(image) {
      const { tensor, dims, placement } = preprocess(image, manifest.input, wholeFrame(image));
      const outputs = await session.run({ [manifest.input.name]: new Tensor(manifest.input.dtype, tensor, dims) });
      const maskTensor = outputs[mask.name]!;
      const [, , height, width] = maskTensor.dims as [number, number, number, number];
      const scale = { ...placement, scaleX: (placement.scaleX * manifest.input.width) / width, scaleY: (placement.scaleY * manifest.input.height) / height };
      const probabilities = activate(maskTensor.data as Float32Array, mask.activation);
      return {
        field: lungRegion(probabilities.subarray(0, width * height), width, height, scale),
        frontalProbability: activate(outputs[frontal.name]!.data as Float32Array, frontal.activation)[0]!,
        frontalThreshold: frontal.threshold,
      };
    },
  };
}

function activate(values: Float32Array, activation: 'none' | 'sigmoid'): Float32Array {
  return activation === 'none' ? values : values.map((value) => 1 / (1 + Math.exp(-value)));
}
