/**
 * Accept (RFC 9110 12.5.1) as DICOMweb uses it (PS3.18 8.3.3, 8.7): ranges with weights, `multipart/related` whose
 * `type` and `transfer-syntax` say what the parts shall be. PURE.
 */
import { transferSyntax } from '../../dicom/transfer-syntaxes.ts';

export interface MediaRange {
  /** Of the parts where the range is multipart; lower case. */
  readonly type: string;
  /** `either`: the client takes anything at all. */
  readonly multipart: boolean | 'either';
  /** '*' where any will do; undefined where the client does not say. */
  readonly transferSyntaxUid: string | undefined;
  readonly weight: number;
}

const HEADER_CHARACTERS_MAX = 2_048;
const RANGES_MAX = 32;

/** Cuts at a separator outside of quotes. */
function cut(text: string, separator: string): string[] {
  const parts: string[] = [''];
  let quoted = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    if (letter === separator && !quoted) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** Heaviest first, otherwise in the client's order. Nothing, or nothing readable, is "anything". */
export function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  const ranges = cut((accept ?? '').slice(0, HEADER_CHARACTERS_MAX), ',').slice(0, RANGES_MAX).map(rangeOf).filter(({ weight }) => weight > 0);
  if (ranges.length === 0 && (accept ?? '').trim() === '') return [{ type: '*/*', multipart: 'either', transferSyntaxUid: undefined, weight: 1 }];
  return ranges.toSorted((a, b) => b.weight - a.weight);
}

function rangeOf(text: string): MediaRange {
  const [name = '', ...pairs] = cut(text, ';');
  const parameters = new Map(pairs.map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, Math.max(0, at)).trim().toLowerCase(), pair.slice(at + 1).trim().replace(/^"(.*)"$/, '$1')] as const;
  }));
  const weight = Number(parameters.get('q') ?? 1);
  const outer = name.toLowerCase();
  const multipart = outer === '*/*' ? 'either' : outer === 'multipart/related' || outer === 'multipart/*';
  const type = outer.startsWith('multipart/') ? (parameters.get('type')?.toLowerCase() ?? '*/*') : outer;
  return { type, multipart, transferSyntaxUid: parameters.get('transfer-syntax'), weight: Number.isFinite(weight) ? weight : 0 };
}

export const admits = (range: MediaRange, type: string): boolean => range.type === '*/*' || range.type === type || range.type === `${type.split('/')[0]}/*`;

/** PS3.18 table 8.7.3-2; RLE, JPEG XL and HTJ2K by their registered or newer names. Undefined: only as octets. */
function frameMediaType(transferSyntaxUid: string): string | undefined {
  const suffix = transferSyntaxUid.replace(/^1\.2\.840\.10008\.1\.2\./, '');
  switch (transferSyntax(transferSyntaxUid)?.codec) {
    case 'jpeg':
      return 'image/jpeg';
    case 'jpeg-ls':
      return 'image/jls';
    case 'jpeg-2000':
      return 'image/jp2';
    case 'htj2k':
      return 'image/jphc';
    case 'rle':
      return 'image/dicom-rle';
    default:
      if (['4.92', '4.93'].includes(suffix)) return 'image/jpx';
      if (['4.110', '4.111', '4.112'].includes(suffix)) return 'image/jxl';
      return undefined;
  }
}

/** Names by which clients ask for the same thing. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'image/jls': ['image/x-jls'],
  'image/dicom-rle': ['image/x-dicom-rle'],
  'image/jphc': ['image/jph', 'image/jhc'],
  'image/jp2': ['image/jpx', 'image/j2c'],
  'image/jpeg': ['image/jll'],
};

/** How one frame is given; undefined where nothing that was asked for fits. */
export interface FrameForm {
  readonly form: 'as-stored' | 'decoded';
  readonly mediaType: string;
  readonly transferSyntaxUid: string;
  readonly multipart: boolean;
}

export const NATIVE_TRANSFER_SYNTAX = '1.2.840.10008.1.2.1';
export const OCTETS = 'application/octet-stream';

/**
 * Little endian samples are the same bytes as stored and as decoded.
 * `asStored`: the stored bytes may be handed out at all.
 */
export function frameForm(ranges: readonly MediaRange[], stored: { readonly transferSyntaxUid: string; readonly encapsulated: boolean; readonly asStored: boolean }): FrameForm | undefined {
  const natively = (range: MediaRange): FrameForm => ({
    form: !stored.encapsulated && stored.asStored ? 'as-stored' : 'decoded', mediaType: OCTETS, transferSyntaxUid: NATIVE_TRANSFER_SYNTAX, multipart: range.multipart !== false,
  });
  const mediaType = frameMediaType(stored.transferSyntaxUid) ?? OCTETS;
  const names = [mediaType, ...(ALIASES[mediaType] ?? [])];
  for (const range of ranges) {
    const { transferSyntaxUid: wanted } = range;
    const anySyntax = wanted === undefined || wanted === '*';
    const compressed = stored.encapsulated && stored.asStored;
    // "Octets in any syntax" is how viewers ask for whatever is stored; octets without a word are uncompressed.
    const takesStored = wanted === stored.transferSyntaxUid || wanted === '*' || range.type !== OCTETS;
    if (compressed && (anySyntax || wanted === stored.transferSyntaxUid) && takesStored && (names.some((name) => admits(range, name)) || range.type === OCTETS)) {
      return { form: 'as-stored', mediaType, transferSyntaxUid: stored.transferSyntaxUid, multipart: range.multipart !== false };
    }
    if (admits(range, OCTETS) && (anySyntax || wanted === NATIVE_TRANSFER_SYNTAX || wanted === '1.2.840.10008.1.2')) return natively(range);
  }
  return undefined;
}
