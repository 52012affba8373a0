/**
 * The body of one decoding thread: takes bytes, answers with a picture or a coded failure, one at a time. It holds no
 * native add-on, so that the pool may kill it in the middle of a decode.
 */
import { parentPort } from 'node:worker_threads';
import { FirstreadError } from '../errors.ts';
import { decodeInstance, type DecodedInstance, type DecodeOptions } from './decode-frame.ts';

export interface DecodeRequest {
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
}

export type DecodeReply =
  | { readonly ok: true; readonly decoded: DecodedInstance }
  | { readonly ok: false; readonly code: FirstreadError['code']; readonly message: string; readonly details: FirstreadError['details'] };

async function answer({ bytes, options }: DecodeRequest): Promise<DecodeReply> {
  try {
    return { ok: true, decoded: await decodeInstance(bytes, options) };
  } catch (error) {
    if (error instanceof FirstreadError) return { ok: false, code: error.code, message: error.message, details: error.details };
    // Out of memory inside a codec and the like: the picture is to blame, not the thread.
    return { ok: false, code: 'pixels-damaged', message: `decoding failed: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`, details: {} };
  }
}

parentPort?.on('message', (request: DecodeRequest) => {
  void answer(request).then((reply) => {
    const buffers = reply.ok ? [reply.decoded.image.pixels.buffer, ...(reply.decoded.stored === undefined ? [] : [reply.decoded.stored.values.buffer])] : [];
    parentPort!.postMessage(reply, [...new Set(buffers)] as ArrayBuffer[]);
  });
});
