/**
 * The page around the tabs: head, rail, what is asked of the server and how often, and what is said while it does not
 * answer. A tab is { name, permission, icon, load(background), view(data, page), count?(data) }: it makes elements out of
 * an answer and keeps nothing. What is on the screen is made again only when the answer differs; focus stays where it was.
 */
import * as api from '../api.js';
import { createConnection } from '../connection.js';
import { bdi, h, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import { currentLanguage, hasText, switchLanguage, t } from '../strings.js';
import { nextTheme, themeName } from '../theme.js';
import { toast } from '../toast.js';
import { deliveriesTab } from './deliveries.js';
import { devicesTab } from './devices.js';
import { modelsTab } from './models.js';
import { setAsideTab } from './set-aside.js';
import { loadingView, problemView } from './parts.js';
import { systemTab } from './system.js';
import { turnaroundTab } from './turnaround.js';

const REFRESH_MS = 10_000;
/** After a failure somebody waits for the answer. */
const RETRY_MS = 3_000;
const TABS = [devicesTab, deliveriesTab, setAsideTab, modelsTab, turnaroundTab, systemTab];

export function openOperations(app, session, { onEnded, onSignOut }) {
  const may = (permission) => session.permissions.includes(permission);
  const tabs = TABS.filter(({ permission }) => may(permission)).map((make) => {
    const words = h('span', { class: 'rail-words' });
    const number = h('span', { class: 'rail-number' });
    return { ...make, words, number, link: h('a', { class: 'rail-link', href: `#${make.name}` }, icon(make.icon), words, number), data: undefined, drawn: undefined };
  });
  let current;
  let asked = 0;
  let tickers = [];
  let retry;

  const connection = createConnection();
  const quiet = (name, onclick, ...content) => h('button', { type: 'button', class: `quiet ${name}`, onclick }, ...content);
  const theme = quiet('theme', () => { nextTheme(); relabel(); }, icon('sun'));
  const language = quiet('language', () => switchLanguage().then(() => { relabel(); draw(true); }, () => toast(t('error.offline'))));
  const out = quiet('out', onSignOut, icon('exit'));
  const back = h('a', { class: 'quiet', href: '/' }, icon('order'), h('span', {}));
  const title = h('h1', { tabindex: '-1' });
  const sub = h('p', { class: 'sub' });
  const body = h('div', { class: 'ops-body' });
  const rail = h('nav', { class: 'rail' }, tabs.map(({ link }) => link));
  const only = h('footer', { class: 'only' });
  app.replaceChildren(
    h('header', { class: 'top' },
      h('a', { class: 'brand', href: '/', 'aria-label': 'Firstread' }, h('img', { src: '/icon.svg', alt: '', width: '26', height: '26' }), h('span', {}, 'Firstread')),
      h('span', { class: 'ops-where' }), h('span', { class: 'spacer' }),
      h('div', { class: 'top-buttons' }, back, language, theme), h('span', { class: 'person' }, icon('person'), bdi(session.name)), out),
    h('div', { class: 'ops-desk' }, rail,
      h('main', { class: 'ops-main' }, connection.element, h('div', { class: 'ops-inner' }, h('div', { class: 'ops-title' }, title, sub), body))),
    only);

  const page = {
    session,
    may,
    /** The server's time, by our clock. */
    nowMs: () => Date.now() + (current?.offsetMs ?? 0),
    /** Text that says the time; brought up to date each second while it is shown. */
    ticking(text, attributes) {
      const element = h('span', attributes, text());
      tickers.push(() => setText(element, text()));
      return element;
    },
    reload: () => load({ byHand: true }),
    redraw: () => draw(true),
    /** Something a person did: what came of it is said, and the tab asked again. */
    async act(path, body, done) {
      try {
        const answer = await api.call(path, { method: 'POST', body });
        toast(typeof done === 'function' ? done(answer) : done);
      } catch (error) {
        if (error.code === 'not-signed-in') return void onEnded();
        toast(says(error));
      }
      await load({ byHand: true });
      return undefined;
    },
  };
  const says = (error) => (hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code }));

  function relabel() {
    document.title = `${t(`ops.tab.${current.name}`)} · Firstread`;
    setText(app.querySelector('.ops-where'), t('top.operations'));
    setText(back.lastChild, t('ops.worklist'));
    setText(language, t('top.language'));
    setAttribute(language, 'lang', currentLanguage() === 'en' ? 'vi' : 'en');
    setAttribute(rail, 'aria-label', t('top.operations'));
    for (const [button, text] of [[theme, `${t('top.theme')}: ${t(`top.theme.${themeName()}`)}`], [out, `${t('top.signOut')} (${session.name})`]]) {
      setAttribute(button, 'title', text);
      setAttribute(button, 'aria-label', text);
    }
    for (const { name, words, link } of tabs) {
      setText(words, t(`ops.tab.${name}`));
      setAttribute(link, 'aria-current', name === current.name ? 'page' : undefined);
    }
    setText(title, t(`ops.tab.${current.name}`));
    setText(sub, t(`ops.about.${current.name}`));
    setText(only, t('app.only'));
    connection.relabel();
  }

  /** `anew`: other words or another choice for the same data. */
  function draw(anew = false) {
    const mark = JSON.stringify({ ...current.data, serverNowMs: 0 });
    if (current.data === undefined || (!anew && mark === current.drawn)) return;
    current.drawn = mark;
    const focused = document.activeElement?.dataset?.focus;
    const open = new Set([...body.querySelectorAll('details[open][data-open]')].map((one) => one.dataset.open));
    tickers = [];
    body.replaceChildren(...[current.view(current.data, page)].flat(Infinity).filter(Boolean));
    for (const one of body.querySelectorAll('details[data-open]')) one.open = one.open || open.has(one.dataset.open);
    if (focused !== undefined) body.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    count(current);
  }

  function count(tab) {
    const n = tab.data === undefined ? 0 : (tab.count?.(tab.data) ?? 0);
    setText(tab.number, n > 0 ? String(n) : '');
    tab.link.classList.toggle('calls', n > 0);
  }

  async function load({ byHand = false } = {}) {
    const mine = ++asked;
    const tab = current;
    try {
      const data = await tab.load({ background: !byHand, page });
      if (mine !== asked) return;
      tab.data = data;
      if (data.serverNowMs !== undefined) tab.offsetMs = data.serverNowMs - Date.now();
      connection.answered(Date.now());
      draw();
    } catch (error) {
      if (mine !== asked) return;
      if (error.code === 'not-signed-in') return void onEnded();
      connection.failed(error.code);
      clearTimeout(retry);
      retry = setTimeout(() => load(), RETRY_MS);
      if (tab.data === undefined) body.replaceChildren(problemView(says(error), page.reload));
    }
  }

  /** Numbers on the rail for the tabs that are not shown: what is broken calls from wherever one is. */
  async function countOthers() {
    for (const tab of tabs) {
      if (tab === current || tab.count === undefined) continue;
      try {
        tab.data = await tab.load({ background: true, page });
        count(tab);
      } catch {
        return;
      }
    }
  }

  function go(moved) {
    const name = location.hash.slice(1).split('/')[0];
    const next = tabs.find((tab) => tab.name === name) ?? tabs[0];
    if (next === current) return void draw(true);
    current = next;
    current.drawn = undefined;
    relabel();
    body.replaceChildren(loadingView());
    body.className = `ops-body ${current.name}`;
    app.querySelector('.ops-main').scrollTop = 0;
    current.link.scrollIntoView({ block: 'nearest', inline: 'center' });
    draw();
    load({ byHand: true });
    if (moved) title.focus({ preventScroll: true });
  }

  const hashChanged = () => go(true);
  const seen = () => document.hidden || load();
  addEventListener('hashchange', hashChanged);
  document.addEventListener('visibilitychange', seen);
  addEventListener('online', seen);
  go(false);
  countOthers();
  const refreshing = setInterval(() => document.hidden || load(), REFRESH_MS);
  const counting = setInterval(() => document.hidden || countOthers(), 3 * REFRESH_MS);
  const ticking = setInterval(() => {
    tickers.forEach((tick) => tick());
    connection.tick(Date.now());
  }, 1_000);

  return () => {
    asked += 1;
    for (const timer of [refreshing, counting, ticking]) clearInterval(timer);
    removeEventListener('hashchange', hashChanged);
    document.removeEventListener('visibilitychange', seen);
    removeEventListener('online', seen);
    clearTimeout(retry);
  };
}
