/**
 * PORT: the few file operations on which "nothing acknowledged is lost" rests. Two adapters: the real one below, and a
 * faulty one for tests (test/intake/faulty-file-system.ts) that fails the Nth operation or cuts the power.
 *
 * What each promises: after `file.sync()` resolves, the bytes written so far survive a power cut; after
 * `syncDirectory()` resolves, so do the names in that directory. `rename` within one file system is atomic but not
 * durable by itself. A failed sync is never tried again on the same file: the kernel may have dropped the pages and
 * would then answer "fine" (the file is thrown away instead).
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';

export interface SpoolFile {
  /** Appends all of the bytes or rejects. */
  append(bytes: Uint8Array): Promise<void>;
  /** May be asked while `append` is under way: what was appended before the call is then durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileFacts {
  readonly byteLength: number;
  readonly modifiedAtMs: number;
}

export interface SpoolFileSystem {
  /** A new empty file; rejects when the name exists. */
  create(path: string): Promise<SpoolFile>;
  rename(from: string, to: string): Promise<void>;
  /** Resolves also when the file is not there. */
  remove(path: string): Promise<void>;
  /** One level; its parent exists. Resolves also when it is there already. Durable after the parent is synced. */
  makeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  facts(path: string): Promise<FileFacts | undefined>;
  /** Up to `lengthMax` bytes from `offset`; fewer only at the end of the file. Rejects when it is not there. */
  read(path: string, offset: number, lengthMax: number): Promise<Uint8Array>;
}

export const realFileSystem: SpoolFileSystem = {
  async create(path) {
    const handle = await open(path, 'wx', 0o600);
    return {
      async append(bytes) {
        // write(2) may take fewer bytes than offered (disk nearly full, signals): go on until all are in.
        for (let offset = 0; offset < bytes.byteLength; ) {
          const { bytesWritten } = await handle.write(bytes, offset, bytes.byteLength - offset, null);
          if (bytesWritten === 0) throw Object.assign(new Error('write took no bytes'), { code: 'EIO' });
          offset += bytesWritten;
        }
      },
      // fdatasync also makes the length durable; only timestamps are left out.
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },

  rename,

  async remove(path) {
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  },

  async makeDirectory(path) {
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  },

  async syncDirectory(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      // Nothing was written through it: its closing need not be waited for.
      handle.close().catch(() => {});
    }
  },

  list: (path) => readdir(path),

  async facts(path) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return found === undefined ? undefined : { byteLength: found.size, modifiedAtMs: found.mtimeMs };
  },

  async read(path, offset, lengthMax) {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(lengthMax, size - offset)));
      let filled = 0;
      while (filled < bytes.byteLength) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await handle.close();
    }
  },
};
