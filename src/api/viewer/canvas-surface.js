/**
 * A full picture on a plain canvas: where there is no WebGL, and for pictures that are larger than a texture may be.
 * Slower with window and level, otherwise the same. Very large pictures are drawn with every second or third pixel.
 */
import { h } from '../web/dom.js';
import { greyAt } from './shapes.js';

const DRAWN_PIXELS_MAX = 40_000_000;

export function createCanvasSurface({ image, header, place }) {
  const pixels = image.getPixelData();
  const step = Math.ceil(Math.sqrt((header.rows * header.columns) / DRAWN_PIXELS_MAX));
  const [width, height] = [Math.ceil(header.columns / step), Math.ceil(header.rows / step)];
  const canvas = h('canvas', { width, height });
  const element = h('div', { class: 'surface canvas' }, canvas);
  place.append(element);
  const pen = canvas.getContext('2d', { alpha: false });
  const shown = pen.createImageData(width, height);
  const words = new Uint32Array(shown.data.buffer);
  const colours = pixels.length / (header.rows * header.columns);
  let drawn = '';
  let drawnShape;

  function paint({ window: { low, high }, inverted, shape }) {
    const turned = (header.photometric === 'MONOCHROME1') !== inverted;
    const grey = (value) => {
      const part = greyAt(shape, (value - low) / (high - low));
      return Math.round(255 * (turned ? 1 - part : part));
    };
    // Once for each value that a grey picture can hold, not for each pixel.
    const from = Math.floor(image.minPixelValue);
    const table = Uint8Array.from({ length: Math.min(65_536, Math.ceil(image.maxPixelValue) - from + 1) }, (_one, at) => grey(from + at));
    const shade = (at) => table[Math.round(pixels[at]) - from];
    for (let y = 0, to = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, to += 1) {
        const at = (y * step * header.columns + x * step) * colours;
        if (colours === 1) words[to] = 0xff000000 | (shade(at) * 0x10101);
        else words[to] = 0xff000000 | (shade(at + 2) << 16) | (shade(at + 1) << 8) | shade(at);
      }
    }
    pen.putImageData(shown, 0, 0);
  }

  return {
    element,
    draw({ matrix: [a, b, c, d, e, f], window, inverted, shape }) {
      const key = JSON.stringify([window, inverted]);
      if (key !== drawn || shape !== drawnShape) paint({ window, inverted, shape });
      [drawn, drawnShape] = [key, shape];
      canvas.style.transform = `matrix(${a * step}, ${b * step}, ${c * step}, ${d * step}, ${e}, ${f})`;
    },
    close: () => element.remove(),
  };
}
