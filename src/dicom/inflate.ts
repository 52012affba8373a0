/**
 * DEFLATE decompression (RFC 1951) for Deflated Explicit VR Little Endian (PS3.5 A.5), with a ceiling that is checked
 * before each piece of output: a bomb is refused after `ratioFreeBytes`, not after it has filled the memory.
 * A stream cut short gives what came out of it (`complete: false`): the header in front can still be read.
 */
import { FirstreadError } from '../errors.ts';

export interface InflateLimits {
  /** Never more than this comes out. */
  readonly outputMaxBytes: number;
  /** Above `ratioFreeBytes`, output may be at most this many times the input read so far. */
  readonly ratioMax: number;
  readonly ratioFreeBytes: number;
}

/** 256 MiB holds any radiograph; films deflate 2:1 to 20:1, a bomb 1000:1. */
export const INFLATE_LIMITS: InflateLimits = { outputMaxBytes: 256 * 2 ** 20, ratioMax: 100, ratioFreeBytes: 16 * 2 ** 20 };

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const DISTANCE_EXTRA = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const CODE_BITS_MAX = 15;

/** One lookup per symbol: index = next 15 bits (first bit lowest), value = symbol << 4 | code length; 0 = no such code. */
function buildTable(lengths: Uint8Array): Uint16Array | undefined {
  const count = new Uint16Array(CODE_BITS_MAX + 1);
  for (const length of lengths) count[length]!++;
  count[0] = 0;
  const next = new Uint16Array(CODE_BITS_MAX + 2);
  let code = 0;
  for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
    code = (code + count[bits - 1]!) << 1;
    if (code + count[bits]! > 1 << bits) return undefined; // over-subscribed
    next[bits] = code;
  }
  const table = new Uint16Array(1 << CODE_BITS_MAX);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    let reversed = 0;
    for (let i = 0, c = next[length]!++; i < length; i++, c >>= 1) reversed = (reversed << 1) | (c & 1);
    for (let i = reversed; i < table.length; i += 1 << length) table[i] = (symbol << 4) | length;
  }
  return table;
}

let fixedTables: readonly [Uint16Array, Uint16Array] | undefined;

function fixed(): readonly [Uint16Array, Uint16Array] {
  if (fixedTables === undefined) {
    const literal = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
    fixedTables = [buildTable(literal)!, buildTable(new Uint8Array(30).fill(5))!];
  }
  return fixedTables;
}

class CutShort extends Error {}

const damaged = (why: string, offset: number): FirstreadError => new FirstreadError('data-set-damaged', `the deflated data set is damaged: ${why}`, { offset });

/** PS3.5 A.5 asks for a bare RFC 1951 stream; some writers send RFC 1950 (zlib) with its two-byte header. A bare stream may begin like one by chance. */
export function hasZlibHeader(input: Uint8Array): boolean {
  return input.length > 2 && (input[0]! & 0x0f) === 8 && ((input[0]! << 8) | input[1]!) % 31 === 0;
}

