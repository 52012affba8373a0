/**
 * Instance source on the same machine, or on a shared mount: reads the spool, writes previews. Reads only what is under
 * its final name, which the spool promises to be whole.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FirstreadError } from '../errors.ts';
import type { InstanceSource } from './instance-source.ts';

const FILE_KEY = /^[0-9a-f]{64}$/;

export interface FileSourceOptions {
  /** The spool's root: instances lie in instances/ab/<fileKey>.dcm. */
  readonly spool: string;
  /** Previews are written to ab/<fileKey>.jpg below it. */
  readonly previews: string;
  readonly instanceBytesMax: number;
}

/** Larger objects are cine or tomosynthesis; a projection radiograph has at most about 100 MB. */
export const INSTANCE_BYTES_MAX = 512 * 1024 * 1024;

export function createFileSource({ spool, previews, instanceBytesMax }: FileSourceOptions): InstanceSource {
  return {
    async fetch(fileKey, signal) {
      const path = join(spool, 'instances', fanOut(fileKey), `${fileKey}.dcm`);
      const file = await open(path, 'r').catch((error: unknown) => {
        throw new FirstreadError('instance-missing', undefined, { fileKey, reason: codeOf(error) });
      });
      try {
        const { size } = await file.stat();
        if (size > instanceBytesMax) throw new FirstreadError('pixels-over-limit', 'the stored object is larger than a worker reads', { byteLength: size, limit: instanceBytesMax });
        signal.throwIfAborted();
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
    async putPreview(fileKey, jpeg) {
      const path = join(previews, fanOut(fileKey), `${fileKey}.jpg`);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // A reader never sees half a picture. Not synced: it can be made again.
      const part = `${path}.${randomUUID()}.part`;
      try {
        await writeFile(part, jpeg, { mode: 0o600 });
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
  };
}

/** A key from a queue is data from elsewhere: it becomes a path only when it is 64 hex digits. */
function fanOut(fileKey: string): string {
  if (!FILE_KEY.test(fileKey)) throw new FirstreadError('instance-missing', 'not a file key');
  return fileKey.slice(0, 2);
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? 'unknown');
