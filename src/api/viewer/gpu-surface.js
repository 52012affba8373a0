/**
 * A full picture drawn by Cornerstone3D on the graphics card: all stored bits go to the screen's window on every frame.
 * The camera is set from the pane's matrix, so that picture, overlay and lengths share one geometry. A mirrored view is
 * mirrored by CSS: the camera of the library only turns.
 */
import { Enums, RenderingEngine } from '@cornerstonejs/core';
import { h } from '../web/dom.js';
import { apply, invert } from '../web/picture/geometry.js';
import { worldSpacing } from './library.js';
import { greyNodes } from './shapes.js';

const ENGINE = 'firstread';
let engine;
let surfaceCount = 0;

/** Rejects where the card does not draw; nothing of it is left in `place` then. */
export async function createGpuSurface({ imageId, header, place }) {
  engine ??= new RenderingEngine(ENGINE);
  const viewportId = `pane-${(surfaceCount += 1)}`;
  const element = h('div', { class: 'surface gpu' });
  // Black until its first drawing: the reduced picture below stays in sight.
  element.style.visibility = 'hidden';
  place.append(element);
  let viewport;
  try {
    engine.enableElement({ viewportId, type: Enums.ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    viewport = engine.getViewport(viewportId);
    await viewport.setStack([imageId]);
    // Has the library make a transfer function, and draw by its range; its points are ours from the first drawing on.
    viewport.setProperties({ voiRange: { lower: 0, upper: 1 }, invert: false });
    viewport.render();
  } catch (error) {
    element.remove();
    throw error;
  }
  const [rowMm, columnMm] = worldSpacing(header);
  let drawnSize = '';
  let drawnGrey = '';
  let drawnShape;

  /** Points of our own: the library knows straight windows and sigmoids only, and forgets to go back from one to the other. */
  function shade(window, shape, turned) {
    const key = JSON.stringify([window, turned]);
    if (key === drawnGrey && shape === drawnShape) return;
    [drawnGrey, drawnShape] = [key, shape];
    const nodes = greyNodes(shape, window).map(({ x, y }) => ({ x, grey: turned ? 1 - y : y }));
    viewport.getDefaultActor().actor.getProperty().getRGBTransferFunction(0).setNodes(nodes.map(({ x, grey }) => ({ x, r: grey, g: grey, b: grey, midpoint: 0.5, sharpness: 0 })));
  }

  return {
    element,
    draw({ matrix, pane, window, inverted, shape }) {
      const size = `${pane.width} × ${pane.height} × ${devicePixelRatio}`;
      if (size !== drawnSize) engine.resize(true, true);
      drawnSize = size;
      const isMirrored = matrix[0] * matrix[3] - matrix[1] * matrix[2] < 0;
      const [a, b, c, d, e, f] = matrix;
      const turnedOnly = isMirrored ? [-a, b, -c, d, pane.width - e, f] : matrix;
      element.style.transform = isMirrored ? 'scaleX(-1)' : '';
      const back = invert(turnedOnly);
      // The library's index 0 is the middle of a pixel, the matrix' 0 its corner.
      const world = ([x, y]) => [(x - 0.5) * columnMm, (y - 0.5) * rowMm, 0];
      const focalPoint = world(apply(back, [pane.width / 2, pane.height / 2]));
      const above = world(apply(back, [pane.width / 2, pane.height / 2 - 1]));
      const up = [above[0] - focalPoint[0], above[1] - focalPoint[1], 0];
      const worldPerPixel = Math.hypot(...up);
      viewport.setCamera({
        focalPoint, position: [focalPoint[0], focalPoint[1], -1000], viewPlaneNormal: [0, 0, -1],
        viewUp: up.map((part) => part / worldPerPixel), parallelScale: (pane.height / 2) * worldPerPixel,
      });
      shade(window, shape, (header.photometric === 'MONOCHROME1') !== inverted);
      viewport.render();
      element.style.visibility = '';
    },
    close() {
      engine.disableElement(viewportId);
      element.remove();
    },
  };
}
