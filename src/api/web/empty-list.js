/** What is said where there is no row: why, and what to do. */
import { bdi, h } from './dom.js';
import { isFiltered } from './query.js';
import { t } from './strings.js';

/** `everArrived`: false where this hub has never had a study. */
export function emptyList(query, { everArrived, withOthers, permissions, onClear, onAll }) {
  const say = (key, hint, action) => [h('p', { class: 'empty-title' }, key), h('p', {}, hint), ...(action ? [h('p', { class: 'empty-action' }, action)] : [])];
  const button = (key, onclick) => h('button', { type: 'button', onclick }, t(key));
  if (!everArrived) {
    const link = permissions.includes('view-devices') ? h('a', { href: '/operations.html' }, t('list.never.go')) : undefined;
    return say(t('list.never'), t('list.never.hint'), link);
  }
  if (isFiltered(query)) {
    const searched = query.search.trim();
    return say(searched === '' ? t('list.nothingMatches') : bdi(t('list.emptySearch', { search: searched })), t(searched === '' ? 'list.nothingMatches.hint' : 'list.emptySearch.hint'), button('filter.clear', onClear));
  }
  if (query.scope === 'read') return say(t('list.noneRead'), t('list.noneRead.hint'));
  if (query.scope === 'mine' && withOthers > 0) return say(t('list.othersHave', { n: withOthers }), t('list.empty.hint'), button('list.showAll', onAll));
  return say(t('list.empty'), t('list.empty.hint'));
}
