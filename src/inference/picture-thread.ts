/**
 * A thread that keeps decoded pictures and works on their pixels: tensors, preview, blankness. Entry of the threads that
 * picture-threads.ts starts. Everything it does is pure code, so it may be ended at any time.
 */
import assert from 'node:assert';
import { parentPort } from 'node:worker_threads';
import type { GrayImage } from './gray-image.ts';
import type { ManifestInput } from './manifest-types.ts';
import { preprocess } from './preprocess.ts';
import type { Rect } from './preprocess.ts';
import { isBlank, renderPreview } from './preview-pixels.ts';

export type PictureTask =
  | { readonly kind: 'open'; readonly picture: number; readonly image: GrayImage }
  | { readonly kind: 'close'; readonly picture: number }
  | { readonly kind: 'blank'; readonly picture: number; readonly id: number }
  | { readonly kind: 'preview'; readonly picture: number; readonly id: number }
  | { readonly kind: 'prepare'; readonly picture: number; readonly id: number; readonly input: ManifestInput; readonly region: Rect };

export type PictureAnswer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const images = new Map<number, GrayImage>();

port.on('message', (task: PictureTask) => {
  if (task.kind === 'open') images.set(task.picture, task.image);
  else if (task.kind === 'close') images.delete(task.picture);
  else answer(task);
});

function answer(task: Exclude<PictureTask, { kind: 'open' | 'close' }>): void {
  const image = images.get(task.picture);
  try {
    assert(image !== undefined, 'the picture was closed');
    if (task.kind === 'blank') port.postMessage({ id: task.id, value: isBlank(image) });
    else if (task.kind === 'preview') {
      const preview = renderPreview(image);
      port.postMessage({ id: task.id, value: preview }, [preview.grey.buffer as ArrayBuffer]);
    } else {
      const prepared = preprocess(image, task.input, task.region);
      port.postMessage({ id: task.id, value: prepared }, [prepared.tensor.buffer as ArrayBuffer]);
    }
  } catch (error) {
    port.postMessage({ id: task.id, error: error instanceof Error ? error.message : 'unknown' });
  }
}
