/** The filter bar: a menu for each filter, what is chosen as chips that can be taken away. The choices come from the server. */
import { bdi, h, setAttribute, setText } from './dom.js';
import { dayText, plain } from './format.js';
import { icon } from './icons.js';
import { choice, createMenu } from './menu.js';
import { DATES, FILTERS, FINDINGS, isFiltered, STATES, withoutFilters } from './query.js';
import { t } from './strings.js';

const FACETS = { site: 'sites', device: 'devices', reader: 'readers' };

/** `facets()`: asked when a menu opens, so that a new device is there. `onChange(query)`. */
export function createFilters({ facets, onChange }) {
  let query;
  let known = { sites: [], devices: [], readers: [] };
  const menus = Object.fromEntries(FILTERS.map((name) => [name, createMenu({ name: `by-${name}`, content: (close) => choicesOf(name, close) })]));
  const chips = h('div', { class: 'chips', role: 'list' });
  const clear = h('button', { type: 'button', class: 'link clear', onclick: () => onChange(withoutFilters(query)) });
  const element = h('div', { class: 'list-filters', role: 'group' }, FILTERS.map((name) => menus[name].element), chips, clear);

  for (const name of Object.keys(FACETS)) {
    menus[name].button.addEventListener('pointerenter', refresh);
    menus[name].button.addEventListener('focus', refresh);
  }
  async function refresh() {
    const before = JSON.stringify(known);
    known = await facets().catch(() => known);
    if (JSON.stringify(known) !== before) for (const name of Object.keys(FACETS)) menus[name].renew();
  }

  const change = (part) => onChange({ ...query, ...part });

  function choicesOf(name, close) {
    const one = (value, text, lead) => choice({ text, lead, chosen: query[name] === value, onChoose: () => { close(); change({ [name]: query[name] === value ? '' : value }); } });
    if (name === 'state') {
      return STATES.map((state) => {
        const chosen = query.state.includes(state);
        return choice({
          text: t(`flag.${state}`), lead: icon(state), chosen, many: true,
          onChoose: () => { close(); change({ state: chosen ? query.state.filter((other) => other !== state) : [...query.state, state] }); },
        });
      });
    }
    if (name === 'finding') return FINDINGS.map((family) => one(family, t(`family.${family}`)));
    if (name === 'date') return [...DATES.map((date) => one(date, t(`date.${date}`))), dayField(close)];
    const values = known[FACETS[name]];
    return values.length === 0 ? [h('p', { class: 'sub none' }, t('filter.none'))] : values.map((value) => one(value, plain(value)));
  }

  function dayField(close) {
    const input = h('input', { type: 'date', value: DATES.includes(query.date) ? '' : query.date, 'aria-label': t('date.day') });
    input.addEventListener('change', () => {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(input.value)) return;
      close();
      change({ date: input.value });
    });
    return h('label', { class: 'choice day' }, h('span', { class: 'tick' }), t('date.day'), input);
  }

  function valueText(name, value) {
    if (name === 'state') return t(`flag.${value}`);
    if (name === 'finding') return t(`family.${value}`);
    if (name === 'date') return DATES.includes(value) ? t(`date.${value}`) : dayText(value);
    return plain(value);
  }

  function chip(name, value, without) {
    const text = valueText(name, value);
    return h('span', { class: 'filter-chip', role: 'listitem' }, name === 'state' || name === 'finding' ? icon(name === 'state' ? value : 'flagged') : h('span', { class: 'of' }, t(`filter.${name}`)), bdi(text),
      h('button', { type: 'button', 'aria-label': t('filter.remove', { what: `${t(`filter.${name}`)} ${text}` }), onclick: () => change(without) }, icon('close')));
  }

  return {
    element,
    show(next) {
      query = next;
      setAttribute(element, 'aria-label', t('filter.label'));
      for (const name of FILTERS) {
        setText(menus[name].label, t(`filter.${name}`));
        menus[name].button.classList.toggle('chosen', query[name].length > 0);
      }
      chips.replaceChildren(
        ...query.state.map((state) => chip('state', state, { state: query.state.filter((other) => other !== state) })),
        ...['finding', 'site', 'device', 'date', 'reader'].filter((name) => query[name] !== '').map((name) => chip(name, query[name], { [name]: '' })));
      setText(clear, t('filter.clear'));
      clear.hidden = !isFiltered(query);
      element.classList.toggle('filtered', isFiltered(query));
    },
  };
}
