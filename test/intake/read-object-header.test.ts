/** The header of a received object: deflated ones, which may expand to anything, and long ones. */
import { deflateRawSync, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readObjectHeader } from '../../src/intake/read-object-header.ts';
import { CR_IMAGE, EXPLICIT_LE, element, sampleDataSet } from './sample-object.ts';

const DEFLATED = '1.2.840.10008.1.2.1.99';
const HEAD_BYTES = 256 * 1024;
const MIB = 2 ** 20;

function read(bytes: Uint8Array, { transferSyntaxUid = DEFLATED, headerBytesMax = 64 * MIB, sopClassUid = CR_IMAGE, onReread = () => {} } = {}) {
  const reread = async (lengthMax: number): Promise<Uint8Array> => {
    onReread();
    return bytes.subarray(0, lengthMax);
  };
  const announced = { sopClassUid, sopInstanceUid: '1.2.3.4', transferSyntaxUid };
  return readObjectHeader({ head: bytes.subarray(0, HEAD_BYTES), byteLength: bytes.byteLength, reread }, announced, headerBytesMax);
}

/** Does not deflate to next to nothing. */
function noise(byteLength: number): Buffer {
  const bytes = Buffer.alloc(byteLength);
  for (let at = 0; at + 4 <= byteLength; at += 64) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return bytes;
}

const IDENTITY = [element(0x00080016, 'UI', CR_IMAGE), element(0x00080018, 'UI', '1.2.3.4')];
const STUDY = element(0x0020000d, 'UI', '1.2.3');
const PIXELS = element(0x7fe00010, 'OW', noise(MIB));
const WHOLE = { sopInstanceUid: '1.2.3.4', studyInstanceUid: '1.2.3', transferSyntaxUid: DEFLATED, hasPixelData: true };

describe('deflated', () => {
  test('the event loop goes on while much is inflated, and what lies behind it is read', async () => {
    const deflated = deflateRawSync(Buffer.concat([...IDENTITY, element(0x00091001, 'OB', noise(40 * MIB)), STUDY, PIXELS]));
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    turn();
    expect(await read(deflated)).toMatchObject(WHOLE);
    isOver = true;
    // One for each slice at least; inflated in one piece it would be a handful.
    expect(turns).toBeGreaterThan(100);
  });

  test('pixel data within the first megabyte: the file is not read again', async () => {
    let rereads = 0;
    const deflated = deflateRawSync(Buffer.concat([...IDENTITY, STUDY, element(0x7fe00010, 'OW', noise(30 * MIB))]));
    expect(await read(deflated, { onReread: () => (rereads += 1) })).toMatchObject(WHOLE);
    expect(rereads).toBe(0);
  });

  test('more than the limit comes out: kept with what came out, apart from other studies where that is behind it', async () => {
    const block = element(0x00091001, 'OB', noise(6 * MIB));
    const before = deflateRawSync(Buffer.concat([...IDENTITY, STUDY, element(0x00211001, 'OB', noise(6 * MIB)), PIXELS]));
    expect(await read(before, { headerBytesMax: 4 * MIB })).toMatchObject({ ...WHOLE, hasPixelData: false });
    const behind = deflateRawSync(Buffer.concat([...IDENTITY, block, STUDY, PIXELS]));
    expect(await read(behind, { headerBytesMax: 4 * MIB })).toMatchObject({ sopInstanceUid: '1.2.3.4', studyUidSynthesised: true });
    expect(await read(behind)).toMatchObject(WHOLE);
  });

  test('a bomb costs no more than the limit', async () => {
    const bomb = deflateRawSync(Buffer.concat([...IDENTITY, STUDY, element(0x00211001, 'OB', Buffer.alloc(300 * MIB))]));
    const before = process.memoryUsage().arrayBuffers;
    expect(await read(bomb, { headerBytesMax: 8 * MIB })).toMatchObject({ studyInstanceUid: '1.2.3' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  });

  test('padded, wrapped as zlib, and without its end', async () => {
    const plain = Buffer.concat([...IDENTITY, STUDY, PIXELS]);
    const deflated = deflateRawSync(plain);
    for (const bytes of [Buffer.concat([deflated, Buffer.alloc(1)]), deflateSync(plain), deflated.subarray(0, deflated.length - 100)]) expect(await read(bytes)).toMatchObject(WHOLE);
    const document = deflateRawSync(Buffer.concat([...IDENTITY, STUDY]));
    expect(await read(document)).toMatchObject({ ...WHOLE, hasPixelData: false });
    expect(await read(document.subarray(0, document.length - 3))).toMatchObject({ sopInstanceUid: '1.2.3.4' });
  });

  test('a stream damaged behind the names is kept, one damaged before them is refused', async () => {
    const deflated = deflateRawSync(Buffer.concat([...IDENTITY, STUDY, element(0x00211001, 'OB', noise(3 * MIB)), PIXELS]), { level: 0 });
    // Level 0: each stored block begins with its length, here made wrong.
    const damagedAt = (at: number): Buffer => {
      const damaged = Buffer.from(deflated);
      damaged.fill(0xff, at, at + 65_540);
      return damaged;
    };
    expect(await read(damagedAt(2 * MIB))).toMatchObject({ ...WHOLE, hasPixelData: false });
    await expect(read(damagedAt(1))).rejects.toMatchObject({ code: 'data-set-damaged' });
    await expect(read(Buffer.from('<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>'))).rejects.toMatchObject({ code: 'data-set-damaged' });
  });
});

test('an overlay in front of the pixels, longer than the first bytes: it is an image all the same', async () => {
  const plain = Buffer.concat([...IDENTITY, STUDY, element(0x60000010, 'US', Uint8Array.of(0, 8)), element(0x60003000, 'OW', noise(2 * MIB)), PIXELS]);
  expect(await read(plain, { transferSyntaxUid: EXPLICIT_LE })).toMatchObject({ hasPixelData: true });
  expect(await read(deflateRawSync(plain))).toMatchObject({ hasPixelData: true });
});

test('the first bytes suffice for an ordinary image', async () => {
  let rereads = 0;
  const header = await read(sampleDataSet({ pixelBytes: 3 * MIB }), { transferSyntaxUid: EXPLICIT_LE, onReread: () => (rereads += 1) });
  expect(header).toMatchObject({ studyInstanceUid: '1.2.3', hasPixelData: true });
  expect(rereads).toBe(0);
});

/** More elements than are indexed, behind a group that lies past the header. */
const manyElements = (): Buffer => Buffer.concat([element(0x52000001, 'LO', 'label'), ...Array.from({ length: 160_000 }, (_, at) => element(0x52010000 + at, 'LO', 'x'))]);

test.each([
  ['a film', CR_IMAGE, 1],
  ['an object of another kind', '1.2.840.10008.5.1.4.1.1.481.3', 0],
])('%s with more behind its header than is indexed is kept with what its first bytes say', async (_what, sopClassUid, rereads) => {
  const bytes = Buffer.concat([element(0x00080016, 'UI', sopClassUid), element(0x00080018, 'UI', '1.2.3.4'), STUDY, manyElements()]);
  let count = 0;
  const header = await read(bytes, { transferSyntaxUid: EXPLICIT_LE, sopClassUid, onReread: () => (count += 1) });
  expect(header).toMatchObject({ sopInstanceUid: '1.2.3.4', studyInstanceUid: '1.2.3', hasPixelData: false });
  expect(count).toBe(rereads);
});
