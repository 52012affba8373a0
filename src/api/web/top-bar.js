/** The head of the page: which list, the search, whether it is live, and where else to go. */
import { accountDialog } from './account.js';
import { bdi, h, setAttribute, setText } from './dom.js';
import { icon } from './icons.js';
import { SCOPES } from './query.js';
import { currentLanguage, t } from './strings.js';
import { themeName } from './theme.js';

export function createTopBar({ session, onScope, onSearch, onLanguage, onTheme, onHelp, onSignOut }) {
  const tabs = SCOPES.map((scope) => {
    const words = h('span', {});
    const number = h('span', { class: 'number' });
    return { scope, words, number, button: h('button', { type: 'button', role: 'tab', class: 'tab', onclick: () => onScope(scope) }, words, number) };
  });
  const tabList = h('div', { class: 'tabs', role: 'tablist' }, tabs.map(({ button }) => button));
  tabList.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = tabs.findIndex(({ button }) => button === document.activeElement);
    tabs[(at + step + tabs.length) % tabs.length].button.focus();
  });

  const searchBox = h('input', { type: 'search', maxlength: '200', autocomplete: 'off', spellcheck: 'false', 'aria-keyshortcuts': '/' });
  searchBox.addEventListener('input', () => onSearch(searchBox.value));
  const live = h('span', { class: 'live', role: 'status' });
  const quiet = (name, onclick, ...content) => h('button', { type: 'button', class: `quiet ${name}`, onclick }, ...content);
  const language = quiet('language', onLanguage);
  const theme = quiet('theme', () => { onTheme(); relabel(); }, icon('sun'));
  const help = quiet('help', onHelp, '?');
  const out = quiet('out', onSignOut, icon('exit'));
  const operations = session.permissions.includes('view-devices') ? h('a', { class: 'quiet operations', href: '/operations.html' }, icon('gear'), h('span', {})) : undefined;
  const person = session.hasPassword ? quiet('person', () => accountDialog(session), icon('person'), bdi(session.name)) : h('span', { class: 'person' }, icon('person'), bdi(session.name));

  let up = false;
  let query;

  const element = h('header', { class: 'top' },
    h('a', { class: 'brand', href: '/', 'aria-label': 'Firstread' }, h('img', { src: '/icon.svg', alt: '', width: '26', height: '26' }), h('span', {}, 'Firstread')),
    tabList, h('label', { class: 'search' }, icon('search'), searchBox), h('span', { class: 'spacer' }),
    live, h('div', { class: 'top-buttons' }, operations, language, theme, help), person, out);

  function relabel() {
    setAttribute(tabList, 'aria-label', t('top.lists'));
    for (const { scope, words } of tabs) setText(words, t(`scope.${scope}`));
    setAttribute(searchBox, 'placeholder', t('top.search'));
    setAttribute(searchBox, 'aria-label', t('top.search.label'));
    setText(language, t('top.language'));
    setAttribute(language, 'lang', currentLanguage() === 'en' ? 'vi' : 'en');
    if (operations !== undefined) {
      setText(operations.lastChild, t('top.operations'));
      setAttribute(operations, 'aria-label', t('top.operations'));
      setAttribute(operations, 'title', t('top.operations'));
    }
    if (session.hasPassword) setAttribute(person, 'title', t('account.title'));
    for (const [button, text] of [[theme, `${t('top.theme')}: ${t(`top.theme.${themeName()}`)}`], [help, `${t('top.help')} (?)`], [out, `${t('top.signOut')} (${session.name})`]]) {
      setAttribute(button, 'title', text);
      setAttribute(button, 'aria-label', text);
    }
    showLive(up);
  }

  function showLive(now) {
    up = now;
    live.className = `live ${up ? 'up' : ''}`;
    setText(live, up ? t('top.live') : t('top.waiting'));
    setAttribute(live, 'title', live.textContent);
  }

  return {
    element,
    searchBox,
    relabel,
    showLive,
    showQuery(next) {
      query = next;
      for (const { scope, button } of tabs) {
        setAttribute(button, 'aria-selected', String(scope === query.scope));
        setAttribute(button, 'tabindex', scope === query.scope ? '0' : '-1');
      }
      if (document.activeElement !== searchBox) searchBox.value = query.search;
    },
    /** As many as the server counts; nothing where it does not. */
    showCounts(counts) {
      for (const { scope, number } of tabs) setText(number, counts?.[scope] === undefined ? '' : counts[scope].toLocaleString(document.documentElement.lang));
    },
  };
}
