/**
 * The picture of the open study: which image, the pane with its tools, and what is said where there is no picture. It is
 * built once for a panel; a study that changes while it is open keeps the reader's zoom and window.
 */
import { h, setAttribute, setText } from '../dom.js';
import { plain } from '../format.js';
import { icon } from '../icons.js';
import { t } from '../strings.js';
import { displaySize } from '../picture/geometry.js';
import { marksSomething } from '../picture/overlay.js';
import { createPane } from '../picture/pane.js';
import { previewRefusal } from '../picture/preview-requests.js';
import { previewOf } from '../picture/previews.js';
import { PRESETS } from '../picture/gray-window.js';
import { createQuickSurface } from '../picture/quick-surface.js';
import { createToolbar, pressKey } from '../picture/toolbar.js';
import { adviceFor } from './advice.js';

/** A spinner that comes and goes in a blink tells nothing. */
const LOADING_AFTER_MS = 250;

/** Another encoding of the same picture is not another picture. */
export const picturesOf = (images) => images.filter((image) => image.hasPixels && image.status !== 'variant');

export function imageName(image, pictures) {
  const view = plain(image.viewPosition ?? '');
  const at = pictures.indexOf(image);
  if (view === '') return t('panel.image', { n: at + 1 });
  return pictures.filter((other) => plain(other.viewPosition ?? '') === view).length > 1 ? `${view} ${at + 1}` : view;
}

/** The preview says by its own shape how its pixels were made square. */
export function sizeFromPreview(image, natural) {
  const aspect = natural === undefined ? 1 : (natural.rows / natural.columns) / (image.rows / image.columns);
  return displaySize(image, Math.abs(aspect - 1) < 0.01 ? 1 : aspect);
}

