/** The viewer's keys. */
import { h } from '../web/dom.js';
import { PICTURE_HELP } from '../web/picture/toolbar.js';
import { t } from '../web/strings.js';

const MORE = [['length', 'm'], ['views', '.', ','], ['compare', 'c'], ['link', 'y'], ['full', 'f']];

export function viewerHelp() {
  const line = (name, keys) => h('div', {}, h('dt', {}, keys.map((key) => h('kbd', {}, key))), h('dd', {}, t(name)));
  const dialog = h('dialog', { class: 'help-sheet', 'aria-label': t('help.title') }, h('h2', {}, t('help.title')),
    h('dl', {},
      PICTURE_HELP.filter(([what]) => what !== 'picture.full').map(([what, ...keys]) => line(`help.${what}`, keys)), MORE.map(([what, ...keys]) => line(`help.picture.${what}`, keys)),
      line('tool.overlay', ['o']), line('help.read', ['r']), line('viewer.back', ['Esc'])),
    h('form', { method: 'dialog' }, h('button', { type: 'submit' }, t('panel.close'))));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
