/**
 * A folder as a destination: whole Part 10 files under names that are hashes, atomically (write, fsync, rename, fsync
 * of the folder), so that whoever watches the folder never reads half a file. The same object makes the same name:
 * sending twice is sending once. The folder itself is never created: a share that is not mounted would otherwise be
 * filled on the local disk.
 */
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';
import type { Destination, DeliverySession, DeliverySource, DueDelivery, SendOutcome, Unreachable } from './destination.ts';
import { folderOf, unreadableObject } from './stored-object.ts';

export interface FolderDestinationOptions {
  readonly name: string;
  readonly path: string;
  readonly source: DeliverySource;
}

/** What only a person can change; everything else (not mounted, full, I/O error) may pass. */
const PERMANENT_ERRORS: { readonly [code: string]: string } = {
  EACCES: 'may not write there: change its permissions',
  EPERM: 'may not write there: change its permissions',
  EROFS: 'is read-only: mount it for writing',
  ENOTDIR: 'is not a folder: change "path"',
};
const PASSING_ERRORS: { readonly [code: string]: string } = {
  ENOENT: 'is not there: is the share mounted?',
  ENOSPC: 'is full',
};

export function createFolderDestination({ name, path, source }: FolderDestinationOptions): Destination {
  async function send(delivery: DueDelivery): Promise<SendOutcome> {
    try {
      await writeAtomically(path, delivery, source);
      return { kind: 'sent' };
    } catch (error) {
      if (error instanceof FirstreadError) return { kind: 'refused', ...unreadableObject(error) };
      return { kind: 'refused', ...folderError(error) };
    }
  }

  return {
    name,
    async open(): Promise<DeliverySession | Unreachable> {
      try {
        await readdir(path);
      } catch (error) {
        return { kind: 'unreachable', ...folderError(error) };
      }
      return { kind: 'open', send, close: async () => {} };
    },
  };
}

async function writeAtomically(path: string, { subject, fileKey }: DueDelivery, source: DeliverySource): Promise<void> {
  // A name of its own per object: a torso left by a crash is overwritten by the next try.
  const part = join(path, `.${fileKey}.part`);
  try {
    const file = await open(part, 'w', 0o640);
    try {
      for await (const piece of source.stream(folderOf(subject), fileKey)) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, join(path, `${fileKey}.dcm`));
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(path);
}

/** Makes the name durable; some network shares cannot sync a folder and say so (EINVAL), which is as good as it gets. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await folder.close();
  }
}

function folderError(error: unknown): { permanent: boolean; code: string; text: string } {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const permanent = PERMANENT_ERRORS[code];
  return { permanent: permanent !== undefined, code, text: `the folder ${permanent ?? PASSING_ERRORS[code] ?? `cannot be written (${code})`}` };
}
