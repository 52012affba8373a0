/**
 * PORT: SHA-256 of an object's bytes while they stream by. Two adapters: on the calling thread (below), and on threads
 * of their own (hash-threads.ts), because at 0.6 ms/MB hashing would take more of the receiving thread than receiving.
 */
import { createHash } from 'node:crypto';

export interface ContentHash {
  /** `bytes` may not change until the promise resolves. Rejects when the hash cannot be computed any more. */
  update(bytes: Uint8Array): Promise<void> | void;
  /** 64 hex digits. Not to be called twice. */
  digest(): Promise<string>;
  /** The object is given up. */
  drop(): void;
}

export interface ContentHasher {
  begin(): ContentHash;
  /** Memory that `update` takes without copying. */
  allocate(byteLength: number): Uint8Array;
  close(): Promise<void>;
}

export const hashHere: ContentHasher = {
  begin() {
    const hash = createHash('sha256');
    return {
      update(bytes) {
        hash.update(bytes);
      },
      digest: async () => hash.digest('hex'),
      drop: () => {},
    };
  },
  allocate: (byteLength) => Buffer.allocUnsafeSlow(byteLength),
  close: async () => {},
};
