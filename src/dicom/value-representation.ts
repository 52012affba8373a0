/**
 * Value representations (PS3.5 section 6.2, PS3.6) of elements that do not carry their own: Implicit VR, and UN where
 * the dictionary knows better. The dictionary is dcmjs's. Left out: private dictionaries; private elements are UN.
 */
import type { DataElement, DataSetNode } from './data-set.ts';
import { integer } from './element-values.ts';
import { formatTag, TAG } from './tags.ts';
import { dictionaryVr } from './write-part10.ts';

/** Overlay planes repeat in groups 6000–601E, curves in 5000–501E: the dictionary has the first. */
function firstOfGroup(tag: number): number {
  const group = tag >>> 16;
  return (group > 0x6000 && group <= 0x60fe) || (group > 0x5000 && group <= 0x50fe) ? ((group & 0xff00) * 0x10000 + (tag & 0xffff)) >>> 0 : tag;
}

/** Two letters, always: UN where nothing is known. `root` says what "US or SS" means (PixelRepresentation). */
export function vrOf(element: DataElement, root: DataSetNode): string {
  if (element.items !== undefined) return 'SQ';
  if (element.vr !== '' && element.vr !== 'UN') return element.vr;
  const { tag } = element;
  if ((tag >>> 16) % 2 === 1) return (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff ? 'LO' : 'UN';
  const known = dictionaryVr(formatTag(firstOfGroup(tag)));
  switch (known) {
    case undefined:
    case 'na':
      return 'UN';
    case 'xs':
      return integer(root, TAG.PixelRepresentation) === 1 ? 'SS' : 'US';
    case 'ox':
    case 'lt':
      return 'OW';
    case 'up':
      return 'UL';
    case 'SQ':
      // Items that were not recognised by their shape: the bytes are all that can be told.
      return element.length === 0 ? 'SQ' : 'UN';
    default:
      return known;
  }
}
