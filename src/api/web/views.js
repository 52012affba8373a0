/** A person's saved views: the question under a name. Kept by the server, so that they are there on every PC. */
import * as api from './api.js';
import { h, setAttribute, setText } from './dom.js';
import { icon } from './icons.js';
import { choice, createMenu } from './menu.js';
import { readQuery, writeQuery } from './query.js';
import { t } from './strings.js';

const NAME_LENGTH_MAX = 60;

export function createViews({ current, onPick, onProblem }) {
  let views = [];
  const menu = createMenu({ name: 'saved-views', content });

  async function load() {
    const answer = await api.views().catch(() => undefined);
    if (answer === undefined || JSON.stringify(answer.views) === JSON.stringify(views)) return;
    views = answer.views;
    // A name that is being typed is not taken away; dropped again, the menu shows them all.
    if (!menu.element.querySelector('input')?.value) menu.renew();
  }
  menu.button.addEventListener('pointerenter', load);
  menu.button.addEventListener('focus', load);

  /** As it would be written now: an older link with another order of words is the same view. */
  const canonical = (written) => writeQuery(readQuery(written));

  function content(close) {
    const name = h('input', { type: 'text', maxlength: String(NAME_LENGTH_MAX), placeholder: t('views.name'), 'aria-label': t('views.name'), autocomplete: 'off', required: true });
    const save = async (event) => {
      event.preventDefault();
      const written = name.value.trim();
      if (written === '') return;
      close();
      await api.saveView(written, writeQuery(current())).catch(onProblem);
      await load();
    };
    const remove = async (view) => {
      close();
      await api.removeView(view.name).catch(onProblem);
      await load();
    };
    return [
      views.length === 0 ? h('p', { class: 'sub none' }, t('views.none')) : views.map((view) => h('div', { class: 'view' },
        choice({ text: view.name, chosen: canonical(view.query) === writeQuery(current()), onChoose: () => { close(); onPick(readQuery(view.query)); } }),
        h('button', { type: 'button', class: 'quiet remove', 'aria-label': t('views.remove', { name: view.name }), title: t('views.remove', { name: view.name }), onclick: () => remove(view) }, icon('close')))),
      h('form', { class: 'save-view', onsubmit: save }, name, h('button', { type: 'submit' }, t('views.save'))),
    ];
  }

  load();
  return {
    element: menu.element,
    relabel() {
      setText(menu.label, t('views.title'));
      setAttribute(menu.button, 'title', t('views.hint'));
    },
  };
}
