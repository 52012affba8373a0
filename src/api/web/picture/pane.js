/**
 * One picture on the screen: a surface (reduced or full), the overlay, the reader's view of both, and the words that
 * must stay on it. The view is kept while the surface changes from reduced to full.
 */
import { h, setText } from '../dom.js';
import { t } from '../strings.js';
import * as geometry from './geometry.js';
import { listenToGestures } from './gestures.js';
import { changeWindow, dragWindow, keyWindow, presetWindow } from './gray-window.js';
import { createOverlay, hasHeat, marksSomething } from './overlay.js';

const ZOOM_STEP = 1.25;

/** `onState`: after anything that a toolbar shows has changed. `measure`: the length tool, where there is one. */
export function createPane({ label, onState, measure }) {
  const overlay = createOverlay();
  const turned = h('span', { class: 'burn turned', hidden: true });
  const only = h('span', { class: 'burn only' });
  const place = h('div', { class: 'surface-place' });
  const element = h('div', { class: 'pane', tabindex: '0', role: 'group', 'aria-label': label }, place, overlay.element, measure?.element, h('div', { class: 'burns' }, only, turned));
  const state = { view: geometry.PLAIN_VIEW, window: { low: 0, high: 255 }, inverted: false, overlayShown: true, opacity: 0.5, tool: 'window', preset: undefined, shape: undefined };
  let surface;
  let image;
  let size;
  let drawing = false;

  const paneSize = () => ({ width: element.clientWidth, height: element.clientHeight });
  const matrix = () => geometry.matrixOf(state.view, image, size, paneSize());

  function redraw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      drawNow();
    });
  }

  function drawNow() {
    setText(only, t('panel.only'));
    const { view } = state;
    turned.hidden = !geometry.isTurned(view);
    setText(turned, [view.mirrored && t('view.mirrored'), view.turns > 0 && t('view.turned', { n: view.turns * 90 })].filter(Boolean).join(' · '));
    const pane = paneSize();
    if (surface === undefined || image === undefined || pane.width === 0) return;
    const now = matrix();
    surface.draw({ matrix: now, image, size, pane, ...state });
    const shown = state.overlayShown && marksSomething(image);
    overlay.element.hidden = !shown;
    only.hidden = !shown;
    element.classList.toggle('zoomed', view.zoom > 1.001);
    if (shown) overlay.place(now, pane, wordsOn());
    measure?.place(now, pane);
  }

  /** The burnt-in words and whatever the page has put over this pane. */
  function wordsOn() {
    const origin = element.getBoundingClientRect();
    return [...element.parentElement.querySelectorAll('.burn:not([hidden]), .over-picture > :not([hidden])')].map((one) => one.getBoundingClientRect())
      .filter((box) => box.width > 0).map((box) => ({ x: box.left - origin.left, y: box.top - origin.top, width: box.width, height: box.height }));
  }

  function change(part) {
    Object.assign(state, part);
    redraw();
    onState?.(state);
  }
  const view = (next) => change({ view: next });
  const window = (next) => change({ window: next, preset: undefined });

  const actions = {
    fit: () => view(geometry.fit(state.view)),
    oneToOne: () => size !== undefined && view(geometry.oneToOne(state.view, size, paneSize(), devicePixelRatio)),
    zoomIn: () => zoomMiddle(ZOOM_STEP),
    zoomOut: () => zoomMiddle(1 / ZOOM_STEP),
    turn: () => view(geometry.turn(state.view)),
    mirror: () => view(geometry.mirror(state.view)),
    upsideDown: () => view(geometry.upsideDown(state.view)),
    invert: () => change({ inverted: !state.inverted }),
    overlay: () => change({ overlayShown: !state.overlayShown }),
    reset: () => change({ view: geometry.PLAIN_VIEW, inverted: false, tool: 'window', ...preset(0) }),
    tool: (name) => change({ tool: state.tool === name ? 'window' : name }),
    preset: (at) => surface?.presets[at] !== undefined && change(preset(at)),
    windowKey: (key) => window(keyWindow(state.window, key, surface.scale)),
  };
  const zoomMiddle = (factor) => view(geometry.zoomAt(state.view, factor, element.clientWidth / 2, element.clientHeight / 2, paneSize()));
  /** A reader's own window keeps the shape of the preset that it was drawn out of. */
  const preset = (at) => ({ preset: at, shape: surface?.presets[at].shape, window: surface === undefined ? state.window : (surface.presets[at].window ?? presetWindow(surface.presets[at], surface.scale)) });

  listenToGestures(element, {
    tool: () => (measure === undefined && state.tool === 'length' ? 'window' : state.tool),
    window: (dx, dy) => surface !== undefined && window(dragWindow(state.window, dx, dy, paneSize(), surface.span ?? surface.scale)),
    pan: (dx, dy) => view(geometry.panBy(state.view, dx, dy, paneSize())),
    zoom: (factor, x, y) => view(geometry.zoomAt(state.view, factor, x, y, paneSize())),
    fit: actions.fit,
    begin: (x, y) => measure?.begin(geometry.apply(geometry.invert(matrix()), [x, y])),
    move: (x, y) => { measure?.move(geometry.apply(geometry.invert(matrix()), [x, y])); redraw(); },
    end: () => measure?.end(),
  });
  new ResizeObserver(redraw).observe(element);

  return {
    element, state, actions, redraw, drawNow, change,
    /** A surface to draw on, with the picture's stored size, its size on a screen of square pixels, and what is marked on it. */
    show(nextSurface, nextImage, nextSize, { keepWindow = false } = {}) {
      const isNew = surface !== nextSurface;
      surface = nextSurface;
      size = nextSize;
      if (image !== nextImage) overlay.show(nextImage);
      image = nextImage;
      if (isNew) place.replaceChildren(surface.element);
      if (!keepWindow) Object.assign(state, preset(0));
      overlay.setOpacity(state.opacity);
      drawNow();
      onState?.(state);
    },
    setOpacity(value) {
      state.opacity = value;
      overlay.setOpacity(value);
    },
    surface: () => surface,
    matrix: () => (image === undefined ? undefined : matrix()),
    offers: () => ({ overlay: image !== undefined && marksSomething(image), heat: image !== undefined && hasHeat(image), presets: surface?.presets ?? [] }),
    windowBy: (wider, higher) => window(changeWindow(state.window, wider, higher, surface.scale)),
  };
}
