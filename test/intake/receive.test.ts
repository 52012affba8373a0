import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPart10 } from '../../src/dicom/part10.ts';
import { OPEN_ADMISSION } from '../../src/intake/admission.ts';
import { fileKeyOf } from '../../src/intake/file-key.ts';
import { createStoreSink } from '../../src/intake/receive.ts';
import { type SpoolFileSystem, realFileSystem } from '../../src/intake/spool-file-system.ts';
import { errnoError } from './faulty-file-system.ts';
import { MemoryRegistrar, ROOMY, openBench, sendObject } from './intake-bench.ts';
import { CR_IMAGE, EXPLICIT_LE, element, sampleDataSet, storeRequest } from './sample-object.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'firstread-spool-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
async function filesUnder(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('an object that is fine', () => {
  for (const pixelBytes of [2, 5_000, 262_144, 3_000_000]) {
    for (const fragmentBytes of [997, 16_372, 300_000]) {
      test(`${pixelBytes} bytes of pixels in fragments of ${fragmentBytes} lie in the spool byte for byte`, async () => {
        const { sink, spool, registrar } = await openBench(root, undefined);
        const dataSet = sampleDataSet({ pixelBytes });
        expect(await sendObject(sink, dataSet, storeRequest(), fragmentBytes)).toEqual({ status: 0x0000 });

        const contentSha256 = sha256(dataSet);
        const fileKey = fileKeyOf('1.2.3.4', EXPLICIT_LE, contentSha256);
        const file = await readFile(join(root, 'instances', fileKey.slice(0, 2), `${fileKey}.dcm`));
        const part10 = readPart10(file);
        expect(part10.meta).toMatchObject({ transferSyntaxUid: EXPLICIT_LE, sopClassUid: CR_IMAGE, sopInstanceUid: '1.2.3.4' });
        expect(file.subarray(part10.dataSetOffset).equals(dataSet)).toBe(true);
        expect(await spool.contentHash('instances', fileKey)).toBe(contentSha256);
        expect([...registrar.rows.values()]).toMatchObject([
          { contentSha256, fileKey, byteLength: dataSet.byteLength, origin: { callingAeTitle: 'XRAY1', remoteAddress: '10.0.0.7' }, header: { studyInstanceUid: '1.2.3', sopInstanceUid: '1.2.3.4', modality: 'CR' } },
        ]);
        expect(await filesUnder(root)).toHaveLength(1);
      });
    }
  }

  test('the same file 100 times, 32 at once: one file, every answer is success', async () => {
    const { sink, registrar, outcomes } = await openBench(root, undefined);
    const dataSet = sampleDataSet({ pixelBytes: 300_000 });
    for (let sent = 0; sent < 96; sent += 32) {
      const answers = await Promise.all(Array.from({ length: 32 }, () => sendObject(sink, dataSet)));
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([0]));
    }
    expect(await filesUnder(root)).toHaveLength(1);
    expect(registrar.rows.size).toBe(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'stored')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'duplicate')).toHaveLength(95);
  });

  test('the same UID with other bytes is kept beside the first', async () => {
    const { sink, outcomes } = await openBench(root, undefined);
    await sendObject(sink, sampleDataSet({ fill: 1 }));
    expect(await sendObject(sink, sampleDataSet({ fill: 2 }))).toEqual({ status: 0 });
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['stored', 'same-uid-other-bytes']);
    expect(await filesUnder(root)).toHaveLength(2);
  });

  test('a damaged file is healed when the object is sent again', async () => {
    const { sink, registrar } = await openBench(root, undefined);
    const dataSet = sampleDataSet({ pixelBytes: 1000 });
    await sendObject(sink, dataSet);
    const [path] = await filesUnder(root);
    const sound = await readFile(path!);
    await writeFile(path!, Buffer.alloc(sound.byteLength));
    expect(await sendObject(sink, dataSet)).toEqual({ status: 0 });
    expect((await readFile(path!)).equals(sound)).toBe(true);
    expect(registrar.rows.size).toBe(1);
  });

  test('the end of a long header is found in the file, and pixel data after it is not needed', async () => {
    const { sink, registrar } = await openBench(root, undefined);
    expect(await sendObject(sink, sampleDataSet({ privateBytes: 600_000, pixelBytes: 400_000 }))).toEqual({ status: 0 });
    expect([...registrar.rows.values()][0]!.header.studyInstanceUid).toBe('1.2.3');
  });

  test('deflated, and larger than the limit on headers once inflated: kept, byte for byte', async () => {
    const { sink, registrar } = await openBench(root, undefined, { headerBytesMax: 2_000_000 });
    const deflated = deflateRawSync(sampleDataSet({ privateBytes: 5_000_000 }));
    expect(await sendObject(sink, deflated, { ...storeRequest(), transferSyntaxUid: '1.2.840.10008.1.2.1.99' })).toEqual({ status: 0 });
    expect([...registrar.rows.values()]).toMatchObject([{ contentSha256: sha256(deflated), header: { sopInstanceUid: '1.2.3.4', modality: 'CR' } }]);
  });

  test('many long headers at once: each is understood, and none stays in memory', async () => {
    const buffers: WeakRef<Uint8Array>[] = [];
    const fileSystem: SpoolFileSystem = {
      ...realFileSystem,
      async read(path, offset, lengthMax) {
        const bytes = await realFileSystem.read(path, offset, lengthMax);
        buffers.push(new WeakRef(bytes));
        return bytes;
      },
    };
    const { sink, registrar } = await openBench(root, fileSystem);
    const send = (sopInstanceUid: string) => sendObject(sink, sampleDataSet({ sopInstanceUid, privateBytes: 600_000 }), storeRequest(sopInstanceUid));
    const refused = sendObject(sink, sampleDataSet({ privateBytes: 600_000 }), storeRequest('9.9'));
    expect(await Promise.all(['1.1', '1.2', '1.3'].map(send))).toEqual([{ status: 0 }, { status: 0 }, { status: 0 }]);
    expect((await refused).status).toBe(0xa900);
    expect(await send('1.4')).toEqual({ status: 0 });
    expect(registrar.rows.size).toBe(4);

    expect(buffers.length).toBeGreaterThanOrEqual(5);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const left = (): number => {
      collect();
      return buffers.filter((buffer) => buffer.deref() !== undefined).length;
    };
    await expect.poll(left, { timeout: 10_000 }).toBe(0);
    // The sink is what held the last one.
    expect(await send('1.5')).toEqual({ status: 0 });
  });

  test('a document larger than the limit on headers is kept: nothing after group 0040 is needed', async () => {
    const { sink } = await openBench(root, undefined, { headerBytesMax: 300_000 });
    const sopClassUid = '1.2.840.10008.5.1.4.1.1.104.1';
    const document = Buffer.concat([
      element(0x00080016, 'UI', sopClassUid),
      element(0x00080018, 'UI', '1.2.3.4'),
      element(0x0020000d, 'UI', '1.2.3'),
      element(0x00420010, 'UT', 'Letter'),
      element(0x00420011, 'OB', Buffer.alloc(900_000, 5)),
    ]);
    expect(await sendObject(sink, document, storeRequest('1.2.3.4', sopClassUid))).toEqual({ status: 0 });
  });

  test('without a Study Instance UID it is kept apart, the same place each time', async () => {
    const { sink, registrar } = await openBench(root, undefined);
    expect(await sendObject(sink, sampleDataSet({ studyInstanceUid: '' }))).toEqual({ status: 0 });
    expect(await sendObject(sink, sampleDataSet({ studyInstanceUid: '' }))).toEqual({ status: 0 });
    const [row] = [...registrar.rows.values()];
    expect(row!.header.studyUidSynthesised).toBe(true);
    expect(row!.header.studyInstanceUid).toMatch(/^2\.25\.\d+$/);
    expect(registrar.rows.size).toBe(1);
  });

  test('without its own SOP UIDs it is who the command says', async () => {
    const { sink, registrar } = await openBench(root, undefined);
    expect(await sendObject(sink, sampleDataSet({ sopInstanceUid: '', sopClassUid: '' }), storeRequest('9.8.7'))).toEqual({ status: 0 });
    expect([...registrar.rows.values()][0]!.header).toMatchObject({ sopInstanceUid: '9.8.7', sopClassUid: CR_IMAGE });
  });
});

