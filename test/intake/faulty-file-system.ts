/**
 * A disk in memory that can fail and lose power. Files and directories each have a durable side (what a power cut
 * leaves) and a visible side (what the process sees). What was not synced is, after the cut, any mixture: bytes may be
 * a prefix or absent, each new or removed name may or may not have reached the disk, independently of the others.
 * Harsher than ext4 on purpose. A sync that failed has dropped what it was to write, as kernels do: the next one says
 * "fine" and has not written it.
 */
import { dirname } from 'node:path';
import type { SpoolFile, SpoolFileSystem } from '../../src/intake/spool-file-system.ts';

export type Operation = 'create' | 'append' | 'sync' | 'rename' | 'remove' | 'makeDirectory' | 'syncDirectory' | 'list' | 'facts' | 'read';
/** Operations that change the disk or make changes durable. */
export const MUTATIONS: ReadonlySet<Operation> = new Set(['create', 'append', 'sync', 'rename', 'makeDirectory', 'syncDirectory']);

interface Inode {
  visible: Buffer;
  durable: Buffer | undefined;
  /** A sync of it has failed: no later one helps. */
  isDropped?: boolean;
}
type Entry = Inode | Directory;
interface Directory {
  readonly visible: Map<string, Entry>;
  durable: Map<string, Entry>;
  /** Names whose sync has failed, and what they stood for. */
  dropped?: Map<string, Entry>;
}

export interface FaultyFileSystem extends SpoolFileSystem {
  /** Every operation in order, e.g. for counting fsyncs. */
  readonly journal: readonly { readonly operation: Operation; readonly path: string }[];
  /** Throws from it are the operation's failure; called before the operation takes effect. */
  before: (operation: Operation, path: string, index: number) => void | Promise<void>;
  /** What is left after the power came back; `random` decides about everything that was not synced. */
  afterPowerCut(random: () => number): FaultyFileSystem;
}

/** Thrown from `before` by a process that is no more: its operation was never asked for. */
export const KILLED = 'KILLED';

export function errnoError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const isDirectory = (entry: Entry | undefined): entry is Directory => entry !== undefined && entry.visible instanceof Map;

export function createFaultyFileSystem(root: Directory = { visible: new Map(), durable: new Map() }): FaultyFileSystem {
  const journal: { operation: Operation; path: string }[] = [];

  async function step(operation: Operation, path: string): Promise<void> {
    journal.push({ operation, path });
    await fileSystem.before(operation, path, journal.length);
    // A turn of the event loop, as real I/O has: races become possible.
    await new Promise((resolve) => setImmediate(resolve));
  }

  function find(path: string): Entry | undefined {
    let entry: Entry | undefined = root;
    for (const part of path.split('/').filter(Boolean)) entry = isDirectory(entry) ? entry.visible.get(part) : undefined;
    return entry;
  }
  function directory(path: string): Directory {
    const found = find(path);
    if (!isDirectory(found)) throw errnoError('ENOENT');
    return found;
  }
  function file(path: string): Inode {
    const found = find(path);
    if (found === undefined || isDirectory(found)) throw errnoError('ENOENT');
    return found;
  }
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

  const fileSystem: FaultyFileSystem = {
    journal,
    before: () => {},

    async create(path): Promise<SpoolFile> {
      await step('create', path);
      const parent = directory(dirname(path));
      if (parent.visible.has(nameOf(path))) throw errnoError('EEXIST');
      const inode: Inode = { visible: Buffer.alloc(0), durable: undefined };
      parent.visible.set(nameOf(path), inode);
      return {
        async append(bytes) {
          const copy = Buffer.from(bytes);
          await step('append', path);
          // Copied again after the wait: a caller that reuses the buffer too early shows as other bytes.
          if (!copy.equals(bytes)) throw new Error('the buffer changed while it was being written');
          inode.visible = Buffer.concat([inode.visible, bytes]);
        },
        async sync() {
          // What is appended while it runs is not promised.
          const asked = inode.visible;
          await step('sync', path).catch((error: NodeJS.ErrnoException) => {
            inode.isDropped = error.code !== KILLED;
            throw error;
          });
          if (!inode.isDropped) inode.durable = asked;
        },
        close: async () => {},
      };
    },
    async rename(from, to) {
      await step('rename', to);
      const inode = file(from);
      directory(dirname(from)).visible.delete(nameOf(from));
      directory(dirname(to)).visible.set(nameOf(to), inode);
    },
    async remove(path) {
      await step('remove', path);
      directory(dirname(path)).visible.delete(nameOf(path));
    },
    async makeDirectory(path) {
      await step('makeDirectory', path);
      const parent = directory(dirname(path));
      if (!parent.visible.has(nameOf(path))) parent.visible.set(nameOf(path), { visible: new Map(), durable: new Map() });
    },
    async syncDirectory(path) {
      const found = directory(path);
      await step('syncDirectory', path).catch((error: NodeJS.ErrnoException) => {
        found.dropped ??= new Map();
        if (error.code !== KILLED) for (const [name, entry] of found.visible) if (found.durable.get(name) !== entry) found.dropped.set(name, entry);
        throw error;
      });
      const written = [...found.visible].filter(([name, entry]) => found.dropped?.get(name) !== entry);
      const kept = [...found.durable].filter(([name]) => found.dropped?.get(name) !== undefined && found.dropped.get(name) === found.visible.get(name));
      found.durable = new Map([...kept, ...written]);
    },
    async list(path) {
      await step('list', path);
      return [...directory(path).visible.keys()];
    },
    async facts(path) {
      await step('facts', path);
      const found = find(path);
      if (found === undefined) return undefined;
      return { byteLength: isDirectory(found) ? 0 : found.visible.byteLength, modifiedAtMs: 0 };
    },
    async read(path, offset, lengthMax) {
      await step('read', path);
      return new Uint8Array(file(path).visible.subarray(offset, offset + lengthMax));
    },

    afterPowerCut(random) {
      const cut = (entry: Entry): Entry => {
        if (!isDirectory(entry)) {
          // Not synced: a prefix, or as many zeroes (length reached the disk, data did not), or nothing.
          const length = Math.floor(random() * (entry.visible.byteLength + 1));
          const left = entry.durable ?? (random() < 0.5 ? entry.visible.subarray(0, length) : Buffer.alloc(length));
          return { visible: Buffer.from(left), durable: Buffer.from(left) };
        }
        const left = new Map<string, Entry>();
        for (const name of new Set([...entry.visible.keys(), ...entry.durable.keys()])) {
          const was = entry.durable.get(name);
          const is = entry.visible.get(name);
          const survivor = was === is || random() < 0.5 ? was : is;
          if (survivor !== undefined) left.set(name, cut(survivor));
        }
        return { visible: left, durable: new Map(left) };
      };
      return createFaultyFileSystem(cut(root) as Directory);
    },
  };
  return fileSystem;
}
