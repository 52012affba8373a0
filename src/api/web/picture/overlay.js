/**
 * What the models marked, as a layer over the picture: outlines, nodule boxes and the heatmap's tint. It follows the
 * picture by its matrix; lines and words keep their size. The picture below is never altered. Only what reaches its
 * threshold is drawn: a faint mark on a film below it would be read as a finding.
 */
import { h, svg } from '../dom.js';
import { scoreText, thresholdText } from '../format.js';
import { t } from '../strings.js';
import { apply } from './geometry.js';
import { drawHeat } from './heat.js';
import { placeLabels } from './labels.js';

const LABEL_HEIGHT = 20;
const LABEL_PADDING = 6;
const BOX_COUNT_MAX = 20;
const FONT = '600 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';
const ruler = document.createElement('canvas').getContext('2d');
ruler.font = FONT;

const shownBoxes = (finding) => finding.boxes.filter((box) => box.score >= finding.threshold).slice(0, BOX_COUNT_MAX);
const labelOf = (finding, score) => t('overlay.label', { family: t(`family.${finding.family}.short`), score: scoreText(score), threshold: thresholdText(finding.threshold) });

export const marksSomething = (image) => image.findings.some((finding) => finding.flagged && (finding.region.length > 0 || shownBoxes(finding).length > 0));
export const hasHeat = (image) => image.findings.some((finding) => finding.flagged && finding.heatmap !== undefined);

/** In stored pixels, boxes as polygons too: turned pictures have no upright rectangles. */
function shapesOf(image) {
  return image.findings.filter((finding) => finding.flagged).flatMap((finding) => {
    const kind = finding.family === 'tuberculosis' ? 'region' : 'box';
    const boxes = shownBoxes(finding);
    if (boxes.length === 0) return finding.region.map((points, at) => ({ kind, points, label: at === 0 ? labelOf(finding, finding.score) : undefined }));
    return boxes.map(({ x, y, width, height, score }) => ({ kind, label: labelOf(finding, score), points: [[x, y], [x + width, y], [x + width, y + height], [x, y + height]] }));
  });
}

const boundsOf = (points) => {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
};

export function createOverlay() {
  const layer = svg('svg', { class: 'overlay', role: 'img' });
  const element = h('div', { class: 'overlay-layer' }, layer);
  let image;
  let heats = [];
  let opacity = 0.5;

  return {
    element,
    show(next) {
      image = next;
      heats = image.findings.filter((finding) => finding.flagged && finding.heatmap !== undefined).map((finding) => drawHeat(finding.heatmap, image)).filter(Boolean);
      element.replaceChildren(...heats, layer);
    },
    setOpacity(value) {
      opacity = value;
      heats.forEach((heat) => heat.style.setProperty('opacity', String(opacity)));
    },
    /** `taken`: places of the pane that carry words of their own. */
    place(matrix, pane, taken) {
      layer.setAttribute('viewBox', `0 0 ${pane.width} ${pane.height}`);
      for (const heat of heats) {
        const [a, b, c, d, e, f] = matrix;
        const [x, y] = [image.columns / heat.width, image.rows / heat.height];
        heat.style.transform = `matrix(${a * x}, ${b * x}, ${c * y}, ${d * y}, ${e}, ${f})`;
        heat.style.opacity = String(opacity);
      }
      const shapes = shapesOf(image).map((shape) => ({ ...shape, points: shape.points.map((point) => apply(matrix, point)) }));
      const named = shapes.filter((shape) => shape.label !== undefined).map((shape) => ({ ...shape, box: boundsOf(shape.points), size: { width: Math.ceil(ruler.measureText(shape.label).width) + 2 * LABEL_PADDING, height: LABEL_HEIGHT } }));
      const places = placeLabels(named, pane, taken);
      layer.replaceChildren(
        ...shapes.map(({ kind, points }) => svg('polygon', { class: `mark ${kind}`, points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ') })),
        ...named.flatMap((shape, at) => drawLabel(shape, places[at])));
      layer.setAttribute('aria-label', [t('panel.overlay'), ...named.map((shape) => shape.label), t('panel.only')].join('. '));
    },
  };
}

/** On a dark plate with a light edge: legible on lung and on bone. */
function drawLabel({ kind, label, box }, place) {
  if (place === undefined) return [];
  const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
  const towards = [Math.max(box.x, Math.min(box.x + box.width, x)), Math.max(box.y, Math.min(box.y + box.height, y))];
  return [
    place.away && svg('line', { class: `leader ${kind}`, x1: x, y1: y, x2: towards[0], y2: towards[1] }),
    svg('g', { class: `mark-label ${kind}` },
      svg('rect', { x: place.x, y: place.y, width: place.width, height: place.height, rx: 4 }),
      svg('text', { x: place.x + LABEL_PADDING, y: place.y + LABEL_HEIGHT - 6 }, label)),
  ].filter(Boolean);
}
