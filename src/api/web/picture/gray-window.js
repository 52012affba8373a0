/**
 * Window and level (PURE): which part of the grey scale is shown between black and white. `scale` is the whole range of
 * a picture, [0, 255] for the reduced one, the stored values' for full resolution.
 */

const WIDTH_MIN_FRACTION = 1 / 256;

/** As fractions of the scale between a film's darkest and brightest parts; for chest films, where lung is dark. */
export const PRESETS = [
  { name: 'whole', low: 0, high: 1 },
  { name: 'lung', low: 0, high: 0.62 },
  { name: 'mediastinum', low: 0.35, high: 1 },
  { name: 'contrast', low: 0.2, high: 0.8 },
];

export const presetWindow = ({ low, high }, [from, to]) => ({ low: from + low * (to - from), high: from + high * (to - from) });

/** A drag by one pane's width doubles or halves nothing: it moves by the whole scale. Right = wider, down = darker. */
export function dragWindow(window, dx, dy, pane, scale) {
  const span = scale[1] - scale[0];
  return changeWindow(window, (dx / Math.max(pane.width, 200)) * span, (dy / Math.max(pane.height, 200)) * span, scale);
}

/** `wider` and `higher` in units of the scale. The window's middle stays on the scale; one of the file's that lies beyond comes back by steps. */
export function changeWindow({ low, high }, wider, higher, scale) {
  const span = scale[1] - scale[0];
  const [widthNow, middleNow] = [high - low, (low + high) / 2];
  const width = Math.min(Math.max(2 * span, widthNow), Math.max(span * WIDTH_MIN_FRACTION, widthNow + wider));
  const middle = Math.min(Math.max(scale[1], middleNow), Math.max(Math.min(scale[0], middleNow), middleNow + higher));
  return { low: middle - width / 2, high: middle + width / 2 };
}

/** A key's step: a twentieth of the scale. */
export const keyWindow = (window, key, scale) => {
  const step = (scale[1] - scale[0]) / 20;
  const [wider, higher] = { '[': [-step, 0], ']': [step, 0], '{': [0, step], '}': [0, -step] }[key];
  return changeWindow(window, wider, higher, scale);
};

/** slope and intercept of grey (0–1) → shown grey (0–1). */
export function linearOf({ low, high }, [from, to], inverted) {
  const span = to - from;
  const [l, h] = [(low - from) / span, (high - from) / span];
  const slope = 1 / Math.max(1e-6, h - l);
  return inverted ? { slope: -slope, intercept: 1 + slope * l } : { slope, intercept: -slope * l };
}
