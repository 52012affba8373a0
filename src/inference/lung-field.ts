/**
 * What the lung-field network's outputs mean: where the lungs are, which part of the film the other models see, and
 * whether this is an upright frontal chest at all. PURE. Thresholds on the network's own verdict are in its manifest;
 * the geometric ones here only catch what no chest can look like, so that whole-lung disease stays readable.
 */
import assert from 'node:assert';
import type { Placement, Rect } from './preprocess.ts';
import type { ManifestInput } from './manifest-types.ts';

/** Probability from which a mask cell counts as lung. */
export const MASK_THRESHOLD = 0.5;
/** The second component counts as a lung from this fraction of the first one's area (smaller: gas in the stomach). */
export const SECOND_LUNG_AREA_FRACTION_MIN = 0.12;
/** Lungs smaller than this fraction of the frame in area, or of its sides in extent, are not believed. */
export const LUNG_AREA_FRACTION_MIN = 0.02;
export const LUNG_EXTENT_FRACTION_MIN = 0.18;
/**
 * The lungs' box is taken where so much of their area lies beyond each edge, and then widened by what lies beyond on real
 * films (in parts of the box so taken; the costophrenic angles reach furthest). Outermost cells alone would do it too,
 * but one cell more or less moves them, and with them the score: recompression, borders and turns move this half as much.
 */
export const BEYOND_EDGE_AREA_FRACTION = 0.01;
export const BEYOND_EDGE_REACH = { side: 0.033, top: 0.04, bottom: 0.093 } as const;
/** Margin around the lungs' box as a fraction of the box's sides, unless the manifest says otherwise. */
export const CROP_MARGIN = 0.06;

export interface LungField {
  /** 1 = lung (at most two components kept), on the network's grid. */
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** From the network's grid to the picture. */
  readonly placement: Placement;
  /** One box per lung, the larger lung first, in pixels of the picture. */
  readonly maskBoxes: readonly Rect[];
  /** Box around both, steadied (BEYOND_EDGE_REACH), in pixels of the picture; undefined when no believable lung was found. */
  readonly region: Rect | undefined;
  /** Lung area as a fraction of the grid. */
  readonly areaFraction: number;
}

export type FrontalVerdict =
  | { readonly frontal: true; readonly probability: number }
  | { readonly frontal: false; readonly probability: number; readonly reason: 'not-a-frontal-chest' | 'no-lungs-found' };

/** In cells of the network's grid; right and bottom are beyond the box. */
interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Component extends Edges {
  area: number;
  readonly label: number;
}

/** `probabilities`: the mask output after its activation, one channel, height × width. */
export function lungRegion(probabilities: Float32Array, width: number, height: number, placement: Placement): LungField {
  assert(probabilities.length === width * height, 'mask and its size differ');
  const { labels, components } = labelComponents(probabilities, width, height);
  components.sort((a, b) => b.area - a.area);
  const largest = components[0];
  const lungs = components.slice(0, 2).filter((part) => part.area >= SECOND_LUNG_AREA_FRACTION_MIN * largest!.area);
  const kept = new Set(lungs.map((part) => part.label));
  const mask = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) mask[i] = kept.has(labels[i]!) ? 1 : 0;
  const maskBoxes = lungs.map((part) => toPicture(part, placement));
  const areaFraction = lungs.reduce((sum, part) => sum + part.area, 0) / labels.length;
  const box = lungs.length === 0 ? undefined : lungs.reduce(unite);
  const believable =
    box !== undefined &&
    areaFraction >= LUNG_AREA_FRACTION_MIN &&
    box.right - box.left >= LUNG_EXTENT_FRACTION_MIN * width &&
    box.bottom - box.top >= LUNG_EXTENT_FRACTION_MIN * height;
  const region = believable ? toPicture(steadyEdges(probabilities, mask, width, height), placement) : undefined;
  return { mask, width, height, placement, maskBoxes, region, areaFraction };
}

/** Box around a mask, to parts of a cell; each cell counts as its probability says. */
function steadyEdges(probabilities: Float32Array, mask: Uint8Array, width: number, height: number): Edges {
  const columns = new Float64Array(width);
  const rows = new Float64Array(height);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    columns[i % width]! += probabilities[i]!;
    rows[Math.floor(i / width)]! += probabilities[i]!;
  }
  const [left, right] = [quantile(columns, BEYOND_EDGE_AREA_FRACTION), quantile(columns, 1 - BEYOND_EDGE_AREA_FRACTION)];
  const [top, bottom] = [quantile(rows, BEYOND_EDGE_AREA_FRACTION), quantile(rows, 1 - BEYOND_EDGE_AREA_FRACTION)];
  return {
    left: Math.max(0, left - BEYOND_EDGE_REACH.side * (right - left)),
    right: Math.min(width, right + BEYOND_EDGE_REACH.side * (right - left)),
    top: Math.max(0, top - BEYOND_EDGE_REACH.top * (bottom - top)),
    bottom: Math.min(height, bottom + BEYOND_EDGE_REACH.bottom * (bottom - top)),
  };
}

