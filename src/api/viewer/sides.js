/** Letters for the patient's sides at the pane's edges, out of Patient Orientation (PS3.3 C.7.6.1.1.1); they follow turns and mirrors. */
import { h, setText } from '../web/dom.js';
import { hasText, t } from '../web/strings.js';

const OPPOSITE = { R: 'L', L: 'R', A: 'P', P: 'A', H: 'F', F: 'H' };
const EDGES = [['right', 1, 0], ['bottom', 0, 1], ['left', -1, 0], ['top', 0, -1]];

/** `orientation`: what lies along the rows and down the columns. Edge of the screen → letter. PURE. */
export function sidesOf(orientation, [a, b, c, d]) {
  const [along, down] = orientation.map((word) => word.trim().charAt(0));
  if (!(along in OPPOSITE) || !(down in OPPOSITE)) return {};
  return Object.fromEntries(EDGES.map(([edge, x, y]) => {
    const [onRows, onColumns] = [x * a + y * b, x * c + y * d];
    const [letter, part] = Math.abs(onRows) >= Math.abs(onColumns) ? [along, onRows] : [down, onColumns];
    return [edge, part > 0 ? letter : OPPOSITE[letter]];
  }));
}

export function createSides() {
  const letters = Object.fromEntries(EDGES.map(([edge]) => [edge, h('span', { class: `side at-${edge}` })]));
  return {
    element: h('div', { class: 'sides', 'aria-hidden': 'true' }, Object.values(letters)),
    place(orientation, matrix) {
      const sides = orientation === undefined ? {} : sidesOf(orientation, matrix);
      for (const [edge, element] of Object.entries(letters)) setText(element, sides[edge] === undefined ? '' : hasText(`side.${sides[edge]}`) ? t(`side.${sides[edge]}`) : sides[edge]);
    },
  };
}
