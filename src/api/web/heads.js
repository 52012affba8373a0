/** The list's column heads: what each column is, and by which of them the server sorts. */
import { h, setAttribute, setText } from './dom.js';
import { icon } from './icons.js';
import { t } from './strings.js';

const COLUMNS = [['rank', 'rank'], ['flag'], ['patient', 'name'], ['reason'], ['place'], ['waiting', 'received'], ['who']];

export function createHeads(onSort) {
  const heads = COLUMNS.map(([name, sort]) => {
    const words = h('span', {});
    const button = sort === undefined ? undefined : h('button', { type: 'button', class: 'sort', onclick: () => onSort(sort) }, words, icon('sort'));
    return { name, sort, words, button, cell: h('th', { role: 'columnheader', scope: 'col', class: `head-${name}` }, button ?? words) };
  });
  return {
    element: h('tr', { role: 'row', 'aria-rowindex': '1' }, heads.map(({ cell }) => cell)),
    relabel(query) {
      for (const { name, sort, words, button, cell } of heads) {
        setText(words, t(`column.${name}`));
        if (button === undefined) continue;
        const chosen = query.sort === sort;
        setAttribute(cell, 'aria-sort', chosen ? (query.direction === 'desc' ? 'descending' : 'ascending') : undefined);
        setAttribute(button, 'title', t(`sort.${sort}`));
      }
    },
  };
}
