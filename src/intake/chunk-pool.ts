/**
 * Write buffers of one size, used again: PDVs of a few kB are gathered into writes worth a system call, and fresh
 * pages are not faulted in for every object.
 */
export interface ChunkPool {
  readonly chunkBytes: number;
  take(): Uint8Array;
  giveBack(chunk: Uint8Array): void;
}

/** 256 kB: at three per object (head, filling, being written) 64 associations hold 48 MB; larger writes gain nothing. */
export const CHUNK_BYTES = 256 * 1024;
/** Idle buffers kept for the next object: 8 MB. */
const IDLE_CHUNK_COUNT_MAX = 32;

export function createChunkPool(chunkBytes: number, idleCountMax = IDLE_CHUNK_COUNT_MAX): ChunkPool {
  const idle: Uint8Array[] = [];
  return {
    chunkBytes,
    take: () => idle.pop() ?? Buffer.allocUnsafeSlow(chunkBytes),
    giveBack(chunk) {
      if (idle.length < idleCountMax) idle.push(chunk);
    },
  };
}
