/**
 * Where a picture lies in its pane (PURE): zoom, pan, quarter turns and mirror as one affine matrix, the same for the
 * reduced picture, for full resolution and for the overlay. A view belongs to the reader's screen; the picture is
 * never altered. Matrices are [a, b, c, d, e, f] as in CSS: x' = a·x + c·y + e, y' = b·x + d·y + f.
 */

/** `zoom` 1 is the whole picture in the pane. `pan` in CSS pixels. `turns`: quarter turns clockwise, after the mirror. */
export const PLAIN_VIEW = Object.freeze({ zoom: 1, panX: 0, panY: 0, turns: 0, mirrored: false });

const ZOOM_MIN = 0.25;
const ZOOM_MAX = 64;
const COSINES = [1, 0, -1, 0];

/**
 * The picture's size on a screen of square pixels, in stored columns: `aspect` is the height of a stored pixel over its
 * width. Wide pixels make it wider, tall ones taller, so that nothing is thrown away.
 */
export function displaySize({ columns, rows }, aspect = 1) {
  return aspect >= 1 ? { width: columns, height: rows * aspect } : { width: columns / aspect, height: rows };
}

/** CSS pixels per display unit with the whole picture in the pane. */
export function fitScale(size, pane, turns = 0) {
  const [width, height] = turns % 2 === 0 ? [size.width, size.height] : [size.height, size.width];
  return width > 0 && height > 0 && pane.width > 0 && pane.height > 0 ? Math.min(pane.width / width, pane.height / height) : 1;
}

/** From stored pixels (0,0 = the corner of the first one) to CSS pixels of the pane. */
export function matrixOf(view, image, size, pane) {
  const scale = fitScale(size, pane, view.turns) * view.zoom;
  const [cos, sin] = [COSINES[view.turns % 4], COSINES[(view.turns + 3) % 4]];
  const mirror = view.mirrored ? -1 : 1;
  const scaleX = (scale * size.width) / image.columns;
  const scaleY = (scale * size.height) / image.rows;
  const [a, b, c, d] = [cos * mirror * scaleX, sin * mirror * scaleX, -sin * scaleY, cos * scaleY];
  const [middleX, middleY] = [image.columns / 2, image.rows / 2];
  return [a, b, c, d, pane.width / 2 + view.panX - a * middleX - c * middleY, pane.height / 2 + view.panY - b * middleX - d * middleY];
}

export const apply = ([a, b, c, d, e, f], [x, y]) => [a * x + c * y + e, b * x + d * y + f];

export function invert([a, b, c, d, e, f]) {
  const determinant = a * d - b * c;
  return [d / determinant, -b / determinant, -c / determinant, a / determinant, (c * f - d * e) / determinant, (b * e - a * f) / determinant];
}

/** Zooms so that the place under (x, y), in CSS pixels of the pane, stays where it is. */
export function zoomAt(view, factor, x, y, pane) {
  const zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, view.zoom * factor));
  const [fromX, fromY] = [x - pane.width / 2, y - pane.height / 2];
  const by = zoom / view.zoom;
  return keepInSight({ ...view, zoom, panX: fromX - (fromX - view.panX) * by, panY: fromY - (fromY - view.panY) * by }, pane);
}

export const panBy = (view, dx, dy, pane) => keepInSight({ ...view, panX: view.panX + dx, panY: view.panY + dy }, pane);

/** The picture's middle may leave the pane by what its zoom has added: never the whole picture. */
function keepInSight(view, pane) {
  const reachX = (pane.width / 2) * Math.max(1, view.zoom);
  const reachY = (pane.height / 2) * Math.max(1, view.zoom);
  return { ...view, panX: Math.min(reachX, Math.max(-reachX, view.panX)), panY: Math.min(reachY, Math.max(-reachY, view.panY)) };
}

/** One stored pixel on one pixel of the screen, around the place in the middle of the pane. */
export function oneToOne(view, size, pane, pixelRatio) {
  const zoom = 1 / pixelRatio / fitScale(size, pane, view.turns);
  return zoomAt(view, zoom / view.zoom, pane.width / 2, pane.height / 2, pane);
}

export const fit = (view) => ({ ...view, zoom: 1, panX: 0, panY: 0 });
export const turn = (view) => ({ ...fit(view), turns: (view.turns + 1) % 4 });
/** Left and right of the screen, whatever the turns. */
export const mirror = (view) => ({ ...view, panX: -view.panX, mirrored: !view.mirrored, turns: (4 - view.turns) % 4 });
/** Top and bottom of the screen. */
export const upsideDown = (view) => ({ ...view, panY: -view.panY, mirrored: !view.mirrored, turns: (6 - view.turns) % 4 });
export const isTurned = (view) => view.turns !== 0 || view.mirrored;
