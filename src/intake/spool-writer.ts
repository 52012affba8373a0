/**
 * One incoming object on its way into a `.part` file: gathers fragments into chunks, hashes the data set's bytes,
 * keeps one write outstanding, and makes the caller wait only when one chunk is full and another is being written.
 * What has been written is synced now and then while the rest still comes, so that little is left to sync at the end.
 *
 * Hashing is done here, on the receiving thread: at 0.6 ms/MB one core takes 700 MB/s, and threads for it were measured
 * to cost more (a third more CPU time for handing over) than they gave.
 *
 * A failure is remembered, not thrown from `write`: the peer's remaining bytes are dropped and `sync` tells.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { FirstreadError } from '../errors.ts';
import type { ChunkPool } from './chunk-pool.ts';
import type { SpoolFile, SpoolFileSystem } from './spool-file-system.ts';

export interface SpoolWriter {
  readonly path: string;
  /** Bytes of the data set so far (file meta not counted). */
  readonly byteLength: number;
  /** The bytes are copied before it resolves; not to be called again while its promise is pending. */
  write(fragment: Uint8Array): Promise<void> | void;
  /** Ends the object early: later fragments are dropped and `flush` rejects with this. */
  fail(error: FirstreadError): void;
  /** All bytes handed to the operating system. Resolves with the SHA-256 of the data set. */
  flush(): Promise<string>;
  /** The first bytes of the data set (a chunk's worth), from memory; valid between `flush` and `release`. */
  head(): Uint8Array;
  /** The first `lengthMax` bytes of the data set, from the file; after `flush`. */
  reread(lengthMax: number): Promise<Uint8Array>;
  /** Makes the bytes durable and closes the file. */
  sync(): Promise<void>;
  /** Gives the buffers back. Idempotent; waits for what is under way. */
  release(): Promise<void>;
}

export function createSpoolWriter(
  fileSystem: SpoolFileSystem,
  path: string,
  fileMeta: Uint8Array,
  chunks: ChunkPool,
  { objectBytesMax, earlySyncBytes }: { readonly objectBytesMax: number; readonly earlySyncBytes: number },
): SpoolWriter {
  assert(fileMeta.byteLength < chunks.chunkBytes / 2, 'file meta fits into the first chunk');
  const hash = createHash('sha256');
  let byteLength = 0;
  let failure: unknown;
  let file: SpoolFile | undefined;
  let headChunk: Uint8Array | undefined;
  let headEnd = 0;
  let filling = chunks.take();
  let filled = fileMeta.byteLength;
  filling.set(fileMeta);

  /** The file operation under way, if any; at most one write among them. Never rejects. */
  let underway: Promise<void> | undefined;
  let callerWaits = false;
  let released = false;
  let unsyncedBytes = 0;
  /** A sync beside the writing. Its failure is the object's: the kernel reports it once, and would call the last sync good. */
  let earlySync: Promise<void> | undefined;

  function advance(step: () => Promise<void>): Promise<void> {
    const next: Promise<void> = (underway ?? Promise.resolve())
      .then(() => (failure === undefined ? step() : undefined))
      .catch((error: unknown) => {
        failure ??= error;
      })
      .then(() => {
        if (underway === next) underway = undefined;
      });
    return next;
  }

  function syncEarly(): void {
    if (unsyncedBytes < earlySyncBytes || earlySync !== undefined) return;
    unsyncedBytes = 0;
    earlySync = file!.sync()
      .catch((error: unknown) => {
        failure ??= error;
      })
      .then(() => {
        earlySync = undefined;
      });
  }

  /** Sends the filling chunk on its way; the caller has made sure that no other write is under way. */
  function sendChunk(isLast: boolean): void {
    const chunk = filling;
    const length = filled;
    const isHead = headChunk === undefined;
    if (isHead) {
      headChunk = chunk;
      headEnd = length;
    }
    underway = advance(async () => {
      const written = file!.append(chunk.subarray(0, length));
      hash.update(chunk.subarray(isHead ? fileMeta.byteLength : 0, length));
      await written;
      if (!isHead) chunks.giveBack(chunk);
      unsyncedBytes += length;
      if (!isLast) syncEarly();
    });
    filled = 0;
    filling = isLast ? EMPTY : chunks.take();
  }

  function gather(fragment: Uint8Array): Promise<void> | void {
    for (let offset = 0; offset < fragment.byteLength; ) {
      if (failure !== undefined) return;
      if (filled === filling.byteLength) {
        if (underway !== undefined) {
          const rest = fragment.subarray(offset);
          return underway.then(() => gather(rest));
        }
        sendChunk(false);
      }
      const take = Math.min(fragment.byteLength - offset, filling.byteLength - filled);
      filling.set(offset === 0 && take === fragment.byteLength ? fragment : fragment.subarray(offset, offset + take), filled);
      filled += take;
      offset += take;
    }
    // Do not sit on a full chunk while the disk is idle.
    if (filled === filling.byteLength && underway === undefined) sendChunk(false);
  }

  underway = advance(async () => {
    file = await fileSystem.create(path);
  });

  return {
    path,
    get byteLength() {
      return byteLength;
    },

    write(fragment) {
      assert(!callerWaits && !released, 'write is not called while a write is pending, nor after the end');
      byteLength += fragment.byteLength;
      if (byteLength > objectBytesMax) failure ??= new FirstreadError('object-too-large', undefined, { objectBytesMax });
      if (failure !== undefined) return;
      const waiting = gather(fragment);
      if (waiting === undefined) return;
      callerWaits = true;
      return waiting.finally(() => {
        callerWaits = false;
      });
    },

    fail(error) {
      failure ??= error;
    },

    async flush() {
      while (underway !== undefined) await underway;
      if (failure === undefined) sendChunk(true);
      while (underway !== undefined) await underway;
      if (failure !== undefined) throw asStorageFailure(failure);
      return hash.digest('hex');
    },

    head: () => headChunk!.subarray(fileMeta.byteLength, headEnd),

    reread: (lengthMax) => fileSystem.read(path, fileMeta.byteLength, lengthMax),

    async sync() {
      assert(file !== undefined && underway === undefined, 'flushed before it is synced');
      underway = advance(async () => {
        await earlySync;
        if (failure !== undefined) return;
        await file!.sync();
        const closing = file!;
        file = undefined;
        await closing.close();
      });
      await underway;
      if (failure !== undefined) throw asStorageFailure(failure);
    },

    async release() {
      if (released) return;
      released = true;
      failure ??= new Error('released');
      while (underway !== undefined) await underway;
      await earlySync;
      await file?.close().catch(() => {});
      file = undefined;
      if (headChunk !== undefined) chunks.giveBack(headChunk);
      if (filling !== EMPTY) chunks.giveBack(filling);
    },
  };
}

const EMPTY = new Uint8Array(0);

/** What the file system threw, as an entry of the catalogue: full disks are worth a try later, so are broken ones. */
export function asStorageFailure(error: unknown): FirstreadError {
  if (error instanceof FirstreadError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new FirstreadError(full ? 'storage-full' : 'storage-failed', undefined, { code }, error);
}
