/**
 * The spool: Part 10 files named by hash, byte for byte what was sent. One of the two truths (the registry is the
 * other): what is in it under its final name is whole and durable.
 *
 *   incoming/<random>.part   being received; whatever lies here at start is a torso and is removed
 *   instances/ab/<fileKey>.dcm, reports/ab/<fileKey>.dcm
 *
 * Order that makes it so: write → fsync(file) → rename → fsync(directory). All folders are made, and made durable,
 * when the spool opens: a folder seen here is never one whose own name could still vanish in a power cut.
 * One process (the hub) writes; any may read.
 */
import { createHash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { CHUNK_BYTES, createChunkPool } from './chunk-pool.ts';
import { FAN_OUT, dataSetOffsetOf, isFileKey, relativePathOf } from './file-key.ts';
import { type SpoolFileSystem, realFileSystem } from './spool-file-system.ts';
import { type SpoolWriter, asStorageFailure, createSpoolWriter } from './spool-writer.ts';

export type SpoolFolder = 'instances' | 'reports';

export interface SpoolLimits {
  /** A whole object's data set. */
  readonly objectBytesMax: number;
  readonly chunkBytes: number;
  /** While an object still comes, what has come is synced every so many bytes, beside the receiving. */
  readonly earlySyncBytes: number;
}

export const SPOOL_LIMITS: SpoolLimits = {
  /** 2 GiB: the largest projection radiographs are under 100 MB; cine and tomosynthesis reach 1–2 GB. */
  objectBytesMax: 2 * 1024 ** 3,
  chunkBytes: CHUNK_BYTES,
  /** 8 MiB: half of a film is on the disk when its last byte comes, and 64 associations leave the kernel no gigabytes to write at once. Smaller ones cost more syncs than they save. */
  earlySyncBytes: 8 * 1024 ** 2,
};

export interface Spool {
  readonly root: string;
  /** Starts an incoming object with its preamble and file meta. */
  begin(fileMeta: Uint8Array): SpoolWriter;
  /**
   * Steps about one key take turns: objects that arrive twice at once, and retention. Whoever keeps, removes or counts on
   * a file does so inside; "it is there" must still hold when the registry has been told.
   */
  exclusively<T>(fileKey: string, step: () => Promise<T>): Promise<T>;
  /**
   * Gives a synced object its final name, durably; inside `exclusively`. `already-there`: an equal object was kept before
   * (its bytes were read and hashed again; a damaged one is replaced), the new file is dropped.
   */
  keep(writer: SpoolWriter, fileKey: string, contentSha256: string): Promise<'kept' | 'already-there'>;
  /** Forgets an incoming object. Never rejects. */
  discard(writer: SpoolWriter): Promise<void>;
  /** Our own objects (reports): whole in memory, replaced when the key exists. Durable when it resolves. */
  put(folder: SpoolFolder, fileKey: string, bytes: Uint8Array): Promise<void>;
  /** Absolute path, for readers on the same machine. Rejects (throws) strings that are not file keys. */
  path(folder: SpoolFolder, fileKey: string): string;
  read(folder: SpoolFolder, fileKey: string, offset?: number, lengthMax?: number): Promise<Uint8Array>;
  /** The file in pieces of `chunkBytes`, from `offset`: for sending large objects. */
  stream(folder: SpoolFolder, fileKey: string, offset?: number): AsyncGenerator<Uint8Array>;
  /** Of the whole file. */
  byteLength(folder: SpoolFolder, fileKey: string): Promise<number>;
  /** SHA-256 of the data set as it lies there now; undefined when the file is absent. */
  contentHash(folder: SpoolFolder, fileKey: string): Promise<string | undefined>;
  /** Inside `exclusively`. */
  remove(folder: SpoolFolder, fileKey: string): Promise<void>;
  /** Every file of a folder, one fan-out folder at a time. */
  keys(folder: SpoolFolder): AsyncGenerator<{ readonly fileKey: string; readonly modifiedAtMs: number }>;
  /** Makes sure that a name which is visible is also durable (after a kill between rename and fsync). */
  syncName(folder: SpoolFolder, fileKey: string): Promise<void>;
}

export async function createSpool(
  root: string,
  fileSystem: SpoolFileSystem = realFileSystem,
  limits: SpoolLimits = SPOOL_LIMITS,
): Promise<Spool> {
  const incoming = join(root, 'incoming');
  await makeFolders(root, incoming, fileSystem);
  for (const name of await fileSystem.list(incoming)) {
    if (name.endsWith('.part')) await fileSystem.remove(join(incoming, name));
  }

  const chunks = createChunkPool(limits.chunkBytes);
  const turns = new Map<string, Promise<void>>();

  const pathOf = (folder: SpoolFolder, fileKey: string): string => {
    if (!isFileKey(fileKey)) throw new FirstreadError('instance-missing', 'not a file key');
    return join(root, folder, relativePathOf(fileKey));
  };

  /** The name must survive, or nobody may believe that it does: a name whose directory could not be synced is taken back. */
  async function nameDurably(from: string, to: string): Promise<void> {
    await fileSystem.rename(from, to);
    try {
      await fileSystem.syncDirectory(dirname(to));
    } catch (error) {
      await fileSystem.remove(to).catch(() => {});
      throw error;
    }
  }

  const spool: Spool = {
    root,

    begin: (fileMeta) => createSpoolWriter(fileSystem, join(incoming, `${randomUUID()}.part`), fileMeta, chunks, limits),

    exclusively(fileKey, step) {
      const mine = (turns.get(fileKey) ?? Promise.resolve()).then(step);
      const settled = mine.then(
        () => {},
        () => {},
      );
      turns.set(fileKey, settled);
      void settled.then(() => {
        if (turns.get(fileKey) === settled) turns.delete(fileKey);
      });
      return mine;
    },

    async keep(writer, fileKey, contentSha256) {
      try {
        const path = pathOf('instances', fileKey);
        const there = await spool.contentHash('instances', fileKey).catch(() => 'unreadable');
        if (there === contentSha256) {
          // It may have been renamed by a process that was killed before its fsync of the directory.
          await fileSystem.syncDirectory(dirname(path));
          await fileSystem.remove(writer.path).catch(() => {});
          return 'already-there';
        }
        if (there === undefined) await nameDurably(writer.path, path);
        else {
          // A damaged file gives way to a sound one; it is not taken back if the sync fails, for it may be registered.
          await fileSystem.rename(writer.path, path);
          await fileSystem.syncDirectory(dirname(path));
        }
        return 'kept';
      } catch (error) {
        throw asStorageFailure(error);
      }
    },

    async discard(writer) {
      await writer.release();
      await fileSystem.remove(writer.path).catch(() => {});
    },

    async put(folder, fileKey, bytes) {
      const path = pathOf(folder, fileKey);
      const part = join(incoming, `${randomUUID()}.part`);
      try {
        const file = await fileSystem.create(part);
        try {
          await file.append(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await spool.exclusively(fileKey, async () => {
          await fileSystem.rename(part, path);
          await fileSystem.syncDirectory(dirname(path));
        });
      } catch (error) {
        await fileSystem.remove(part).catch(() => {});
        throw asStorageFailure(error);
      }
    },

    path: pathOf,

    async read(folder, fileKey, offset = 0, lengthMax = Number.MAX_SAFE_INTEGER) {
      return fileSystem.read(pathOf(folder, fileKey), offset, lengthMax).catch((error: unknown) => {
        throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new FirstreadError('instance-missing', undefined, { fileKey }) : asStorageFailure(error);
      });
    },

    async *stream(folder, fileKey, offset = 0) {
      for (let at = offset; ; ) {
        const piece = await spool.read(folder, fileKey, at, limits.chunkBytes);
        if (piece.byteLength > 0) yield piece;
        if (piece.byteLength < limits.chunkBytes) return;
        at += piece.byteLength;
      }
    },

    async byteLength(folder, fileKey) {
      const facts = await fileSystem.facts(pathOf(folder, fileKey));
      if (facts === undefined) throw new FirstreadError('instance-missing', undefined, { fileKey });
      return facts.byteLength;
    },

    async contentHash(folder, fileKey) {
      if ((await fileSystem.facts(pathOf(folder, fileKey))) === undefined) return undefined;
      const hash = createHash('sha256');
      let skip: number | undefined;
      for await (const piece of spool.stream(folder, fileKey)) {
        skip ??= dataSetOffsetOf(piece);
        hash.update(piece.subarray(Math.min(skip, piece.byteLength)));
        skip = 0;
      }
      return hash.digest('hex');
    },

    remove: (folder, fileKey) => fileSystem.remove(pathOf(folder, fileKey)),

    async *keys(folder) {
      for (const fan of FAN_OUT) {
        for (const name of await fileSystem.list(join(root, folder, fan))) {
          const fileKey = name.slice(0, -'.dcm'.length);
          if (!name.endsWith('.dcm') || !isFileKey(fileKey)) continue;
          const facts = await fileSystem.facts(join(root, folder, fan, name));
          if (facts !== undefined) yield { fileKey, modifiedAtMs: facts.modifiedAtMs };
        }
      }
    },

    async syncName(folder, fileKey) {
      await fileSystem.syncDirectory(dirname(pathOf(folder, fileKey))).catch((error: unknown) => {
        throw asStorageFailure(error);
      });
    },
  };
  return spool;
}

async function makeFolders(root: string, incoming: string, fileSystem: SpoolFileSystem): Promise<void> {
  await makeRoot(root, fileSystem);
  await fileSystem.makeDirectory(incoming);
  for (const folder of ['instances', 'reports'] as const) {
    const path = join(root, folder);
    await fileSystem.makeDirectory(path);
    const there = new Set(await fileSystem.list(path));
    await Promise.all(FAN_OUT.filter((fan) => !there.has(fan)).map((fan) => fileSystem.makeDirectory(join(path, fan))));
    // Also when nothing was missing: a process killed between mkdir and fsync leaves folders visible but not durable.
    await fileSystem.syncDirectory(path);
  }
  await fileSystem.syncDirectory(root);
}

/** The root and its missing parents, each durable in its own parent. */
async function makeRoot(path: string, fileSystem: SpoolFileSystem): Promise<void> {
  const parent = dirname(path);
  if ((await fileSystem.facts(path)) === undefined) {
    if (parent !== path) await makeRoot(parent, fileSystem);
    await fileSystem.makeDirectory(path);
  }
  if (parent !== path) await fileSystem.syncDirectory(parent);
}
