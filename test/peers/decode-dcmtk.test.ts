/**
 * Decoding against DCMTK: JPEG, JPEG-LS and RLE streams, DCMTK's own and everybody's in the shared data. Lossless ones
 * equal to the bit, lossy ones within ±1 (IDCT rounding). DCMTK has no JPEG 2000: see decode-openjpeg.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeImage } from '../../fixtures/encode-pixels.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { FirstreadError } from '../../src/errors.ts';
import { transferSyntax } from '../../src/dicom/transfer-syntaxes.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { comparePixels } from '../../src/inference/stored-values.ts';
import { TEST_INSTANCE, testPicture } from '../inference/test-picture.ts';
import { sharedData } from '../shared-data.ts';
import { needPeer } from './need-peer.ts';

const dcmtk = needPeer('dcmdjpeg') && needPeer('dcmdjpls') && needPeer('dcmdrle');
const folder = mkdtempSync(join(tmpdir(), 'firstread-dcmtk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DECODERS: Readonly<Record<string, readonly string[]>> = { jpeg: ['dcmdjpeg', '+cn'], 'jpeg-ls': ['dcmdjpls'], rle: ['dcmdrle'] };
let files = 0;

/** What DCMTK makes of it, as a native file; undefined where DCMTK refuses. */
function decodedByDcmtk(file: string, codec: string): Uint8Array | undefined {
  const [program, ...options] = DECODERS[codec]!;
  const out = join(folder, `decoded-${files++}.dcm`);
  try {
    execFileSync(program!, [...options, file, out], { stdio: 'ignore' });
    return readFileSync(out);
  } catch {
    return undefined;
  }
}

/** Ours and DCMTK's stored values for the same file. */
async function compareWithDcmtk(file: string): Promise<{ ours: Awaited<ReturnType<typeof decodeInstance>>; differenceMax: number } | 'dcmtk refuses'> {
  const bytes = readFileSync(file);
  const codec = transferSyntax(readPart10(bytes, { untilPixelData: true }).meta.transferSyntaxUid)!.codec;
  const theirs = decodedByDcmtk(file, codec);
  if (theirs === undefined) return 'dcmtk refuses';
  const ours = await decodeInstance(bytes, { keepStored: true });
  const native = await decodeInstance(theirs, { keepStored: true });
  return { ours, differenceMax: comparePixels(ours.stored!, native.stored!).differenceMax };
}

describe.skipIf(!dcmtk)('streams encoded by DCMTK', () => {
  const encoders: readonly (readonly [string, readonly string[], (bits: number) => boolean])[] = [
    ['JPEG baseline', ['dcmcjpeg', '+eb'], (bits) => bits === 8],
    ['JPEG extended', ['dcmcjpeg', '+ee'], (bits) => bits <= 12],
    ['JPEG spectral selection', ['dcmcjpeg', '+es'], (bits) => bits <= 12],
    ['JPEG progressive', ['dcmcjpeg', '+ep'], (bits) => bits <= 12],
    ['JPEG lossless SV1', ['dcmcjpeg', '+e1'], () => true],
    ...[1, 2, 3, 4, 5, 6, 7].map((selection) => [`JPEG lossless selection ${selection}`, ['dcmcjpeg', '+el', '+sv', String(selection)], () => true] as const),
    ['JPEG-LS lossless', ['dcmcjpls', '+el'], () => true],
    ['JPEG-LS near-lossless', ['dcmcjpls', '+en', '+md', '2'], () => true],
    ['RLE', ['dcmcrle'], () => true],
  ];
  const depths = [[8, false], [10, false], [12, false], [15, false], [16, false], [12, true], [16, true]] as const;
  test.each(encoders)('%s', async (_name, [program, ...options], fits) => {
    let tried = 0;
    for (const [bits, signed] of depths) {
      // A near-lossless step from 0x7FFF to 0x8000 turns the sign: DCMTK refuses signed values, and rightly.
      if (!fits(bits) || (signed && options.includes('+en'))) continue;
      const plain = join(folder, `plain-${bits}-${signed}.dcm`);
      const encoded = join(folder, `encoded-${files++}.dcm`);
      writeFileSync(plain, writeImage(TEST_INSTANCE, testPicture(181, 207, bits, signed), '1.2.840.10008.1.2.1'));
      execFileSync(program!, [...options, plain, encoded], { stdio: 'ignore' });
      const outcome = await compareWithDcmtk(encoded);
      if (outcome === 'dcmtk refuses') throw new Error(`DCMTK cannot decode what it encoded: ${bits} ${signed}`);
      expect(outcome.differenceMax, `${bits} bits, signed ${signed}`).toBeLessThanOrEqual(outcome.ours.lossy && program === 'dcmcjpeg' ? 1 : 0);
      tried++;
    }
    expect(tried).toBeGreaterThan(0);
  }, 120_000);
});

describe.skipIf(!dcmtk)('streams that we encode for fixtures', () => {
  test.each(['5', '4.50', '4.57', '4.70', '4.80', '4.81'])('1.2.840.10008.1.2.%s', async (suffix) => {
    for (const [bits, signed] of [[8, false], [12, false], [16, false], [12, true]] as const) {
      if (suffix === '4.50' && bits > 8) continue;
      const file = join(folder, `ours-${files++}.dcm`);
      writeFileSync(file, writeImage(TEST_INSTANCE, testPicture(181, 207, bits, signed), `1.2.840.10008.1.2.${suffix}`));
      const outcome = await compareWithDcmtk(file);
      expect(outcome).not.toBe('dcmtk refuses');
      if (outcome !== 'dcmtk refuses') expect(outcome.differenceMax, `${bits} bits, signed ${signed}`).toBeLessThanOrEqual(suffix === '4.50' ? 1 : 0);
    }
  }, 120_000);
});

const data = sharedData();
describe.skipIf(!dcmtk || data === undefined)('streams in the shared data', () => {
  const all = data === undefined ? [] : readdirSync(join(data, 'dicom'), { recursive: true, withFileTypes: true });
  const encapsulated = all
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.csv') && !entry.name.startsWith('html_page'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      try {
        const codec = transferSyntax(readPart10(readFileSync(file), { untilPixelData: true, salvage: true }).meta.transferSyntaxUid)?.codec;
        return codec !== undefined && DECODERS[codec] !== undefined;
      } catch {
        return false;
      }
    });
  test('there are enough of them', () => expect(encapsulated.length).toBeGreaterThan(40));

  test('what DCMTK decodes, we decode alike', async () => {
    const wrong: string[] = [];
    const exact = { lossless: 0, lossy: 0, refused: 0, unsupported: 0 };
    for (const file of encapsulated) {
      let outcome;
      try {
        outcome = await compareWithDcmtk(file);
      } catch (error) {
        // 32 bits a sample, or a file without pixels.
        if (error instanceof FirstreadError && error.code === 'pixels-unsupported') exact.unsupported++;
        else wrong.push(`${file}: ${error}`);
        continue;
      }
      if (outcome === 'dcmtk refuses') exact.refused++;
      else {
        exact[outcome.ours.lossy ? 'lossy' : 'lossless']++;
        const limit = outcome.ours.lossy && outcome.ours.decodePath.includes('.4.5') ? 1 : 0;
        if (outcome.differenceMax > limit) wrong.push(`${file}: differs by ${outcome.differenceMax}`);
      }
    }
    console.info(`against DCMTK: ${JSON.stringify(exact)}`);
    expect(wrong).toEqual([]);
    expect(exact.lossless).toBeGreaterThan(25);
    expect(exact.unsupported).toBeLessThan(4);
  }, 120_000);
});
