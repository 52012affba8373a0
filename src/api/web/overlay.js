/**
 * What the models marked, drawn over the picture in the coordinates of the stored image. It is a layer of its own: the
 * picture below is never altered. Regions are outlines, nodules are boxes; each says its score beside its threshold.
 */
import { svg } from './dom.js';
import { scoreText } from './format.js';
import { t } from './strings.js';

export function drawOverlay(image) {
  const { columns, rows } = image;
  if (!(columns > 0) || !(rows > 0)) return undefined;
  const textSize = Math.max(columns, rows) / 30;
  const layer = svg('svg', { class: 'overlay', viewBox: `0 0 ${columns} ${rows}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': t('panel.overlay') });
  for (const finding of image.findings) {
    if (!finding.flagged) continue;
    const kind = finding.family === 'tuberculosis' ? 'region' : 'box';
    const label = `${t(`family.${finding.family}.short`)} ${scoreText(finding.score)}`;
    finding.region.forEach((polygon, at) => {
      if (finding.boxes.length > 0) return; // boxes say it already
      layer.append(svg('polygon', { class: `mark ${kind}`, points: polygon.map(([x, y]) => `${x},${y}`).join(' ') }));
      if (at === 0) layer.append(labelAt(polygon, label, kind, textSize, image));
    });
    for (const box of finding.boxes) {
      if (box.score < finding.threshold) continue;
      layer.append(svg('rect', { class: `mark ${kind}`, x: box.x, y: box.y, width: box.width, height: box.height, rx: textSize / 4 }));
      const corners = [[box.x, box.y], [box.x + box.width, box.y]];
      layer.append(labelAt(corners, `${t(`family.${finding.family}.short`)} ${scoreText(box.score)}`, kind, textSize, image));
    }
  }
  return layer;
}

export const marksSomething = (image) =>
  image.findings.some((finding) => finding.flagged && (finding.region.length > 0 || finding.boxes.some((box) => box.score >= finding.threshold)));

/** Above the marked place, and inside the picture. */
function labelAt(points, text, kind, size, { columns }) {
  const left = Math.min(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  const width = text.length * size * 0.56;
  return svg('text', { class: `mark-label ${kind}`, x: Math.max(size / 3, Math.min(left, columns - width - size / 3)), y: Math.max(size * 1.2, top - size * 0.45), 'font-size': size }, text);
}
