import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderDestination } from '../../src/delivery/folder-destination.ts';
import type { DeliverySession, DeliverySource, DueDelivery } from '../../src/delivery/destination.ts';
import { FirstreadError } from '../../src/errors.ts';

const FILE_KEY = 'ab'.repeat(32);
const DELIVERY: DueDelivery = { id: 1, destination: 'folder', subject: 'report', fileKey: FILE_KEY, attempts: 0 };
const NEVER = new AbortController().signal;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firstread-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Pieces of a file; a piece that is an error is thrown. */
function source(pieces: readonly (string | Error)[]): DeliverySource {
  return {
    read: () => Promise.reject(new Error('not used')),
    async *stream() {
      for (const piece of pieces) {
        if (piece instanceof Error) throw piece;
        yield Buffer.from(piece);
      }
    },
  };
}

async function session(from: DeliverySource, path = folder): Promise<DeliverySession> {
  const opened = await createFolderDestination({ name: 'folder', path, source: from }).open([DELIVERY], NEVER);
  if (opened.kind !== 'open') throw new Error(opened.text);
  return opened;
}

const NOBODY = 65534;

describe('a folder as destination', () => {
  it('gets whole files under hashed names, and nothing else', async () => {
    expect(await (await session(source(['one ', 'two']))).send(DELIVERY)).toEqual({ kind: 'sent' });
    expect(readdirSync(folder)).toEqual([`${FILE_KEY}.dcm`]);
    expect(readFileSync(join(folder, `${FILE_KEY}.dcm`), 'utf8')).toBe('one two');
  });

  it('twice is once, also over the torso of a crash', async () => {
    writeFileSync(join(folder, `.${FILE_KEY}.part`), 'a longer torso of a crashed attempt');
    const open = await session(source(['whole']));
    await open.send(DELIVERY);
    await open.send(DELIVERY);
    expect(readdirSync(folder)).toEqual([`${FILE_KEY}.dcm`]);
    expect(readFileSync(join(folder, `${FILE_KEY}.dcm`), 'utf8')).toBe('whole');
  });

  it('leaves nothing behind when our own file fails in the middle', async () => {
    const gone = new FirstreadError('instance-missing');
    expect(await (await session(source(['half', gone]))).send(DELIVERY)).toMatchObject({ kind: 'refused', permanent: true, code: 'instance-missing' });
    const passing = new FirstreadError('storage-failed');
    expect(await (await session(source(['half', passing]))).send(DELIVERY)).toMatchObject({ kind: 'refused', permanent: false });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is never created: a share that is not mounted is waited for', async () => {
    const path = join(folder, 'share');
    const destination = createFolderDestination({ name: 'folder', path, source: source(['x']) });
    expect(await destination.open([DELIVERY], NEVER)).toMatchObject({ kind: 'unreachable', permanent: false, code: 'ENOENT', text: expect.stringContaining('mounted') });
    mkdirSync(path);
    expect((await destination.open([DELIVERY], NEVER)).kind).toBe('open');
  });

  it('that is a file fails for good, saying what to change', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    const opened = await createFolderDestination({ name: 'folder', path, source: source([]) }).open([DELIVERY], NEVER);
    expect(opened).toMatchObject({ kind: 'unreachable', permanent: true, text: expect.stringContaining('"path"') });
  });

  it('without permission fails for good', async () => {
    chmodSync(folder, 0o555);
    // Root may write everywhere: as root, be nobody for a moment.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      expect(await (await session(source(['x']))).send(DELIVERY)).toMatchObject({ kind: 'refused', permanent: true, text: expect.stringContaining('permissions') });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
