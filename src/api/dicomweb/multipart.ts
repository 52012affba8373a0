/**
 * multipart/related (RFC 2387, PS3.18 8.6.1.2) as a stream: parts are opened one after the other, and none is ever whole
 * in memory. The length is known before the first byte where every part's length is.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

export interface Part {
  readonly contentType: string;
  readonly contentLocation?: string;
  /** Undefined: known only when the part is made. */
  readonly byteLength?: number;
  open(): Promise<Uint8Array | Readable> | Uint8Array | Readable;
}

export interface Multipart {
  readonly contentType: string;
  readonly byteLength: number | undefined;
  readonly stream: Readable;
}

export function multipart(parts: readonly Part[], rootType: string): Multipart {
  const boundary = `firstread-${randomBytes(16).toString('hex')}`;
  const head = ({ contentType, contentLocation, byteLength }: Part): Buffer =>
    Buffer.from([
      `--${boundary}`,
      `Content-Type: ${contentType}`,
      ...(byteLength === undefined ? [] : [`Content-Length: ${byteLength}`]),
      ...(contentLocation === undefined ? [] : [`Content-Location: ${contentLocation}`]),
      '', '',
    ].join('\r\n'));
  const tail = Buffer.from(`--${boundary}--\r\n`);
  const end = Buffer.from('\r\n');

  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      yield head(part);
      const body = await part.open();
      if (body instanceof Readable) {
        try {
          for await (const chunk of body) yield chunk as Uint8Array;
        } finally {
          body.destroy();
          await finished(body).catch(() => {});
        }
      } else yield body;
      yield end;
    }
    yield tail;
  }

  const known = parts.every(({ byteLength }) => byteLength !== undefined);
  return {
    contentType: `multipart/related; type="${rootType}"; boundary=${boundary}`,
    byteLength: known ? parts.reduce((sum, part) => sum + head(part).length + part.byteLength! + end.length, tail.length) : undefined,
    stream: Readable.from(bytes(), { objectMode: false, highWaterMark: 256 * 1024 }),
  };
}
