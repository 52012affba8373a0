/**
 * Lengths, drawn by hand and kept in stored pixels, so that they follow zoom and turns. Millimetres only where the file
 * gives a spacing, and calibrated only where it says so: on a chest film the detector's spacing overstates by a tenth.
 */
import { svg } from '../web/dom.js';
import { apply } from '../web/picture/geometry.js';
import { t } from '../web/strings.js';

const SHORTEST_PIXELS = 2;
const COUNT_MAX = 20;

export function lengthText([[x1, y1], [x2, y2]], { spacingMm, calibrated, aspect }) {
  if (spacingMm === undefined) return t('viewer.length.px', { n: Math.round(Math.hypot(x2 - x1, (y2 - y1) * aspect)) });
  const mm = Math.hypot((x2 - x1) * spacingMm[1], (y2 - y1) * spacingMm[0]);
  return t(calibrated ? 'viewer.length.mm' : 'viewer.length.detector', { n: mm < 100 ? mm.toFixed(1) : Math.round(mm) });
}

export function createMeasure({ onChange }) {
  const element = svg('svg', { class: 'lengths', role: 'img', hidden: true });
  let lines = [];
  let drawing;
  let header;

  return {
    element,
    /** Of another picture: its lengths are not this one's. */
    of(next) {
      if (header !== next) lines = [];
      header = next;
    },
    begin(point) {
      if (header !== undefined) drawing = [point, point];
    },
    move(point) {
      if (drawing !== undefined) drawing = [drawing[0], point];
    },
    end() {
      if (drawing !== undefined && Math.hypot(drawing[1][0] - drawing[0][0], drawing[1][1] - drawing[0][1]) >= SHORTEST_PIXELS) lines = [...lines, drawing].slice(-COUNT_MAX);
      drawing = undefined;
      onChange();
    },
    removeLast() {
      lines = lines.slice(0, -1);
      onChange();
    },
    count: () => lines.length,
    place(matrix, pane) {
      const all = drawing === undefined ? lines : [...lines, drawing];
      element.toggleAttribute('hidden', all.length === 0);
      element.setAttribute('viewBox', `0 0 ${pane.width} ${pane.height}`);
      const words = all.map((line) => lengthText(line, header));
      element.setAttribute('aria-label', words.join('. '));
      element.replaceChildren(...all.flatMap((line, at) => {
        const [[x1, y1], [x2, y2]] = line.map((point) => apply(matrix, point));
        const [x, y] = x2 > x1 ? [x2, y2] : [x1, y1];
        return [
          svg('line', { class: 'under', x1, y1, x2, y2 }), svg('line', { x1, y1, x2, y2 }), svg('circle', { cx: x1, cy: y1, r: 3 }), svg('circle', { cx: x2, cy: y2, r: 3 }),
          // Towards the side that has the room.
          svg('text', { x: x < pane.width / 2 ? Math.max(8, x + 8) : Math.min(pane.width - 8, x - 8), 'text-anchor': x < pane.width / 2 ? 'start' : 'end', y: Math.max(18, Math.min(y - 8, pane.height - 34)) }, words[at]),
        ];
      }));
    },
  };
}