/** Where `fraction` of the amounts is reached, an amount lying evenly between its index and the next. */
function quantile(amounts: Float64Array, fraction: number): number {
  const wanted = fraction * amounts.reduce((sum, amount) => sum + amount, 0);
  let reached = 0;
  for (let i = 0; i < amounts.length; i++) {
    const amount = amounts[i]!;
    if (amount > 0 && reached + amount >= wanted) return i + (wanted - reached) / amount;
    reached += amount;
  }
  return amounts.length;
}

/** `frontalProbability`: the network's `frontal` output after its activation; `threshold` from the manifest. */
export function judgeFrontal(frontalProbability: number, threshold: number, field: LungField): FrontalVerdict {
  const probability = frontalProbability;
  // Not-a-number must refuse, hence the negation.
  if (!(probability >= threshold)) return { frontal: false, probability, reason: 'not-a-frontal-chest' };
  if (field.region === undefined) return { frontal: false, probability, reason: 'no-lungs-found' };
  return { frontal: true, probability };
}

/** The part of the film that a model sees: lungs and margin, cut at the film's edge; the whole film when there are none. */
export function cropRegion(field: LungField | undefined, image: { readonly width: number; readonly height: number }, input: ManifestInput): Rect {
  const whole = { x: 0, y: 0, width: image.width, height: image.height };
  const lungs = field?.region;
  if (input.crop === 'whole' || lungs === undefined) return whole;
  const margin = input.cropMargin ?? CROP_MARGIN;
  const left = Math.max(0, lungs.x - margin * lungs.width);
  const top = Math.max(0, lungs.y - margin * lungs.height);
  const right = Math.min(image.width, lungs.x + (1 + margin) * lungs.width);
  const bottom = Math.min(image.height, lungs.y + (1 + margin) * lungs.height);
  return right - left < 1 || bottom - top < 1 ? whole : { x: left, y: top, width: right - left, height: bottom - top };
}

/** Whether a point of the picture lies in the lungs or within `reach` cells of the mask grid of them. */
export function insideLungs(field: LungField, x: number, y: number, reach = 0): boolean {
  const column = Math.floor((x - field.placement.originX) / field.placement.scaleX);
  const row = Math.floor((y - field.placement.originY) / field.placement.scaleY);
  for (let v = Math.max(0, row - reach); v <= Math.min(field.height - 1, row + reach); v++) {
    for (let u = Math.max(0, column - reach); u <= Math.min(field.width - 1, column + reach); u++) {
      if (field.mask[v * field.width + u] === 1) return true;
    }
  }
  return false;
}

/** 4-connected components by flood fill with an explicit stack. */
function labelComponents(probabilities: Float32Array, width: number, height: number) {
  const labels = new Int32Array(probabilities.length);
  const components: Component[] = [];
  const stack: number[] = [];
  for (let seed = 0; seed < labels.length; seed++) {
    if (labels[seed] !== 0 || !(probabilities[seed]! >= MASK_THRESHOLD)) continue;
    const part: Component = { area: 0, left: width, top: height, right: 0, bottom: 0, label: components.length + 1 };
    const visit = (at: number): void => {
      if (labels[at] !== 0 || !(probabilities[at]! >= MASK_THRESHOLD)) return;
      labels[at] = part.label;
      stack.push(at);
    };
    visit(seed);
    while (stack.length > 0) {
      const at = stack.pop()!;
      const x = at % width;
      const y = (at - x) / width;
      part.area++;
      part.left = Math.min(part.left, x);
      part.right = Math.max(part.right, x + 1);
      part.top = Math.min(part.top, y);
      part.bottom = Math.max(part.bottom, y + 1);
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
      if (y > 0) visit(at - width);
      if (y < height - 1) visit(at + width);
    }
    components.push(part);
  }
  return { labels, components };
}

function unite(a: Component, b: Component): Component {
  return {
    area: a.area + b.area,
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
    label: a.label,
  };
}

function toPicture(part: Edges, placement: Placement): Rect {
  return {
    x: placement.originX + part.left * placement.scaleX,
    y: placement.originY + part.top * placement.scaleY,
    width: (part.right - part.left) * placement.scaleX,
    height: (part.bottom - part.top) * placement.scaleY,
  };
}
