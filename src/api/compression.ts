/**
 * Texts on their way out, gzipped where the browser takes it: the page's modules and the list's JSON shrink to a fifth,
 * which a hospital on a slow line feels. Leaves out pictures and DICOM (compressed already), parts of a file, the live
 * feed, and answers too short to matter. No answer carries a secret beside what somebody else may write into it.
 */
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

const zip = promisify(gzip);
const TEXT = /^(text\/(html|css|javascript|markdown|csv|plain)|application\/(javascript|json|wasm)|image\/svg\+xml)/;
const SMALLEST_BYTES = 1_000;
/** Answers are made while somebody waits. */
const LEVEL = 5;

export function compressTexts(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (reply.statusCode !== 200 || !TEXT.test(type) || reply.hasHeader('content-encoding')) return payload;
    reply.header('vary', 'accept-encoding');
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return payload;
    if (typeof payload === 'string') {
      if (payload.length < SMALLEST_BYTES) return payload;
      reply.header('content-encoding', 'gzip').removeHeader('content-length');
      return zip(payload, { level: LEVEL });
    }
    if (payload === null || typeof (payload as Readable).pipe !== 'function') return payload;
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    const packed = createGzip({ level: LEVEL });
    (payload as Readable).on('error', (error) => packed.destroy(error)).pipe(packed);
    return packed;
  });
}
