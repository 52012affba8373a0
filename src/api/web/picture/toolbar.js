/** The tools of a pane as buttons, each with its key. Made once; only what has changed is written again. */
import { h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { t } from '../strings.js';

const OPACITY_KEPT_AS = 'firstread.heatOpacity';
export const keptOpacity = () => {
  const kept = Number(localStorage.getItem(OPACITY_KEPT_AS) ?? Number.NaN);
  return kept >= 0 && kept <= 1 ? kept : 0.5;
};

/** Names of a pane's actions by key. What needs no number or letter of the list. */
export const PICTURE_KEYS = {
  o: 'overlay', i: 'invert', 0: 'fit', 1: 'oneToOne', '+': 'zoomIn', '=': 'zoomIn', '-': 'zoomOut', t: 'turn', h: 'mirror', v: 'upsideDown', x: 'reset',
  p: ['tool', 'pan'], m: ['tool', 'length'], 2: ['preset', 0], 3: ['preset', 1], 4: ['preset', 2], 5: ['preset', 3], 6: ['preset', 4],
  '[': ['windowKey', '['], ']': ['windowKey', ']'], '{': ['windowKey', '{'], '}': ['windowKey', '}'],
};

/** True where the key is one of the pane's. `measures`: m is a length where there is a length tool, else nobody's. */
export function pressKey(pane, key, { measures = false } = {}) {
  const action = PICTURE_KEYS[key];
  if (action === undefined || (key === 'm' && !measures)) return false;
  const [name, argument] = Array.isArray(action) ? action : [action];
  pane.actions[name](argument);
  return true;
}

/** `first`, `last`: buttons of the page at the end of either line. */
export function createToolbar({ pane, measures = false, first = [], last = [] }) {
  const button = (name, key, run, pressed) => {
    const element = h('button', { type: 'button', class: 'tool', onclick: run }, icon(name));
    return { element, name, key, pressed };
  };
  const { actions } = pane;
  const tools = [
    button('overlay', 'o', actions.overlay, (state) => state.overlayShown),
    button('invert', 'i', actions.invert, (state) => state.inverted),
    button('pan', 'p', () => actions.tool('pan'), (state) => state.tool === 'pan'),
    measures && button('length', 'm', () => actions.tool('length'), (state) => state.tool === 'length'),
    button('zoomIn', '+', actions.zoomIn), button('zoomOut', '-', actions.zoomOut),
    button('fit', '0', actions.fit), button('oneToOne', '1', actions.oneToOne),
    button('turn', 't', actions.turn), button('mirror', 'h', actions.mirror), button('upsideDown', 'v', actions.upsideDown),
    button('reset', 'x', actions.reset),
  ].filter(Boolean);
  const [overlay, inverted, ...others] = tools;
  const slider = h('input', { type: 'range', min: '0', max: '100', step: '5', oninput: () => {
    localStorage.setItem(OPACITY_KEPT_AS, String(slider.value / 100));
    pane.setOpacity(slider.value / 100);
  } });
  slider.value = String(keptOpacity() * 100);
  pane.setOpacity(keptOpacity());
  const sliderLabel = h('label', { class: 'heat-opacity' }, icon('heat'), slider);
  const presets = h('select', { class: 'presets', onchange: () => {
    actions.preset(Number(presets.value));
    pane.element.focus({ preventScroll: true });
  } });
  const overlayWord = h('span', {});
  overlay.element.append(overlayWord);
  overlay.element.classList.add('worded');
  const line = (...content) => h('div', { class: 'toolbar-line' }, content);
  const element = h('div', { class: 'toolbar', role: 'toolbar' },
    line(overlay.element, sliderLabel, presets, inverted.element, h('span', { class: 'spacer' }), first),
    line(others.map((one) => one.element), h('span', { class: 'spacer' }), last));
  let offered;

  return {
    element,
    update(state) {
      setAttribute(element, 'aria-label', t('tool.label'));
      for (const { element: tool, name, key, pressed } of tools) {
        setAttribute(tool, 'aria-label', t(`tool.${name}`));
        setAttribute(tool, 'title', `${t(`tool.${name}`)} (${key})`);
        if (pressed !== undefined) setAttribute(tool, 'aria-pressed', String(pressed(state)));
      }
      setText(overlayWord, t('panel.overlay'));
      setAttribute(slider, 'aria-label', t('tool.heat'));
      setAttribute(sliderLabel, 'title', t('tool.heat'));
      setAttribute(presets, 'aria-label', t('tool.presets'));
      const offers = pane.offers();
      overlay.element.hidden = !offers.overlay;
      sliderLabel.hidden = !(offers.heat && state.overlayShown);
      const names = [...offers.presets.map((preset) => preset.label ?? t(`preset.${preset.name}`)), t('preset.own')];
      if (names.join('\n') !== offered) presets.replaceChildren(...names.map((name, at) => h('option', { value: at === names.length - 1 ? '' : at }, name)));
      offered = names.join('\n');
      const chosen = state.preset === undefined ? '' : String(state.preset);
      if (presets.value !== chosen) presets.value = chosen;
      presets.lastChild.disabled = chosen !== '';
    },
  };
}

/** For the help sheet: a string's name behind `help.`, and keys. */
export const PICTURE_HELP = [
  ['picture.window', '[', ']', '{', '}'], ['picture.presets', '2', '3', '4', '5'], ['picture.invert', 'i'], ['picture.zoom', '+', '-'], ['picture.fit', '0', '1'],
  ['picture.pan', 'p'], ['picture.turn', 't', 'h', 'v'], ['picture.reset', 'x'], ['picture.full', 'f'],
];
