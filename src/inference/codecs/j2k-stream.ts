/**
 * The main header and tile-parts of a JPEG 2000 or HTJ2K codestream (ISO/IEC 15444-1 annex A, 15444-15): what it
 * says about the picture, and whether all its tile-parts are there.
 */
import { FirstreadError } from '../../errors.ts';

export interface J2kStream {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly precision: number;
  readonly signed: boolean;
  /** 5/3 wavelet: nothing is lost by the transform itself. */
  readonly reversible: boolean;
  readonly highThroughput: boolean;
  /** Colour transform (RCT or ICT): the decoder gives back RGB. */
  readonly multipleComponentTransform: boolean;
}

const damaged = (why: string, offset: number): FirstreadError => new FirstreadError('pixels-damaged', `JPEG 2000 codestream: ${why}`, { offset });

/** A film is one tile or a few hundred; OpenJPEG keeps about a kilobyte for each. */
const TILE_COUNT_MAX = 4096;
/** Code-blocks, and precincts, of the whole picture: 28 megapixels in blocks of 16 × 16 make 110,000; 4 × 4 a bomb. */
const BLOCK_COUNT_MAX = 1_000_000;

/** Takes the codestream out of a JP2 file, which some writers put into the fragment whole. */
export function bareCodestream(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0xff && bytes[1] === 0x4f) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, boxes = 0; at + 8 <= bytes.length && boxes < 64; boxes++) {
    const length = view.getUint32(at);
    const content = at + (length === 1 ? 16 : 8);
    if (view.getUint32(at + 4) === 0x6a703263) return bytes.subarray(content, length > 1 ? at + length : bytes.length);
    if (length < 8) break;
    at += length;
  }
  throw damaged('no SOC', 0);
}

export function inspectJ2k(bytes: Uint8Array): J2kStream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (at: number, length: number): void => {
    if (at + length > bytes.length) throw damaged('cut short', at);
  };
  need(0, 4);
  if (view.getUint16(0) !== 0xff4f || view.getUint16(2) !== 0xff51) throw damaged('no SOC and SIZ', 0);
  let size: Omit<J2kStream, 'reversible' | 'highThroughput' | 'multipleComponentTransform'> | undefined;
  let tileCount = 0;
  let coding: { reversible: boolean; multipleComponentTransform: boolean } | undefined;
  let highThroughput = false;
  let at = 2;
  for (;;) {
    need(at, 4);
    const marker = view.getUint16(at);
    if (marker === 0xff90) break; // SOT
    const length = view.getUint16(at + 2);
    if (marker < 0xff00 || length < 2) throw damaged('no marker where one must be', at);
    need(at, 2 + length);
    if (marker === 0xff51) {
      if (length < 41) throw damaged('SIZ is too short', at);
      const [xSize, ySize, xOffset, yOffset, xTile, yTile, xTileOffset, yTileOffset] = Array.from({ length: 8 }, (_, i) => view.getUint32(at + 6 + 4 * i)) as [number, number, number, number, number, number, number, number];
      const components = view.getUint16(at + 38);
      if (components === 0 || length < 38 + 3 * components || xTile === 0 || yTile === 0) throw damaged('SIZ', at);
      const ssiz = bytes[at + 40]!;
      for (let i = 0; i < components; i++) {
        if (bytes[at + 41 + 3 * i] !== 1 || bytes[at + 42 + 3 * i] !== 1) throw new FirstreadError('pixels-unsupported', 'JPEG 2000 with sub-sampled components');
        if (bytes[at + 40 + 3 * i] !== ssiz) throw new FirstreadError('pixels-unsupported', 'JPEG 2000 components of different depth');
      }
      size = { rows: ySize - yOffset, columns: xSize - xOffset, components, precision: (ssiz & 0x7f) + 1, signed: (ssiz & 0x80) !== 0 };
      tileCount = Math.ceil((xSize - xTileOffset) / xTile) * Math.ceil((ySize - yTileOffset) / yTile);
      if (!(tileCount >= 1 && tileCount <= TILE_COUNT_MAX)) throw new FirstreadError('pixels-over-limit', 'JPEG 2000 with too many tiles', { tileCount, tileCountMax: TILE_COUNT_MAX });
    } else if (marker === 0xff52) {
      if (length < 12) throw damaged('COD is too short', at);
      checkBlocks(bytes, at, length, size);
      coding = { multipleComponentTransform: bytes[at + 8] !== 0, reversible: bytes[at + 13] === 1 };
    } else if (marker === 0xff50) highThroughput = true; // CAP
    at += 2 + length;
  }
  if (size === undefined || coding === undefined) throw damaged('SIZ or COD is missing', at);
  checkTileParts(bytes, view, at, tileCount);
  return { ...size, ...coding, highThroughput };
}

/** Each code-block and precinct costs the decoder about a hundred bytes before the first sample is decoded. */
function checkBlocks(bytes: Uint8Array, at: number, length: number, size: { readonly rows: number; readonly columns: number } | undefined): void {
  if (size === undefined) throw damaged('COD before SIZ', at);
  const countOf = (widthBits: number, heightBits: number): number => Math.ceil(size.columns / 2 ** widthBits) * Math.ceil(size.rows / 2 ** heightBits);
  const levels = bytes[at + 9]!;
  const precinctsDefined = (bytes[at + 4]! & 1) === 1;
  if (levels > 32 || (precinctsDefined && length < 13 + levels)) throw damaged('COD', at);
  const counts = [countOf(bytes[at + 10]! + 2, bytes[at + 11]! + 2)];
  if (precinctsDefined) {
    for (let level = 0; level <= levels; level++) {
      const exponents = bytes[at + 14 + level]!;
      // Lower resolutions are smaller by a factor of two a level, in both directions.
      const down = levels - level;
      counts.push(countOf((exponents & 15) + down, (exponents >> 4) + down));
    }
  }
  const most = Math.max(...counts);
  if (most > BLOCK_COUNT_MAX) throw new FirstreadError('pixels-over-limit', 'JPEG 2000 with too many code-blocks or precincts', { count: most, countMax: BLOCK_COUNT_MAX });
}

/** Every tile has a first tile-part, and every tile-part is as long as it says. */
function checkTileParts(bytes: Uint8Array, view: DataView, from: number, tileCount: number): void {
  const begun = new Set<number>();
  let at = from;
  while (at + 12 <= bytes.length && view.getUint16(at) === 0xff90) {
    begun.add(view.getUint16(at + 4));
    const length = view.getUint32(at + 6);
    if (length === 0) {
      // Until EOC: then EOC must be there, since nothing else says where the data ends.
      let end = bytes.length;
      while (end > at && bytes[end - 1] === 0) end--;
      if (view.getUint16(Math.max(at, end - 2)) !== 0xffd9) throw damaged('no EOC', end);
      at = Math.max(at, end - 2);
      break;
    }
    if (length < 14 || at + length > bytes.length) throw damaged('a tile-part is cut short', at);
    at += length;
  }
  // Behind the last tile-part comes EOC; a wrong length lands somewhere else. EOC itself may be missing.
  const end = at + 2 <= bytes.length && view.getUint16(at) === 0xffd9;
  if (!end && bytes.length - at > 2) throw damaged('no EOC behind the last tile-part', at);
  if (begun.size < tileCount) throw damaged(`${tileCount - begun.size} of ${tileCount} tiles are missing`, at);
}