describe('an object that is refused leaves nothing behind', () => {
  async function refused(dataSet: Uint8Array, request = storeRequest(), options: Parameters<typeof openBench>[2] = {}) {
    const bench = await openBench(root, undefined, options);
    const answer = await sendObject(bench.sink, dataSet, request);
    expect(bench.registrar.rows.size).toBe(0);
    expect(await filesUnder(root)).toEqual([]);
    expect(answer.errorComment!.length).toBeLessThanOrEqual(64);
    return { ...bench, status: answer.status };
  }

  test('another SOP instance than announced: A900H', async () => {
    expect((await refused(sampleDataSet(), storeRequest('1.2.3.5'))).status).toBe(0xa900);
  });
  test('another SOP class than announced: A900H', async () => {
    expect((await refused(sampleDataSet({ sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }))).status).toBe(0xa900);
  });
  test('an HTML page: C000H', async () => {
    expect((await refused(Buffer.from('<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>'))).status).toBe(0xc000);
  });
  test('nothing at all: C000H', async () => {
    expect((await refused(new Uint8Array(0))).status).toBe(0xc000);
  });
  test('a length past the end: C000H', async () => {
    const damaged = sampleDataSet();
    damaged.writeUInt16LE(60_000, damaged.indexOf('Nguyen') - 2);
    expect((await refused(damaged)).status).toBe(0xc000);
  });
  test('larger than the limit: C000H, and what came first is gone', async () => {
    const { status, outcomes } = await refused(sampleDataSet({ pixelBytes: 3_000_000 }), storeRequest(), { limits: { objectBytesMax: 1_000_000 } });
    expect(status).toBe(0xc000);
    expect(outcomes).toMatchObject([{ kind: 'refused', code: 'object-too-large' }]);
  });
  test('a header that does not end within its limit: C000H', async () => {
    expect((await refused(sampleDataSet({ privateBytes: 900_000 }), storeRequest(), { headerBytesMax: 400_000 })).status).toBe(0xc000);
  });
  test('a class that is not storage: 0122H before a byte is taken', async () => {
    expect((await refused(sampleDataSet(), storeRequest('1.2.3.4', '1.2.840.10008.5.1.4.1.2.1.1'))).status).toBe(0x0122);
  });
  test('a path as SOP Instance UID: 0117H', async () => {
    expect((await refused(sampleDataSet(), storeRequest('../../etc/passwd'))).status).toBe(0x0117);
  });
  test('no free space: A700H; and again welcome when there is', async () => {
    let roomy = false;
    const freeSpace = { ...ROOMY, hasRoom: () => roomy };
    const { sink, status } = await refused(sampleDataSet(), storeRequest(), { freeSpace });
    expect(status).toBe(0xa700);
    roomy = true;
    expect(await sendObject(sink, sampleDataSet())).toEqual({ status: 0 });
  });
  test('space running out in the middle: A700H', async () => {
    let left = 500_000;
    const freeSpace = { ...ROOMY, hasRoom: () => left > 0, spent: (byteLength: number) => void (left -= byteLength) };
    expect((await refused(sampleDataSet({ pixelBytes: 2_000_000 }), storeRequest(), { freeSpace })).status).toBe(0xa700);
  });
  test('an association that dies in the middle', async () => {
    const { sink, outcomes } = await openBench(root, undefined);
    const receiver = sink.begin(storeRequest());
    if ('status' in receiver) throw new Error('refused');
    await receiver.write(sampleDataSet({ pixelBytes: 600_000 }).subarray(0, 300_000));
    await receiver.abort('connection reset');
    await receiver.abort('twice');
    expect(await filesUnder(root)).toEqual([]);
    expect(outcomes).toMatchObject([{ kind: 'aborted', why: 'connection reset', byteLength: 300_000 }]);
  });
});

