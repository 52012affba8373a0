/**
 * Specific Character Set (0008,0005): bytes → Unicode (PS3.3 C.12.1.1.2, PS3.5 section 6.1).
 *
 * Hospitals send what their devices were set to, not what they declare: raw UTF-8 or windows-1258 (Vietnamese) under
 * ISO_IR 100 or nothing. Where the bytes say so clearly, they are believed, and `guessed` says that they were.
 * Left out: TCVN3, VNI and VISCII, which share all their bytes with Latin 1 and cannot be told apart in a short name.
 */
import { decodeIso2022 } from './iso-2022.ts';
import { looksVietnamese } from './vietnamese.ts';

/** The declared terms, and the encoding recognised in their place where they are absent or wrong. */
export interface RecognisedCharacterSet {
  readonly terms: readonly string[];
  readonly recognised?: RecognisedEncoding;
}

export type CharacterSet = RecognisedCharacterSet | string | readonly string[] | undefined;
export type RecognisedEncoding = 'utf-8' | 'windows-1258' | 'windows-1252';

/** Defined terms without code extensions (PS3.3 table C.12-2) → WHATWG encoding labels. */
const SINGLE_BYTE: Readonly<Record<string, string>> = {
  'ISO_IR 6': 'us-ascii',
  'ISO_IR 100': 'latin1',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** "ISO-IR 192", "iso_ir_192", "ISO IR192", "UTF-8" are seen in the field. */
function normaliseTerm(term: string): string {
  const bare = term.trim().toUpperCase();
  const ir = /^ISO[ _-]?(2022)?[ _-]?IR[ _-]?(\d+)$/.exec(bare);
  if (ir !== null) return `ISO${ir[1] === undefined ? '' : ' 2022'}${ir[1] === undefined ? '_' : ' '}IR ${ir[2]}`;
  if (/^UTF-?8$/.test(bare)) return 'ISO_IR 192';
  return bare;
}

function termsOf(characterSet: CharacterSet): readonly string[] {
  if (characterSet === undefined) return [];
  if (typeof characterSet === 'string') return characterSet.split('\\').map(normaliseTerm);
  if ('terms' in characterSet) return characterSet.terms.map(normaliseTerm);
  return characterSet.map(normaliseTerm);
}

function decodeStrictly(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const hasHighBytes = (bytes: Uint8Array): boolean => bytes.some((byte) => byte >= 0x80);
const hasEscapes = (bytes: Uint8Array): boolean => bytes.includes(0x1b);

/** ISO 8859-1 to the letter: WHATWG's "latin1" is windows-1252, which is what devices mean by bytes 80–9F anyway. */
const latin1 = new TextDecoder('windows-1252');

/**
 * The encoding that undeclared or wrongly declared bytes are in; `undefined` where the declaration stands. Judged over
 * all the text of a data set at once: one name is little evidence, a name, a ward and a hospital are more.
 */
export function recogniseEncoding(bytes: Uint8Array, characterSet: CharacterSet): RecognisedEncoding | undefined {
  const terms = termsOf(characterSet);
  if (!hasHighBytes(bytes)) return undefined;
  const declared = terms.find((term) => term !== '') ?? '';
  const undeclared = declared === '' || declared === 'ISO_IR 6' || (SINGLE_BYTE[declared] === undefined && !declared.startsWith('ISO 2022'));
  const extended = terms.some((term) => term.startsWith('ISO 2022')) || hasEscapes(bytes);
  if (extended && !undeclared) return undefined;
  if (undeclared && hasEscapes(bytes)) return undefined;
  if (declared === 'ISO_IR 192') {
    if (decodeStrictly(bytes, 'utf-8') !== undefined) return undefined;
    return looksVietnamese(bytes) ? 'windows-1258' : 'windows-1252';
  }
  if (!undeclared && declared !== 'ISO_IR 100') return undefined;
  if (decodeStrictly(bytes, 'utf-8') !== undefined) return 'utf-8';
  if (looksVietnamese(bytes)) return 'windows-1258';
  return undeclared ? 'windows-1252' : undefined;
}

/** Text of one element, all its values; split it with `splitValues`. */
export function decodeText(bytes: Uint8Array, characterSet: CharacterSet): { text: string; guessed: boolean } {
  const terms = termsOf(characterSet);
  const first = terms.find((term) => term !== '') ?? '';
  if (!hasHighBytes(bytes) && !hasEscapes(bytes) && first !== 'ISO_IR 13') return { text: latin1.decode(bytes), guessed: false };
  const recognised = typeof characterSet === 'object' && 'terms' in characterSet ? characterSet.recognised : recogniseEncoding(bytes, characterSet);
  if (recognised !== undefined) {
    // A pooled guess of UTF-8 or windows-1258 may fail for a single value: Latin 1 always decodes.
    const text = decodeStrictly(bytes, recognised) ?? latin1.decode(bytes);
    return { text: text.normalize('NFC'), guessed: true };
  }
  if (terms.length > 1 || first.startsWith('ISO 2022') || hasEscapes(bytes)) return { text: decodeIso2022(bytes, terms), guessed: false };
  if (first === 'ISO_IR 13') return { text: decodeIso2022(bytes, ['ISO 2022 IR 13']), guessed: false };
  const label = SINGLE_BYTE[first];
  if (label === undefined || label === 'us-ascii') return { text: latin1.decode(bytes), guessed: hasHighBytes(bytes) };
  const strict = decodeStrictly(bytes, label);
  return strict === undefined ? { text: new TextDecoder(label).decode(bytes), guessed: true } : { text: strict, guessed: false };
}

/** Backslash separates values; after decoding it can no longer be half of a double-byte character. */
export function splitValues(text: string): readonly string[] {
  return text.split('\\');
}
