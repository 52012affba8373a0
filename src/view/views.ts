/**
 * Stored objects as people look at them: headers, frames, rendered pictures. Everything that depends on an object's
 * content happens in threads that may be ended (view-thread.ts); JPEG and PNG are then made by sharp, beside the event
 * loop. What a header says is remembered: a viewer asks for it again with each frame.
 */
import { FirstreadError } from '../errors.ts';
import { PICTURE_FAILURES } from '../inference/picture-failures.ts';
import { createThreadPool, type ThreadPool } from '../threads/thread-pool.ts';
import type { RenderedPixels, RenderWish } from './render.ts';
import { BULK_DATA_MARK, type ObjectDescription, type ViewAnswer, type ViewTask } from './view-task.ts';

export interface ViewLimits {
  readonly threads: number;
  /** A 28-megapixel JPEG 2000 film takes 4 s on a slow core. */
  readonly deadlineMs: number;
  readonly waitingMax: number;
  /** Headers remembered, in characters of their JSON. */
  readonly describedCharactersMax: number;
}

export const VIEW_LIMITS: ViewLimits = { threads: 2, deadlineMs: 15_000, waitingMax: 64, describedCharactersMax: 32 * 2 ** 20 };

export interface Encoding {
  readonly mediaType: 'image/jpeg' | 'image/png';
  /** JPEG, 1–100. */
  readonly quality: number;
}

export interface Views {
  describe(path: string): Promise<ObjectDescription>;
  nativeFrame(path: string, frame: number, signal?: AbortSignal): Promise<Uint8Array>;
  value(path: string, element: string): Promise<Uint8Array>;
  render(path: string, frame: number, wish: RenderWish, encoding: Encoding, signal?: AbortSignal): Promise<Uint8Array>;
  preview(path: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

export { BULK_DATA_MARK };

export function createViews(limits: ViewLimits = VIEW_LIMITS): Views {
  const pool: ThreadPool<ViewTask, ViewAnswer> = createThreadPool({
    thread: new URL(import.meta.url.endsWith('.ts') ? './view-thread.ts' : './view-thread.js', import.meta.url),
    threads: limits.threads,
    deadlineMs: limits.deadlineMs,
    waitingMax: limits.waitingMax,
    failures: PICTURE_FAILURES,
    letsRunningEnd: true,
  });
  const described = new Map<string, ObjectDescription>();
  let describedCharacters = 0;

  const remember = (path: string, description: ObjectDescription): void => {
    described.set(path, description);
    describedCharacters += description.json.length;
    for (const [oldest, { json }] of described) {
      if (describedCharacters <= limits.describedCharactersMax) break;
      described.delete(oldest);
      describedCharacters -= json.length;
    }
  };

  const bytesOf = async (task: ViewTask, signal?: AbortSignal): Promise<Uint8Array> => {
    const answer = await pool.run(task, signal);
    if (answer.kind !== 'bytes') throw new FirstreadError('internal');
    return answer.bytes;
  };
  const pixelsOf = async (task: ViewTask, signal?: AbortSignal): Promise<RenderedPixels> => {
    const answer = await pool.run(task, signal);
    if (answer.kind !== 'pixels') throw new FirstreadError('internal');
    return answer.pixels;
  };

  return {
    async describe(path) {
      const known = described.get(path);
      if (known !== undefined) {
        described.delete(path);
        described.set(path, known);
        return known;
      }
      const answer = await pool.run({ kind: 'describe', path });
      if (answer.kind !== 'description') throw new FirstreadError('internal');
      if (!described.has(path)) remember(path, answer.description);
      return answer.description;
    },
    nativeFrame: (path, frame, signal) => bytesOf({ kind: 'native-frame', path, frame }, signal),
    value: (path, element) => bytesOf({ kind: 'value', path, element }),
    async render(path, frame, wish, encoding, signal) {
      const pixels = await pixelsOf({ kind: 'render', path, frame, wish }, signal);
      const { encodePixels } = await import('./encode-pixels.ts');
      return encodePixels(pixels, encoding);
    },
    async preview(path) {
      const { width, height, samples } = await pixelsOf({ kind: 'preview', path });
      const { encodePreview } = await import('../inference/preview.ts');
      return encodePreview({ width, height, grey: samples });
    },
    close: () => pool.close(),
  };
}
