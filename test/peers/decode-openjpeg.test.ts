/**
 * JPEG 2000 and HTJ2K against OpenJPEG (Python package pylibjpeg-openjpeg): our streams, its streams, and everybody's
 * in the shared data. Reversible ones equal to the bit, irreversible ones within ±1.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeFrame, pixelElements, writeImage } from '../../fixtures/encode-pixels.ts';
import { describePixels } from '../../src/dicom/pixel-description.ts';
import { firstFrame } from '../../src/dicom/pixel-frames.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { transferSyntax } from '../../src/dicom/transfer-syntaxes.ts';
import { writeDicom } from '../../src/dicom/write-part10.ts';
import { FirstreadError } from '../../src/errors.ts';
import { bareCodestream, inspectJ2k } from '../../src/inference/codecs/j2k-stream.ts';
import { decodeInstance } from '../../src/inference/decode-frame.ts';
import { TEST_INSTANCE, testPicture } from '../inference/test-picture.ts';
import { sharedData } from '../shared-data.ts';
import { needPython, PYTHON } from './need-python.ts';

const openjpeg = needPython('openjpeg', 'numpy');
const folder = mkdtempSync(join(tmpdir(), 'firstread-openjpeg-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DECODE = `
import sys, numpy, openjpeg
for line in sys.stdin.read().split('\\n'):
    if not line: continue
    values = openjpeg.decode(open(line, 'rb').read(), 0)
    values.astype('<i4').tofile(line + '.raw')
`;
/** Lines of: rows columns bits signed ratio (0 = reversible) values-file codestream-file. */
const ENCODE = `
import sys, numpy, openjpeg
for line in sys.stdin.read().split('\\n'):
    if not line: continue
    rows, columns, bits, signed, ratio, raw, stream = line.split(' ')
    kind = ('int' if signed == '1' else 'uint') + ('8' if int(bits) <= 8 else '16')
    values = numpy.fromfile(raw, dtype=kind).reshape(int(rows), int(columns))
    options = {'compression_ratios': [float(ratio)]} if ratio != '0' else {}
    open(stream, 'wb').write(openjpeg.encode(values, bits_stored=int(bits), photometric_interpretation=2, **options))
`;

function decodedByOpenJpeg(codestreams: readonly Uint8Array[]): Int32Array[] {
  const paths = codestreams.map((bytes, i) => {
    const path = join(folder, `${i}.j2k`);
    writeFileSync(path, bytes);
    return path;
  });
  execFileSync(PYTHON, ['-c', DECODE], { input: paths.join('\n') });
  return paths.map((path) => new Int32Array(new Uint8Array(readFileSync(`${path}.raw`)).buffer));
}

function differenceMax(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let max = 0;
  for (let i = 0; i < a.length; i++) max = Math.max(max, Math.abs(a[i]! - b[i]!));
  return max;
}

/** HTJ2K is decoded by OpenJPH here and by OpenJPEG there: 32-bit floating point leaves them 2 apart at 16 bits. */
const limitAt = (limit: number, bits: number): number => (limit > 0 && bits === 16 ? 2 : limit);

const DEPTHS = [[8, false], [10, false], [12, false], [16, false], [8, true], [12, true], [16, true]] as const;

describe.skipIf(!openjpeg)('streams that we encode for fixtures', () => {
  test.each([['4.90', 0], ['4.91', 1], ['4.201', 0], ['4.202', 0], ['4.203', 1]] as const)('1.2.840.10008.1.2.%s', async (suffix, limit) => {
    const uid = `1.2.840.10008.1.2.${suffix}`;
    const sources = DEPTHS.filter(([bits, signed]) => !(bits === 8 && signed)).map(([bits, signed]) => testPicture(181, 207, bits, signed));
    const theirs = decodedByOpenJpeg(sources.map((source) => encodeFrame(source, uid)));
    for (const [i, source] of sources.entries()) {
      const ours = await decodeInstance(writeImage(TEST_INSTANCE, source, uid), { keepStored: true });
      expect(differenceMax(ours.stored!.values, theirs[i]!), `${source.bitsStored} ${source.signed}`).toBeLessThanOrEqual(limitAt(limit, source.bitsStored));
      if (limit === 0) expect(differenceMax(ours.stored!.values, source.values), `source ${source.bitsStored} ${source.signed}`).toBe(0);
    }
  }, 120_000);
});

