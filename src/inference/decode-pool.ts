/** Decoding in threads that may be killed (threads/thread-pool.ts): bytes of a stored object → the picture as the models see it. */
import type { DecodedInstance, DecodeOptions } from './decode-frame.ts';
import type { DecodeRequest } from './decode-thread.ts';
import { createThreadPool, type ThreadPool } from '../threads/thread-pool.ts';
import { PICTURE_FAILURES } from './picture-failures.ts';

export interface DecodePoolOptions {
  readonly threads: number;
  /** From the moment a thread takes the picture. */
  readonly deadlineMs: number;
  /** More than this many waiting pictures are refused. */
  readonly waitingMax?: number;
  readonly decode?: DecodeOptions;
  /** The bytes move to the thread instead of being copied, and are empty for the caller: 15 MB a film, copied by the thread that also hands out jobs. */
  readonly takesBytes?: boolean;
}

/** JPEG 2000 of 28 megapixels takes 4 s on a slow core; a thread that needs 20 s is not decoding any more. */
export const DECODE_DEADLINE_MS = 20_000;
export const DECODE_WAITING_MAX = 1024;

export interface DecodePool {
  /** Rejects with a FirstreadError (`pixels-…`, `data-set-…`, `not-dicom`, `decode-timeout`) or the signal's reason. */
  decode(bytes: Uint8Array, signal?: AbortSignal, options?: DecodeOptions): Promise<DecodedInstance>;
  counts(): { readonly busy: number; readonly waiting: number; readonly replaced: number };
  close(): Promise<void>;
}

export function createDecodePool(options: DecodePoolOptions): DecodePool {
  const pool: ThreadPool<DecodeRequest, DecodedInstance> = createThreadPool({
    thread: new URL(import.meta.url.endsWith('.ts') ? './decode-thread.ts' : './decode-thread.js', import.meta.url),
    threads: options.threads,
    deadlineMs: options.deadlineMs,
    waitingMax: options.waitingMax ?? DECODE_WAITING_MAX,
    failures: PICTURE_FAILURES,
    ...(options.takesBytes === true ? { moved: ({ bytes }: DecodeRequest) => movable(bytes) } : {}),
  });
  return {
    decode: (bytes, signal, decodeOptions = options.decode ?? {}) => pool.run({ bytes, options: decodeOptions }, signal),
    counts: pool.counts,
    close: pool.close,
  };
}

/** A buffer that is all of these bytes: a part of a larger one may be somebody else's too. */
function movable(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
