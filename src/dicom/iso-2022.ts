/**
 * Code extensions (PS3.3 table C.12-3 and C.12-4, PS3.5 6.1.2.5): escape sequences that switch the low (G0) or high
 * (G1) half of the code table. Each run between switches is given to the platform's decoder in the form it knows
 * (EUC-JP, EUC-KR, GBK, ISO 8859).
 */
interface CodeElement {
  readonly half: 'G0' | 'G1';
  readonly bytesPerCharacter: 1 | 2;
  readonly decode: (run: Uint8Array) => string;
}

const decoderOf = (label: string): ((run: Uint8Array) => string) => {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  return (run) => (decoder ??= new TextDecoder(label)).decode(run);
};

const ascii = decoderOf('windows-1252');
const eucJp = decoderOf('euc-jp');
const raised = (run: Uint8Array): Uint8Array => run.map((byte) => byte | 0x80);

/** JIS X 0212 is reached in EUC-JP by a leading 8F. */
function jisX0212(run: Uint8Array): string {
  const euc: number[] = [];
  for (let i = 0; i + 1 < run.length; i += 2) euc.push(0x8f, run[i]! | 0x80, run[i + 1]! | 0x80);
  return eucJp(Uint8Array.from(euc));
}

const g0 = (decode: (run: Uint8Array) => string, bytesPerCharacter: 1 | 2 = 1): CodeElement => ({ half: 'G0', bytesPerCharacter, decode });
const g1 = (decode: (run: Uint8Array) => string, bytesPerCharacter: 1 | 2 = 1): CodeElement => ({ half: 'G1', bytesPerCharacter, decode });

const ASCII = g0(ascii);
const LATIN_1 = g1(ascii);
const KATAKANA = g1(decoderOf('shift_jis'));

/** By the bytes after ESC, as characters. */
const BY_ESCAPE: readonly (readonly [string, CodeElement])[] = [
  ['(B', ASCII],
  // JIS X 0201 romaji: the yen sign's place is DICOM's delimiter, so it is read as ASCII.
  ['(J', ASCII],
  [')I', KATAKANA],
  ['-A', LATIN_1],
  ['-B', g1(decoderOf('iso-8859-2'))],
  ['-C', g1(decoderOf('iso-8859-3'))],
  ['-D', g1(decoderOf('iso-8859-4'))],
  ['-L', g1(decoderOf('iso-8859-5'))],
  ['-G', g1(decoderOf('iso-8859-6'))],
  ['-F', g1(decoderOf('iso-8859-7'))],
  ['-H', g1(decoderOf('iso-8859-8'))],
  ['-M', g1(decoderOf('windows-1254'))],
  ['-b', g1(decoderOf('iso-8859-15'))],
  ['-T', g1(decoderOf('windows-874'))],
  ['$B', g0((run) => eucJp(raised(run)), 2)],
  ['$@', g0((run) => eucJp(raised(run)), 2)],
  ['$(D', g0(jisX0212, 2)],
  ['$)C', g1(decoderOf('euc-kr'), 2)],
  ['$)A', g1(decoderOf('gbk'), 2)],
];

/** What the high half holds at the start of a value: the first term's set. */
const INITIAL_G1: Readonly<Record<string, string>> = {
  '13': ')I', '100': '-A', '101': '-B', '109': '-C', '110': '-D', '144': '-L', '127': '-G', '126': '-F', '138': '-H', '148': '-M', '203': '-b', '166': '-T', '149': '$)C', '58': '$)A',
};

const byEscape = new Map(BY_ESCAPE);

function escapeAt(bytes: Uint8Array, at: number): readonly [number, CodeElement] | undefined {
  for (const length of [2, 3]) {
    const element = byEscape.get(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
    if (element !== undefined) return [1 + length, element];
  }
  return undefined;
}

/** PS3.5 6.1.2.5.3: back to the initial state after these (and after ^ and = in person names). */
const RESETS = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x5c, 0x5e, 0x3d]);

export function decodeIso2022(bytes: Uint8Array, terms: readonly string[]): string {
  const initialG1 = byEscape.get(INITIAL_G1[/(\d+)$/.exec(terms[0] ?? '')?.[1] ?? ''] ?? '') ?? initialOfLaterTerms(terms);
  let low = ASCII;
  let high = initialG1;
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i]!;
    if (byte === 0x1b) {
      const found = escapeAt(bytes, i);
      if (found === undefined) {
        i++; // An escape that we do not know: its letters stay visible.
        continue;
      }
      if (found[1].half === 'G0') low = found[1];
      else high = found[1];
      i += found[0];
      continue;
    }
    const upper = byte >= 0x80;
    const element = upper ? high : low;
    if (!upper && (element.bytesPerCharacter === 1 || byte < 0x21)) {
      text += String.fromCharCode(byte);
      if (RESETS.has(byte)) [low, high] = [ASCII, initialG1];
      i++;
      continue;
    }
    let end = i;
    while (end < bytes.length && bytes[end] !== 0x1b && bytes[end]! >= 0x80 === upper && (upper || bytes[end]! >= 0x21)) end++;
    text += element.decode(bytes.subarray(i, end));
    i = end;
  }
  return text;
}

/** Korean and Chinese data sets leave the first value empty and name the set in the second. */
function initialOfLaterTerms(terms: readonly string[]): CodeElement {
  for (const term of terms.slice(1)) {
    const element = byEscape.get(INITIAL_G1[/(\d+)$/.exec(term)?.[1] ?? ''] ?? '');
    if (element !== undefined) return element;
  }
  return LATIN_1;
}
