/** The parameters of rendered media (PS3.18 8.3.5.1): `window`, `viewport`, `quality`, and the picture's format. PURE. */
import { FirstreadError } from '../../errors.ts';
import { admits, mediaRanges } from './media-types.ts';
import type { Encoding, RenderWish } from './port.ts';

const SIDE_PIXELS_MAX = 8_192;
const COORDINATE_MAX = 65_535;
const JPEG_QUALITY_DEFAULT = 90;
const VOI_FUNCTIONS: Readonly<Record<string, 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'>> = { linear: 'LINEAR', 'linear-exact': 'LINEAR_EXACT', linear_exact: 'LINEAR_EXACT', sigmoid: 'SIGMOID' };

type Query = Readonly<Record<string, unknown>>;

/** Throws `request-invalid`. */
export function renderWishOf(query: Query): RenderWish {
  const window = query['window'] === undefined ? undefined : windowOf(String(query['window']));
  const viewport = query['viewport'] === undefined ? undefined : viewportOf(String(query['viewport']));
  return { ...(window === undefined ? {} : { window }), ...(viewport === undefined ? {} : { viewport }) };
}

function numbersOf(text: string): readonly number[] {
  if (text.length > 200) throw new FirstreadError('request-invalid');
  return text.split(',').map((part) => (/^\s*-?\d+(\.\d+)?([eE][+-]?\d{1,2})?\s*$/.test(part) ? Number(part) : Number.NaN));
}

/** center,width,function: the function may be left out. */
function windowOf(text: string): NonNullable<RenderWish['window']> {
  const parts = text.split(',');
  const [center, width] = numbersOf(parts.slice(0, 2).join(','));
  const shape = VOI_FUNCTIONS[(parts[2] ?? 'linear').trim().toLowerCase()];
  const fits = parts.length <= 3 && Number.isFinite(center) && Math.abs(center!) <= 1e6 && Number.isFinite(width) && width! > 0 && width! <= 1e6;
  if (!fits || shape === undefined) throw new FirstreadError('request-invalid');
  return { center: center!, width: width!, function: shape };
}

/** width,height or width,height,x,y,width,height: into what size, and which part of the picture. */
function viewportOf(text: string): NonNullable<RenderWish['viewport']> {
  const numbers = numbersOf(text);
  const [width, height, x = 0, y = 0, partWidth, partHeight] = numbers;
  const side = (value: number | undefined): boolean => Number.isInteger(value) && value! >= 1 && value! <= SIDE_PIXELS_MAX;
  const coordinate = (value: number): boolean => value >= 0 && value <= COORDINATE_MAX;
  const extent = (value: number | undefined): boolean => value !== undefined && Math.abs(value) >= 1 && Math.abs(value) <= COORDINATE_MAX;
  if ((numbers.length !== 2 && numbers.length !== 6) || !side(width) || !side(height)) throw new FirstreadError('request-invalid');
  if (numbers.length === 2) return { width: width!, height: height! };
  if (!coordinate(x) || !coordinate(y) || !extent(partWidth) || !extent(partHeight)) throw new FirstreadError('request-invalid');
  return { width: width!, height: height!, region: { x, y, width: partWidth!, height: partHeight! } };
}

/** JPEG unless something else is wanted. Throws `not-acceptable`, `request-invalid`. */
export function encodingOf(accept: string | undefined, quality: unknown): Encoding {
  const wanted = quality === undefined ? JPEG_QUALITY_DEFAULT : Number(quality);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 100) throw new FirstreadError('request-invalid');
  for (const range of mediaRanges(accept)) {
    for (const mediaType of ['image/jpeg', 'image/png'] as const) if (admits(range, mediaType)) return { mediaType, quality: wanted };
  }
  throw new FirstreadError('not-acceptable');
}
