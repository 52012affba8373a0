/**
 * One place for a picture in the viewer: which picture, the reduced one at once, full resolution when it is there, with
 * progress and a way to stop. Two stations side by side compare views, or a study with an earlier one.
 */
import { h, setAttribute, setText } from '../web/dom.js';
import { megabytes } from '../web/format.js';
import { displaySize } from '../web/picture/geometry.js';
import { PRESETS } from '../web/picture/gray-window.js';
import { createPane } from '../web/picture/pane.js';
import { previewOf } from '../web/picture/previews.js';
import { createQuickSurface } from '../web/picture/quick-surface.js';
import { createToolbar, pressKey } from '../web/picture/toolbar.js';
import { t } from '../web/strings.js';
import { sizeFromPreview } from '../web/study/picture-area.js';
import { createMeasure } from './measure.js';
import { createSides } from './sides.js';

/** `onState(station)`: what it shows has changed. `onPick(key)`: another picture is wanted here. */
export function createStation({ onState, onPick, onActive }) {
  const measure = createMeasure({ onChange: () => { pane.redraw(); paint(); } });
  const sides = createSides();
  const quick = Object.assign(createQuickSurface(), { presets: PRESETS });
  /** Of a picture that was closed nothing may be seen, or drawn again. */
  const blank = { element: h('div', { class: 'surface' }), scale: [0, 255], presets: PRESETS, draw: () => undefined };
  const pane = createPane({ measure, onState: () => { paint(); onState(station); } });
  const pick = h('select', { class: 'presets pick', onchange: () => onPick(pick.value) });
  const words = h('span', { class: 'burn words' });
  const bar = h('progress', { max: '1' });
  const progressWords = h('span', {});
  const cancel = h('button', { type: 'button', onclick: () => stop() });
  const again = h('button', { type: 'button', class: 'chip', hidden: true, onclick: () => full() });
  const progress = h('div', { class: 'progress', role: 'status', hidden: true }, progressWords, bar, cancel);
  const clear = h('button', { type: 'button', class: 'tool worded', hidden: true, onclick: measure.removeLast });
  const toolbar = createToolbar({ pane, measures: true, last: clear });
  const element = h('section', { class: 'station' }, pane.element, sides.element, h('div', { class: 'over-picture' }, pick, again), progress, h('div', { class: 'station-words' }, words));
  let picture;
  let shown;
  let loading;
  let message;

  element.addEventListener('pointerdown', () => onActive(station), true);
  element.addEventListener('focusin', () => onActive(station));

  function paint() {
    toolbar.update(pane.state);
    const { low, high } = pane.state.window;
    const matrix = pane.matrix();
    const scale = matrix === undefined ? 0 : Math.hypot(matrix[0], matrix[1]) * devicePixelRatio;
    const grey = shown === undefined ? t('viewer.reduced') : `${t('viewer.full', { bits: shown.header.bitsStored, size: `${shown.header.columns} × ${shown.header.rows}` })} · ${t('viewer.window', { width: Math.round(high - low), center: Math.round((high + low) / 2) })}${shown.isSlow ? ` · ${t('viewer.slow')}` : ''}`;
    setText(words, [message ?? grey, t('viewer.zoom', { n: Math.round(scale * 100) })].join(' · '));
    sides.place(shown?.header.orientation, matrix ?? [1, 0, 0, 1, 0, 0]);
    clear.hidden = measure.count() === 0;
    setText(clear, `${t('viewer.length.clear')} (${measure.count()})`);
    setText(cancel, t('viewer.cancel'));
    setText(again, `${t('viewer.again')} (f)`);
    again.hidden = picture === undefined || shown !== undefined || loading !== undefined;
    progress.hidden = loading === undefined;
    element.dataset.shown = shown !== undefined ? 'full' : loading !== undefined ? 'loading' : 'reduced';
  }

  function stop(words) {
    loading?.abort();
    loading = undefined;
    message = words ?? t('viewer.cancelled');
    paint();
  }

  async function showQuick(image) {
    const img = previewOf(image.fileKey);
    const mine = picture;
    const draw = () => {
      const natural = img.naturalWidth > 0 ? { columns: img.naturalWidth, rows: img.naturalHeight } : undefined;
      const known = image.columns > 0 ? image : { ...image, ...(natural ?? { columns: 1, rows: 1 }) };
      pane.show(quick, known, sizeFromPreview(known, natural));
    };
    quick.show(img);
    draw();
    await img.loaded.catch(() => undefined);
    if (mine === picture && shown === undefined) draw();
  }

  async function full() {
    if (picture === undefined || loading !== undefined || shown !== undefined) return;
    const mine = new AbortController();
    loading = mine;
    message = undefined;
    const { image } = picture;
    setText(progressWords, t('viewer.loading'));
    bar.removeAttribute('value');
    paint();
    try {
      // The library weighs a megabyte: fetched when the reduced picture is on its way.
      const { openFull } = await import('./full.js');
      const surface = await openFull({
        picture, place: pane.element.querySelector('.surface-place'), signal: mine.signal,
        onProgress: (loaded, whole) => {
          bar.value = Math.min(1, loaded / (whole ?? image.byteLength));
          setText(progressWords, t('viewer.loading.of', { part: megabytes(loaded), whole: megabytes(whole ?? image.byteLength) }));
        },
        onDecoding: () => { bar.removeAttribute('value'); setText(progressWords, t('viewer.decoding')); },
      });
      if (loading !== mine) return surface.close();
      loading = undefined;
      shown = surface;
      measure.of(surface.header);
      const known = { ...image, columns: surface.header.columns, rows: surface.header.rows };
      pane.show(surface, known, displaySize(known, surface.header.aspect));
    } catch (error) {
      if (loading === mine) stop(error.name === 'AbortError' ? undefined : t('viewer.failed', { why: error.code === undefined ? t('viewer.failed.decode') : error.message }));
    }
    paint();
    onState(station);
  }

  const station = {
    element, pane, toolbar,
    picture: () => picture,
    isFull: () => shown !== undefined,
    /** `next`: { key, label, studyInstanceUid, image }. */
    show(next, { view } = {}) {
      if (next.key !== picture?.key) {
        loading?.abort();
        loading = undefined;
        shown?.close();
        shown = undefined;
        message = undefined;
        picture = next;
        measure.of(undefined);
        if (view !== undefined) pane.change({ view });
        showQuick(next.image);
        full();
      }
      paint();
    },
    choices(all) {
      setAttribute(pick, 'aria-label', t('viewer.pick'));
      pick.replaceChildren(...all.map(({ key, label }) => h('option', { value: key }, label)));
      pick.value = picture?.key ?? '';
      pick.hidden = all.length < 2;
      setAttribute(pane.element, 'aria-label', all.find(({ key }) => key === picture?.key)?.label);
    },
    full,
    key(key) {
      if (key === 'f') full();
      else if (key === 'Delete' || key === 'Backspace') measure.removeLast();
      else return pressKey(pane, key, { measures: true });
      return true;
    },
    relabel: () => { paint(); pane.redraw(); },
    /** Empty as it was: what is shown here next begins anew, the same picture too. */
    close() {
      loading?.abort();
      loading = undefined;
      shown?.close();
      shown = undefined;
      message = undefined;
      picture = undefined;
      measure.of(undefined);
      pane.show(blank, { columns: 1, rows: 1, findings: [] }, { width: 1, height: 1 });
    },
  };
  return station;
}
