/** A thread that hashes: what hash-threads.ts starts. Messages and answers are the types below; nothing else is here. */
import { type Hash, createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

export type HashRequest =
  | { readonly kind: 'update'; readonly stream: number; readonly memory: SharedArrayBuffer; readonly offset: number; readonly byteLength: number }
  | { readonly kind: 'digest' | 'drop'; readonly stream: number };

/** One for each update and digest, in order: `digest` is set for the latter. */
export interface HashAnswer {
  readonly stream: number;
  readonly digest?: string;
}

const streams = new Map<number, Hash>();

parentPort!.on('message', (request: HashRequest) => {
  const { stream } = request;
  let hash = streams.get(stream);
  if (hash === undefined) {
    hash = createHash('sha256');
    streams.set(stream, hash);
  }
  if (request.kind === 'update') {
    hash.update(new Uint8Array(request.memory, request.offset, request.byteLength));
    parentPort!.postMessage({ stream } satisfies HashAnswer);
    return;
  }
  streams.delete(stream);
  if (request.kind === 'digest') parentPort!.postMessage({ stream, digest: hash.digest('hex') } satisfies HashAnswer);
});
