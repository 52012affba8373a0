/**
 * The picture of a flagged finding: the grey film in colour samples, the heatmap as a warm tint, outlines around the
 * regions. Pure; the film comes already scaled down (the preview of inference/preview.ts, decoded). Leaves out words
 * (burn-in.ts) and the DICOM around it (visual.ts).
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Box, Finding, Heatmap, Polygon } from '../study/types.ts';
import type { RgbPicture } from './burn-in.ts';

/** Presentation polarity, 8 bits, row by row; shows the whole stored image, at whatever scale. */
export interface GreyPicture {
  readonly rows: number;
  readonly columns: number;
  readonly pixels: Uint8Array;
}

/** Rows and columns of the stored image, in whose pixels findings are given. */
export interface StoredSize {
  readonly rows: number;
  readonly columns: number;
}

const OUTLINE = [255, 210, 0] as const;
const TINT = [255, 80, 0] as const;
/** The hottest cell covers this part of the grey: the film stays readable below. */
const TINT_OPACITY_MAX = 0.45;

export function drawOverlay(film: GreyPicture, stored: StoredSize, finding: Finding): RgbPicture {
  const { rows, columns } = film;
  assert.equal(film.pixels.length, rows * columns, 'one byte a pixel');
  const pixels = new Uint8Array(rows * columns * 3);
  for (let from = 0, to = 0; from < film.pixels.length; from++) for (let channel = 0; channel < 3; channel++, to++) pixels[to] = film.pixels[from]!;
  const picture = { rows, columns, pixels };
  const scale = { x: columns / stored.columns, y: rows / stored.rows };
  if (finding.heatmap !== undefined) tint(picture, scale, finding.heatmap);
  const shown = finding.boxes.filter((box) => box.score >= finding.threshold);
  for (const outline of shown.length > 0 ? shown.map(cornersOf) : finding.region) drawOutline(picture, scale, outline);
  return picture;
}

interface Scale {
  readonly x: number;
  readonly y: number;
}

/** Between cells the heat is interpolated: their edges are the network's, not the patient's. Warm ones hardly show. */
function tint({ rows, columns, pixels }: RgbPicture, scale: Scale, { area, ...heatmap }: Heatmap): void {
  const cells = Buffer.from(heatmap.cellsBase64, 'base64');
  assert.equal(cells.length, heatmap.rows * heatmap.columns, 'one byte a cell');
  const across = Array.from({ length: columns }, (_, column) => between(((column + 0.5) / scale.x - area.x) / area.width, heatmap.columns));
  for (let row = 0; row < rows; row++) {
    const down = between(((row + 0.5) / scale.y - area.y) / area.height, heatmap.rows);
    if (down === undefined) continue;
    for (let column = 0; column < columns; column++) {
      const over = across[column];
      if (over === undefined) continue;
      const above = mix(cells[down.low * heatmap.columns + over.low]!, cells[down.low * heatmap.columns + over.high]!, over.part);
      const below = mix(cells[down.high * heatmap.columns + over.low]!, cells[down.high * heatmap.columns + over.high]!, over.part);
      const heat = mix(above, below, down.part) / 255;
      const opacity = heat * heat * TINT_OPACITY_MAX;
      const at = (row * columns + column) * 3;
      for (let channel = 0; channel < 3; channel++) pixels[at + channel] = Math.round(mix(pixels[at + channel]!, TINT[channel]!, opacity));
    }
  }
}

interface Between {
  readonly low: number;
  readonly high: number;
  /** 0 at the middle of the low cell, 1 at that of the high one. */
  readonly part: number;
}

/** The two cells around a place (0–1 of the area) in one direction; undefined outside. */
function between(place: number, count: number): Between | undefined {
  if (!(place >= 0 && place < 1)) return undefined;
  const at = Math.min(Math.max(place * count - 0.5, 0), count - 1);
  const low = Math.floor(at);
  return { low, high: Math.min(low + 1, count - 1), part: at - low };
}

function mix(from: number, to: number, part: number): number {
  return from * (1 - part) + to * part;
}

function cornersOf({ x, y, width, height }: Box): Polygon {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}

/** Two pixels wide, closed. Points outside the picture are left out. */
function drawOutline(picture: RgbPicture, scale: Scale, points: Polygon): void {
  points.forEach(([fromX, fromY], index) => {
    const [toX, toY] = points[(index + 1) % points.length]!;
    const steps = Math.min(Math.ceil(Math.hypot((toX - fromX) * scale.x, (toY - fromY) * scale.y)), 2 * (picture.rows + picture.columns));
    for (let step = 0; step <= steps; step++) {
      const part = steps === 0 ? 0 : step / steps;
      drawDot(picture, Math.floor((fromX + (toX - fromX) * part) * scale.x), Math.floor((fromY + (toY - fromY) * part) * scale.y));
    }
  });
}

function drawDot({ rows, columns, pixels }: RgbPicture, x: number, y: number): void {
  for (const row of [y, y + 1]) {
    for (const column of [x, x + 1]) {
      if (row >= 0 && row < rows && column >= 0 && column < columns) pixels.set(OUTLINE, (row * columns + column) * 3);
    }
  }
}