export function createPictureArea({ onWide, onFull }) {
  const surface = Object.assign(createQuickSurface(), { presets: PRESETS });
  const pane = createPane({ onState: () => toolbar?.update(pane.state) });
  const wideButton = h('button', { type: 'button', class: 'tool worded large', onclick: onWide }, icon('wide'), h('span', {}));
  const fullButton = h('button', { type: 'button', class: 'tool worded strong', onclick: onFull }, icon('full'), h('span', {}));
  const toolbar = createToolbar({ pane, first: fullButton, last: wideButton });
  const tabs = h('div', { class: 'over-picture views' });
  const said = h('div', { class: 'no-picture', role: 'status', hidden: true });
  const note = h('p', { class: 'note' });
  const element = h('section', { class: 'picture' }, h('div', { class: 'frame' }, pane.element, said, tabs), toolbar.element, note);
  let detail;
  let sopInstanceUid;
  let shown;
  let drawnSize = '';
  let waiting;

  const pictures = () => picturesOf(detail.images);
  const current = () => pictures().find((image) => image.sopInstanceUid === sopInstanceUid) ?? pictures()[0];

  /** `mayOpen`: no reduced picture says nothing about the stored one. */
  function say(title, hint, mayOpen = false) {
    pane.element.hidden = title !== undefined;
    toolbar.element.hidden = title !== undefined;
    said.hidden = title === undefined;
    element.classList.remove('loading');
    said.replaceChildren(...(title === undefined ? [] : [h('p', {}, title), h('p', { class: 'sub' }, hint), mayOpen && h('button', { type: 'button', class: 'chip', onclick: onFull }, icon('full'), `${t('panel.full')} (f)`)].filter(Boolean)));
    pane.redraw();
  }

  function render() {
    const image = current();
    for (const [button, key, letter] of [[wideButton, 'panel.wide', 'z'], [fullButton, 'panel.full', 'f']]) {
      setText(button.lastChild, t(key));
      setAttribute(button, 'title', `${t(`${key}.title`)} (${letter})`);
    }
    setAttribute(wideButton, 'aria-pressed', String(document.body.classList.contains('panel-wide')));
    setAttribute(pane.element, 'aria-label', image === undefined ? undefined : t('panel.picture', { n: pictures().indexOf(image) + 1, count: pictures().length }));
    tabs.replaceChildren(...(pictures().length < 2 ? [] : pictures().map((one) => h('button', { type: 'button', class: 'chip', 'aria-pressed': String(one === image), onclick: () => choose(one) }, imageName(one, pictures())))));
    note.hidden = image === undefined || !said.hidden;
    setText(note, image === undefined ? '' : noteOf(image));
    toolbar.update(pane.state);
    if (image === undefined) return say(t('panel.noPicture'), detail.images.length === 0 ? t('panel.noPicture.none') : t('panel.noPicture.notAnImage'));
    const key = JSON.stringify([image.fileKey, image.columns, image.rows, image.status, image.findings]);
    if (shown?.key === key && shown.language === document.documentElement.lang) return undefined;
    const keepsView = shown?.fileKey === image.fileKey;
    shown = { key, fileKey: image.fileKey, language: document.documentElement.lang };
    return load(image, keepsView);
  }

  async function load(image, keepsView) {
    const img = previewOf(image.fileKey);
    const mine = shown;
    const sized = image.columns > 0 && image.rows > 0 ? image : { ...image, columns: 1, rows: 1 };
    const draw = () => {
      const natural = img.naturalWidth > 0 ? { columns: img.naturalWidth, rows: img.naturalHeight } : undefined;
      const known = image.columns > 0 || natural === undefined ? sized : { ...image, ...natural };
      say(undefined);
      drawnSize = `${known.columns} × ${known.rows}`;
      pane.show(surface, known, sizeFromPreview(known, natural), { keepWindow: keepsView });
    };
    clearTimeout(waiting);
    element.dataset.shown = 'loading';
    if (!keepsView) pane.change({ view: { zoom: 1, panX: 0, panY: 0, turns: 0, mirrored: false }, inverted: false, tool: 'window' });
    surface.show(img);
    draw();
    waiting = setTimeout(() => mine === shown && element.classList.add('loading'), LOADING_AFTER_MS);
    try {
      await img.loaded;
      if (mine !== shown) return;
      draw();
      element.dataset.shown = 'reduced';
    } catch {
      if (mine === shown) await explainMissing(image, mine);
    } finally {
      if (shown?.fileKey === image.fileKey) {
        clearTimeout(waiting);
        element.classList.remove('loading');
      }
    }
  }

  /** Not analysed yet, gone, unreadable, or only without a reduced picture: four things to do. */
  async function explainMissing(image, mine) {
    const code = image.status === 'pending' ? 'pending' : await previewRefusal(image.fileKey);
    if (mine !== shown) return;
    shown = { ...shown, key: undefined };
    note.hidden = true;
    if (code === 'pending') say(t('panel.pending'), t('panel.pending.hint'));
    else if (code === 'instance-missing' || image.reason?.code === 'instance-missing') say(t('panel.fileGone'), t('panel.fileGone.hint'));
    else if (image.status === 'unreadable' && image.reason !== null) say(t('panel.unreadable', { reason: adviceFor(image.reason).reason }), adviceFor(image.reason).advice, true);
    else say(t('panel.noPicture'), t('panel.noPicture.hint'), true);
  }

  const noteOf = (image) => [image.status === 'scored' && !marksSomething(image) && t('panel.nothingMarked'), t('panel.preview')].filter(Boolean).join(' ');

  function choose(image) {
    sopInstanceUid = image.sopInstanceUid;
    render();
  }

  return {
    element,
    show(next) {
      if (next.row.studyInstanceUid !== detail?.row.studyInstanceUid) {
        sopInstanceUid = undefined;
        shown = undefined;
      }
      detail = next;
      render();
    },
    forget() {
      detail = undefined;
      shown = undefined;
    },
    chosen: () => current()?.sopInstanceUid,
    choose: (uid) => choose({ sopInstanceUid: uid }),
    size: () => drawnSize,
    toggleOverlay: () => pane.actions.overlay(),
    key: (key) => pressKey(pane, key),
    redraw: pane.redraw,
  };
}