describe.skipIf(!openjpeg)('streams encoded by OpenJPEG', () => {
  test.each([[0, 0], [8, 1]] as const)('compression ratio %s', async (ratio, limit) => {
    const jobs = DEPTHS.map(([bits, signed], i) => {
      const source = testPicture(181, 207, bits, signed);
      const [raw, stream] = [join(folder, `source-${i}.raw`), join(folder, `source-${i}.j2k`)];
      writeFileSync(raw, new Uint8Array(source.values.buffer));
      return { source, stream, line: `181 207 ${bits} ${signed ? 1 : 0} ${ratio} ${raw} ${stream}` };
    });
    execFileSync(PYTHON, ['-c', ENCODE], { input: jobs.map(({ line }) => line).join('\n') });
    const codestreams = jobs.map(({ stream }) => new Uint8Array(readFileSync(stream)));
    const theirs = decodedByOpenJpeg(codestreams);
    for (const [i, { source }] of jobs.entries()) {
      const uid = ratio === 0 ? '1.2.840.10008.1.2.4.90' : '1.2.840.10008.1.2.4.91';
      const file = writeDicom(
        { ...TEST_INSTANCE, ...pixelElements(source, '1.2.840.10008.1.2.1'), PixelData: [codestreams[i]!], _vrMap: { PixelData: 'OB' } },
        { sopClassUid: TEST_INSTANCE.SOPClassUID, sopInstanceUid: TEST_INSTANCE.SOPInstanceUID, transferSyntaxUid: uid },
      );
      const ours = await decodeInstance(file, { keepStored: true });
      expect(differenceMax(ours.stored!.values, theirs[i]!), `${source.bitsStored} ${source.signed}`).toBeLessThanOrEqual(limit);
      expect(ours.stored!.bitsStored).toBe(source.bitsStored);
      if (ratio === 0) expect(differenceMax(ours.stored!.values, source.values)).toBe(0);
    }
  }, 120_000);
});

const data = sharedData();
describe.skipIf(!openjpeg || data === undefined)('streams in the shared data', () => {
  test('are decoded as OpenJPEG decodes them', async () => {
    const found: { file: string; codestream: Uint8Array; values: ArrayLike<number>; reversible: boolean }[] = [];
    for (const entry of readdirSync(join(data!, 'dicom'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.csv')) continue;
      const file = join(entry.parentPath, entry.name);
      try {
        const bytes = new Uint8Array(readFileSync(file));
        const { meta, dataSet } = readPart10(bytes, { salvage: true });
        if (!['jpeg-2000', 'htj2k'].includes(transferSyntax(meta.transferSyntaxUid)?.codec ?? '')) continue;
        const pixels = describePixels(dataSet);
        const codestream = bareCodestream(firstFrame(dataSet, pixels).bytes);
        const { stored } = await decodeInstance(bytes, { keepStored: true });
        const stream = inspectJ2k(codestream);
        // OpenJPEG gives what the stream says of the sign; the header has the last word here.
        if (stream.signed === stored!.signed) found.push({ file, codestream, values: stored!.values, reversible: stream.reversible });
      } catch (error) {
        if (!(error instanceof FirstreadError)) throw error;
      }
    }
    expect(found.length).toBeGreaterThan(15);
    const theirs = decodedByOpenJpeg(found.map(({ codestream }) => codestream));
    for (const [i, { file, values, reversible }] of found.entries()) expect(differenceMax(values, theirs[i]!), file).toBeLessThanOrEqual(reversible ? 0 : 1);
  }, 120_000);
});
