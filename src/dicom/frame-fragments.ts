/**
 * Which fragments belong to which frame (PS3.5 A.4, table A.4-1): offset tables where they can be believed, codestream
 * beginnings where not. Works on positions alone, so that neither whole files nor whole frames need be in memory.
 */
import type { ByteRange } from './data-set.ts';

export interface FragmentPlan {
  /** Without the Basic Offset Table. Offsets are those of the values, behind their item headers. */
  readonly fragments: readonly ByteRange[];
  readonly frameCount: number;
  /** Of each frame's first fragment, from the first byte of the first fragment's item tag; empty where not written. */
  readonly offsets: readonly number[];
  /** Does a codestream begin at this fragment? */
  readonly begins: (fragment: ByteRange) => boolean;
}

const ITEM_HEADER_BYTES = 8;

/** One list of fragments for each frame that could be told; fewer lists than frames where the rest cannot. */
export function fragmentsByFrame({ fragments, frameCount, offsets, begins }: FragmentPlan): readonly (readonly ByteRange[])[] {
  const filled = fragments.filter(({ length }) => length > 0);
  if (frameCount <= 1) return filled.length === 0 ? [] : [filled];
  if (fragments.length === frameCount) return fragments.map((fragment) => [fragment]);
  const base = (fragments[0]?.offset ?? 0) - ITEM_HEADER_BYTES;
  const place = new Map(fragments.map((fragment, at) => [fragment.offset - ITEM_HEADER_BYTES - base, at]));
  const starts = offsets.map((offset) => place.get(offset));
  const believable = offsets.length === frameCount && starts.every((start, at) => start !== undefined && (at === 0 ? start === 0 : start > (starts[at - 1] ?? Infinity)));
  const firsts = believable ? (starts as number[]) : fragments.flatMap((fragment, at) => (at === 0 || begins(fragment) ? [at] : []));
  return firsts.slice(0, frameCount).map((from, at) => fragments.slice(from, firsts[at + 1] ?? fragments.length));
}