test('a registry that cannot commit: A700H, the file stays for the next start, and the same object then succeeds', async () => {
  const registrar = new MemoryRegistrar();
  registrar.failWith = errnoError('EIO');
  const { sink } = await openBench(root, undefined, { registrar });
  expect((await sendObject(sink, sampleDataSet())).status).toBe(0xa700);
  expect(await filesUnder(join(root, 'instances'))).toHaveLength(1);
  registrar.failWith = undefined;
  expect(await sendObject(sink, sampleDataSet())).toEqual({ status: 0 });
  expect(await filesUnder(root)).toHaveLength(1);
});

test('a journal that fails does not change the answers', async () => {
  const { spool, registrar } = await openBench(root, undefined);
  const failing = () => {
    throw new Error('no space left for the journal');
  };
  const sink = createStoreSink({ spool, registrar, admission: OPEN_ADMISSION, freeSpace: ROOMY, now: Date.now, onOutcome: failing });
  expect(await sendObject(sink, sampleDataSet())).toEqual({ status: 0 });
  expect((await sendObject(sink, sampleDataSet(), storeRequest('1.2.99'))).status).toBe(0xa900);
});

test('what a killed process left in incoming is removed at start', async () => {
  await openBench(root, undefined);
  await writeFile(join(root, 'incoming', 'left-over.part'), 'torso');
  await openBench(root, undefined);
  expect(await filesUnder(root)).toEqual([]);
});
