/**
 * A network's heatmap as a tint over the picture. The cells are few: they are drawn large and smooth, in one warm hue
 * whose strength follows the value, so that the film stays visible below.
 */
import { h } from '../dom.js';

/** Of the hottest cell: below this nothing is tinted. */
const FAINTEST = 0.3;
const SIDE = 384;
const WARM = [255, 104, 56];
const HOT = [255, 226, 128];

/** A canvas in the shape of the picture; undefined where there is nothing to show. */
export function drawHeat({ columns, rows, area, cellsBase64 }, image) {
  const cells = Uint8Array.from(atob(cellsBase64), (letter) => letter.charCodeAt(0));
  const peak = cells.reduce((a, b) => Math.max(a, b), 0);
  if (cells.length !== columns * rows || peak === 0) return undefined;
  const small = h('canvas', { width: columns, height: rows });
  const tint = new ImageData(columns, rows);
  cells.forEach((value, i) => {
    const part = Math.max(0, (value / peak - FAINTEST) / (1 - FAINTEST)) ** 1.5;
    for (let c = 0; c < 3; c += 1) tint.data[4 * i + c] = WARM[c] + (HOT[c] - WARM[c]) * part * part;
    tint.data[4 * i + 3] = 255 * Math.sqrt(part);
  });
  small.getContext('2d').putImageData(tint, 0, 0);
  const scale = SIDE / Math.max(image.columns, image.rows);
  const canvas = h('canvas', { class: 'heat', width: Math.max(1, Math.round(image.columns * scale)), height: Math.max(1, Math.round(image.rows * scale)), 'aria-hidden': 'true' });
  const pen = canvas.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  const [x, y] = [canvas.width / image.columns, canvas.height / image.rows];
  pen.drawImage(small, area.x * x, area.y * y, area.width * x, area.height * y);
  return canvas;
}
