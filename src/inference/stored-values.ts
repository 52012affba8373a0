/**
 * Stored values (PS3.3 C.7.6.3.1.1): the samples as numbers, before any look-up table, which is what "bit-exact" and
 * "the same pixels" mean.
 */
export interface StoredValues {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: 1 | 3;
  /** Interleaved by pixel. */
  readonly values: Uint8Array | Int8Array | Uint16Array | Int16Array;
  /** Bits that a value can use. */
  readonly bitsStored: number;
  readonly signed: boolean;
}

export interface SampleLayout {
  readonly bytesPerSample: 1 | 2;
  readonly littleEndian: boolean;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** What values above the stored bits are: `overlay` bits are dropped, `overshoot` of a lossy encoding becomes white. */
  readonly above: 'overlay' | 'overshoot' | 'unknown';
}

/** Overshoot is rare and slight: beyond this, undeclared bits above the stored ones are something else. */
const OVERSHOOT_FRACTION_MAX = 0.01;
const OVERSHOOT_FACTOR_MAX = 1.25;

/** How many values do not fit into `bitsStored`; Infinity where one is too far above to be an overshoot. */
function countAbove(samples: Uint8Array | Uint16Array, bitsStored: number): number {
  const white = 2 ** bitsStored - 1;
  let count = 0;
  for (let i = 0; i < samples.length; i++) {
    if (samples[i]! <= white) continue;
    if (samples[i]! > OVERSHOOT_FACTOR_MAX * white) return Infinity;
    count++;
  }
  return count;
}

/**
 * All values fit, or few miss by little. Masking those, as for overlays, would turn white into black where a lossy
 * encoder (also one whose output was stored again without compression) went over the top.
 */
export function fitsOrOvershoots(samples: Uint8Array | Uint16Array, bitsStored: number): boolean {
  return countAbove(samples, bitsStored) <= OVERSHOOT_FRACTION_MAX * samples.length;
}

function fitUnsigned<T extends Uint8Array | Uint16Array>(samples: T, shift: number, { bitsStored, above }: SampleLayout): T {
  const white = 2 ** bitsStored - 1;
  if (shift === 0 && above !== 'overlay') {
    const count = countAbove(samples, bitsStored);
    if (count === 0) return samples;
    if (above === 'overshoot' || count <= OVERSHOOT_FRACTION_MAX * samples.length) {
      for (let i = 0; i < samples.length; i++) if (samples[i]! > white) samples[i] = white;
      return samples;
    }
  }
  for (let i = 0; i < samples.length; i++) samples[i] = (samples[i]! >> shift) & white;
  return samples;
}

/** Cuts the stored bits out of their words and extends the sign. */
export function unpackSamples(bytes: Uint8Array, count: number, layout: SampleLayout): StoredValues['values'] {
  const { bitsStored, highBit, signed } = layout;
  const shift = highBit + 1 - bitsStored;
  if (layout.bytesPerSample === 1) {
    const samples = new Uint8Array(count);
    samples.set(bytes.subarray(0, count));
    if (bitsStored === 8) return signed ? new Int8Array(samples.buffer) : samples;
    if (!signed) return fitUnsigned(samples, shift, layout);
    return signExtend(new Int8Array(samples.buffer), shift, 32 - bitsStored);
  }
  const words = readWords(bytes, count, layout.littleEndian);
  if (bitsStored === 16) return signed ? new Int16Array(words.buffer) : words;
  if (signed) return signExtend(new Int16Array(words.buffer), shift, 32 - bitsStored);
  return fitUnsigned(words, shift, layout);
}

function signExtend<T extends Int8Array | Int16Array>(samples: T, shift: number, spare: number): T {
  for (let i = 0; i < samples.length; i++) samples[i] = ((samples[i]! >> shift) << spare) >> spare;
  return samples;
}

/** A copy, aligned and in the machine's (little endian) order. */
function readWords(bytes: Uint8Array, count: number, littleEndian: boolean): Uint16Array {
  const words = new Uint16Array(count);
  const raw = new Uint8Array(words.buffer);
  raw.set(bytes.subarray(0, 2 * count));
  if (!littleEndian) {
    for (let i = 0; i < raw.length; i += 2) {
      const high = raw[i]!;
      raw[i] = raw[i + 1]!;
      raw[i + 1] = high;
    }
  }
  return words;
}

/** Colour by plane → by pixel. */
export function interleavePlanes(samples: Uint8Array, pixelCount: number, bytesPerSample: 1 | 2): Uint8Array {
  const out = new Uint8Array(pixelCount * 3 * bytesPerSample);
  const plane = pixelCount * bytesPerSample;
  for (let pixel = 0, to = 0; pixel < pixelCount; pixel++) {
    for (let sample = 0; sample < 3; sample++) {
      for (let byte = 0; byte < bytesPerSample; byte++) out[to++] = samples[sample * plane + pixel * bytesPerSample + byte]!;
    }
  }
  return out;
}

/** Y1 Y2 Cb Cr → Y1 Cb Cr, Y2 Cb Cr (YBR_FULL_422, native, 8 bits; PS3.3 C.7.6.3.1.2). */
export function expand422(samples: Uint8Array, pixelCount: number): Uint8Array {
  const out = new Uint8Array(pixelCount * 3);
  for (let from = 0, to = 0; to + 6 <= out.length; from += 4, to += 6) {
    const [y1, y2, cb, cr] = samples.subarray(from, from + 4) as unknown as [number, number, number, number];
    out.set([y1, cb, cr, y2, cb, cr], to);
  }
  return out;
}

/**
 * Are two pictures the same to the last value? A re-encoding with loss is not: it comes back with how far it is off.
 */
export function comparePixels(a: StoredValues, b: StoredValues): { readonly same: boolean; readonly differenceMax: number; readonly detail: string } {
  if (a.rows !== b.rows || a.columns !== b.columns || a.samplesPerPixel !== b.samplesPerPixel) {
    return { same: false, differenceMax: Infinity, detail: `${a.columns}x${a.rows}x${a.samplesPerPixel} and ${b.columns}x${b.rows}x${b.samplesPerPixel}` };
  }
  let differenceMax = 0;
  for (let i = 0; i < a.values.length; i++) {
    const difference = Math.abs(a.values[i]! - b.values[i]!);
    if (difference > differenceMax) differenceMax = difference;
  }
  return { same: differenceMax === 0, differenceMax, detail: differenceMax === 0 ? 'every stored value is equal' : `stored values differ by up to ${differenceMax}` };
}
