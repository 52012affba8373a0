/**
 * The reduced picture: the preview JPEG as an <img>, placed by a matrix and windowed by an SVG filter on the way to the
 * screen. 8 bits and at most 1024 pixels a side: first look, not for reading.
 */
import { h, svg } from '../dom.js';
import { linearOf } from './gray-window.js';

let filterCount = 0;

export function createQuickSurface() {
  const id = `grey-${(filterCount += 1)}`;
  const functions = ['R', 'G', 'B'].map((channel) => svg(`feFunc${channel}`, { type: 'linear', slope: '1', intercept: '0' }));
  const filter = svg('svg', { class: 'filters', width: '0', height: '0', 'aria-hidden': 'true' },
    svg('filter', { id, x: '0', y: '0', width: '1', height: '1', 'color-interpolation-filters': 'sRGB' }, svg('feComponentTransfer', {}, functions)));
  const element = h('div', { class: 'surface' }, filter);
  let img;
  return {
    element,
    scale: [0, 255],
    /** Keeps the <img> that it is given: one that was fetched ahead is on the screen at once. */
    show(next) {
      if (img !== next) element.replaceChildren(filter, next);
      img = next;
    },
    natural: () => (img !== undefined && img.naturalWidth > 0 ? { columns: img.naturalWidth, rows: img.naturalHeight } : undefined),
    draw({ matrix: [a, b, c, d, e, f], image, window, inverted }) {
      if (img === undefined) return;
      const [width, height] = [img.naturalWidth || image.columns, img.naturalHeight || image.rows];
      const [x, y] = [image.columns / width, image.rows / height];
      img.width = width;
      img.height = height;
      img.style.transform = `matrix(${a * x}, ${b * x}, ${c * y}, ${d * y}, ${e}, ${f})`;
      const { slope, intercept } = linearOf(window, this.scale, inverted);
      const plain = Math.abs(slope - 1) < 1e-6 && Math.abs(intercept) < 1e-6;
      for (const one of functions) {
        one.setAttribute('slope', String(slope));
        one.setAttribute('intercept', String(intercept));
      }
      img.style.filter = plain ? '' : `url("#${id}")`;
    },
  };
}