/** `stopAfter`: enough for the caller once this many bytes are out (`complete` is then false). */
export function inflate(input: Uint8Array, limits: InflateLimits = INFLATE_LIMITS, stopAfter = Infinity): { bytes: Uint8Array; complete: boolean } {
  const ceiling = Math.min(limits.outputMaxBytes, Math.max(limits.ratioFreeBytes, limits.ratioMax * input.length));
  let largestNow = Math.min(limits.ratioFreeBytes, ceiling);
  let out = new Uint8Array(Math.min(ceiling, stopAfter + 65_536, Math.max(4096, input.length * 4)));
  let size = 0;
  let position = 0;
  let bitBuffer = 0;
  let bitCount = 0;

  const reserve = (extra: number): void => {
    if (size + extra > largestNow) largestNow = Math.min(ceiling, Math.max(limits.ratioFreeBytes, limits.ratioMax * position));
    if (size + extra > largestNow) {
      throw new FirstreadError('data-set-over-limit', 'the deflated data set expands beyond the limit', { limitBytes: largestNow, inputBytes: position });
    }
    if (size + extra <= out.length) return;
    const larger = new Uint8Array(Math.min(ceiling, Math.max(out.length * 2, size + extra)));
    larger.set(out.subarray(0, size));
    out = larger;
  };
  const bits = (n: number): number => {
    while (bitCount < n) {
      if (position >= input.length) throw new CutShort();
      bitBuffer |= input[position++]! << bitCount;
      bitCount += 8;
    }
    const value = bitBuffer & ((1 << n) - 1);
    bitBuffer >>>= n;
    bitCount -= n;
    return value;
  };
  const symbol = (table: Uint16Array): number => {
    while (bitCount < CODE_BITS_MAX && position < input.length) {
      bitBuffer |= input[position++]! << bitCount;
      bitCount += 8;
    }
    const found = table[bitBuffer & 0x7fff]!;
    const length = found & 15;
    if (length === 0 && bitCount >= CODE_BITS_MAX) throw damaged('no such code', position);
    if (length === 0 || length > bitCount) throw new CutShort();
    bitBuffer >>>= length;
    bitCount -= length;
    return found >> 4;
  };
  const readTables = (): readonly [Uint16Array, Uint16Array] => {
    const literalCount = bits(5) + 257;
    const distanceCount = bits(5) + 1;
    const codeCount = bits(4) + 4;
    const codeLengths = new Uint8Array(19);
    for (let i = 0; i < codeCount; i++) codeLengths[CODE_LENGTH_ORDER[i]!] = bits(3);
    const codeTable = buildTable(codeLengths);
    if (codeTable === undefined) throw damaged('code lengths', position);
    const lengths = new Uint8Array(literalCount + distanceCount);
    for (let i = 0; i < lengths.length; ) {
      const code = symbol(codeTable);
      if (code < 16) {
        lengths[i++] = code;
        continue;
      }
      if (code === 16 && i === 0) throw damaged('repeat without a length', position);
      const value = code === 16 ? lengths[i - 1]! : 0;
      const repeat = code === 16 ? 3 + bits(2) : code === 17 ? 3 + bits(3) : 11 + bits(7);
      if (i + repeat > lengths.length) throw damaged('too many lengths', position);
      lengths.fill(value, i, i + repeat);
      i += repeat;
    }
    const literal = buildTable(lengths.subarray(0, literalCount));
    const distance = buildTable(lengths.subarray(literalCount));
    if (literal === undefined || distance === undefined) throw damaged('code tables', position);
    return [literal, distance];
  };
  const copyStored = (): void => {
    const spare = bitCount & 7;
    bitBuffer >>>= spare;
    bitCount -= spare;
    const length = bits(8) | (bits(8) << 8);
    const complement = bits(8) | (bits(8) << 8);
    if ((length ^ complement) !== 0xffff) throw damaged('stored length', position);
    reserve(length);
    // Whole bytes that were read ahead come first.
    let left = length;
    while (left > 0 && bitCount > 0) {
      out[size++] = bits(8);
      left--;
    }
    const available = Math.min(left, input.length - position);
    out.set(input.subarray(position, position + available), size);
    size += available;
    position += available;
    if (available < left) throw new CutShort();
  };
  // The hot loop: everything it touches is local, and handed back when the block ends.
  const copyCompressed = ([literal, distance]: readonly [Uint16Array, Uint16Array]): void => {
    let buffer = bitBuffer;
    let count = bitCount;
    let from = position;
    let to = size;
    const settle = (): void => {
      bitBuffer = buffer;
      bitCount = count;
      position = from;
      size = to;
    };
    for (;;) {
      // Two bytes at most: a code has 15 bits, and 15 + 8 fit the 32 of a number's bit operations.
      while (count < CODE_BITS_MAX && from < input.length) {
        buffer |= input[from++]! << count;
        count += 8;
      }
      const found = literal[buffer & 0x7fff]!;
      const bitsOfCode = found & 15;
      if (bitsOfCode === 0 || bitsOfCode > count) {
        settle();
        symbol(literal); // Says why.
        throw new CutShort();
      }
      buffer >>>= bitsOfCode;
      count -= bitsOfCode;
      const code = found >> 4;
      if (code < 256) {
        if (to >= out.length) {
          size = to;
          reserve(1);
        }
        out[to++] = code;
        continue;
      }
      settle();
      if (code === 256) return;
      if (to >= stopAfter) throw new CutShort();
      copyMatch(code, distance);
      buffer = bitBuffer;
      count = bitCount;
      from = position;
      to = size;
    }
  };
  const copyMatch = (code: number, distance: Uint16Array): void => {
    if (code > 285) throw damaged('length code', position);
    const length = LENGTH_BASE[code - 257]! + bits(LENGTH_EXTRA[code - 257]!);
    const distanceCode = symbol(distance);
    if (distanceCode > 29) throw damaged('distance code', position);
    const back = DISTANCE_BASE[distanceCode]! + bits(DISTANCE_EXTRA[distanceCode]!);
    if (back > size) throw damaged('distance before the start', position);
    reserve(length);
    if (back === 1) out.fill(out[size - 1]!, size, size + length);
    else if (back >= length) out.copyWithin(size, size - back, size - back + length);
    else for (let i = 0; i < length; i++) out[size + i] = out[size + i - back]!;
    size += length;
  };
  try {
    for (let last = 0; last === 0 && size < stopAfter; ) {
      last = bits(1);
      const kind = bits(2);
      if (kind === 0) copyStored();
      else if (kind === 1) copyCompressed(fixed());
      else if (kind === 2) copyCompressed(readTables());
      else throw damaged('block type', position);
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    return { bytes: out.subarray(0, size), complete: false };
  }
  return { bytes: out.subarray(0, size), complete: size < stopAfter };
}
