/** Data elements spelled out in bytes, as PS3.5 section 7.1 lays them out. */
const latin1 = (text: string): number[] => [...text].map((character) => character.charCodeAt(0) & 0xff);
const u16 = (value: number, littleEndian: boolean): number[] => (littleEndian ? [value & 0xff, (value >> 8) & 0xff] : [(value >> 8) & 0xff, value & 0xff]);
const u32 = (value: number, littleEndian: boolean): number[] => {
  const bytes = [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
  return littleEndian ? bytes : bytes.reverse();
};
const tagBytes = (tag: number, littleEndian: boolean): number[] => [...u16(tag >>> 16, littleEndian), ...u16(tag & 0xffff, littleEndian)];

export const UNDEFINED = 0xffffffff;
const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT', 'UC', 'OF']);

export type Value = string | readonly number[];
const valueBytes = (value: Value): number[] => (typeof value === 'string' ? latin1(value) : [...value]);

/** tag (4), VR (2), [reserved (2), length (4)] or [length (2)], value. */
export function explicit(tag: number, vr: string, value: Value, options: { length?: number; littleEndian?: boolean } = {}): number[] {
  const littleEndian = options.littleEndian ?? true;
  const bytes = valueBytes(value);
  const length = options.length ?? bytes.length;
  return [...tagBytes(tag, littleEndian), ...latin1(vr), ...(LONG.has(vr) ? [0, 0, ...u32(length, littleEndian)] : u16(length, littleEndian)), ...bytes];
}

/** tag (4), length (4), value; also items and delimiters in every syntax. */
export function implicit(tag: number, value: Value, options: { length?: number; littleEndian?: boolean } = {}): number[] {
  const littleEndian = options.littleEndian ?? true;
  const bytes = valueBytes(value);
  return [...tagBytes(tag, littleEndian), ...u32(options.length ?? bytes.length, littleEndian), ...bytes];
}

export const item = (value: Value, options: { length?: number; littleEndian?: boolean } = {}): number[] => implicit(0xfffee000, value, options);
export const ITEM_END = implicit(0xfffee00d, []);
export const SEQUENCE_END = implicit(0xfffee0dd, []);

export const bytesOf = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat());
