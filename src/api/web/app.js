/** The page put together: session, list, panel, live feed, keyboard. Everything shown comes from the API; nothing is kept. */
import * as api from './api.js';
import { h, setAttribute, setText } from './dom.js';
import { clock, personName } from './format.js';
import { icon } from './icons.js';
import { helpDialog, listenToKeys } from './keyboard.js';
import { lookOf } from './row-view.js';
import { signInView } from './sign-in.js';
import { currentLanguage, hasText, switchLanguage, t } from './strings.js';
import { createPanel } from './study-panel.js';
import { nextTheme, themeName } from './theme.js';
import { toast } from './toast.js';
import { createWorklist } from './worklist.js';

const PAGE_ROWS = 100;
/** Gathers a burst of changes into one question. */
const SETTLE_MS = 150;
/** Waiting moves studies up without any event; also the net under a proxy that swallows the live feed. */
const REFRESH_MS = 20_000;

const app = document.getElementById('app');
let leave = () => undefined;

start();

async function start(notice) {
  leave();
  leave = () => undefined;
  const refused = new URLSearchParams(location.search).get('refused');
  let session;
  try {
    session = await api.session();
  } catch {
    setTimeout(() => start(notice), 3_000);
    return void app.replaceChildren(h('p', { class: 'notice', role: 'alert' }, t('error.offline')));
  }
  if (session.signedIn) {
    if (location.search !== '') history.replaceState(null, '', `/${location.hash}`);
    return openDesk(session);
  }
  const words = notice ?? (refused !== null && hasText(`error.${refused}`) ? t(`error.${refused}`) : undefined);
  app.replaceChildren(signInView({ usersConfigured: session.usersConfigured, notice: words, onDone: () => start() }));
}

function openDesk(session) {
  let includeRead = false;
  let search = '';
  let limit = PAGE_ROWS;
  let loadedAtMs;
  let settle;
  let asked = 0;
  let up = false;

  const models = new Map();
  api.models().then((answer) => answer.models.forEach((model) => models.set(model.sha256, model)), () => undefined);
  const list = createWorklist({ onOpen: openStudy, onMore: () => { limit += PAGE_ROWS; refresh(); } });
  const panel = createPanel({ permissions: session.permissions, models, onClose: closeStudy, onAct: (verb, body) => act(panel.uid(), verb, body), onWhy: explain });
  const counts = h('div', { class: 'counts' });
  const live = h('span', { class: 'live', role: 'status' });
  const offline = h('div', { class: 'offline', role: 'alert', hidden: true });
  const searchBox = h('input', { type: 'search', maxlength: '200', autocomplete: 'off', spellcheck: 'false' });
  const showRead = h('input', { type: 'checkbox' });
  const button = (name, action, ...content) => h('button', { type: 'button', class: `quiet ${name}`, onclick: action }, ...content);
  const themeButton = button('theme', () => { nextTheme(); label(); }, icon('sun'));
  const languageButton = button('language', () => { switchLanguage(); relabel(); });
  const helpButton = button('help', helpDialog, '?');
  const outButton = button('out', async () => { await api.signOut().catch(() => undefined); start(); }, icon('exit'));
  const showReadText = h('span', {});
  const only = h('footer', { class: 'only' });

  app.replaceChildren(
    h('header', { class: 'top' },
      h('div', { class: 'brand' }, h('img', { src: '/icon.svg', alt: '', width: '26', height: '26' }), h('span', {}, 'Firstread')),
      counts, h('span', { class: 'spacer' }),
      h('label', { class: 'search' }, icon('search'), searchBox),
      h('label', { class: 'toggle' }, showRead, showReadText),
      live, h('div', { class: 'top-buttons' }, languageButton, themeButton, helpButton, outButton)),
    offline, h('main', { class: 'desk' }, list.element, panel.element), only);

  function label() {
    setAttribute(searchBox, 'placeholder', t('top.search'));
    setAttribute(searchBox, 'aria-label', t('top.search.label'));
    setText(showReadText, t('top.showRead'));
    for (const [element, text] of [[themeButton, `${t('top.theme')}: ${t(`top.theme.${themeName()}`)}`], [helpButton, `${t('top.help')} (?)`], [outButton, `${t('top.signOut')} (${session.name})`]]) {
      setAttribute(element, 'title', text);
      setAttribute(element, 'aria-label', text);
    }
    setText(languageButton, t('top.language'));
    setAttribute(languageButton, 'lang', currentLanguage() === 'en' ? 'vi' : 'en');
    setText(only, t('app.only'));
    list.relabel();
  }

  function relabel() {
    label();
    isUp(up);
    panel.render();
    refresh();
  }

  function count(answer) {
    const { rows, overdue } = list.counts();
    const flags = answer.flagCounts;
    const looks = (look) => rows.filter((row) => lookOf(row) === look).length;
    const chip = (kind, key, n) => n > 0 && h('span', { class: `count ${kind}` }, kind !== 'unread' && kind !== 'overdue' && icon(kind), t(key, { n }));
    counts.replaceChildren(...[
      h('span', { class: 'count unread' }, t('count.unread', { n: search === '' && !includeRead ? answer.total : rows.length })),
      chip('flagged', 'count.flagged', flags?.flagged ?? looks('flagged')),
      chip('attention', 'count.attention', looks('attention')),
      chip('analysing', 'count.analysing', flags?.analysing ?? looks('analysing')),
      chip('overdue', 'count.overdue', overdue),
    ].filter(Boolean));
    document.title = looks('flagged') > 0 ? `(${looks('flagged')}) Firstread` : 'Firstread';
  }

  async function refresh(background = false) {
    const mine = ++asked;
    try {
      const answer = await api.worklist({ limit: Math.min(limit, 500), includeRead, search, background });
      if (mine !== asked) return undefined;
      loadedAtMs = Date.now();
      offline.hidden = true;
      list.show(answer.rows, answer.total, loadedAtMs, { searching: search, asked: !background });
      count(answer);
      return answer;
    } catch (error) {
      if (mine === asked) failed(error);
      return undefined;
    }
  }

  function failed(error) {
    if (error.code === 'not-signed-in') return void start(t('signIn.ended'));
    offline.hidden = false;
    setText(offline, error.code === 'offline' && loadedAtMs !== undefined ? t('list.offline', { time: clock(loadedAtMs, true) }) : t('list.failed', { code: error.code }));
    return undefined;
  }

  async function openStudy(uid, background = false) {
    list.setOpen(uid);
    if (!background) history.replaceState(null, '', `#study=${uid}`);
    try {
      const detail = await api.study(uid, background);
      if (location.hash === `#study=${uid}`) panel.show(detail);
    } catch (error) {
      if (error.code === 'not-signed-in') return void start(t('signIn.ended'));
      if (!background) toast(t('panel.gone', { message: says(error) }));
    }
    return undefined;
  }

  function closeStudy() {
    history.replaceState(null, '', '/');
    panel.hide();
    list.setOpen(undefined);
    list.element.focus({ preventScroll: true });
  }

  async function explain() {
    const uid = panel.uid() ?? list.cursor();
    const below = uid === undefined ? undefined : list.after(uid);
    if (below === undefined) return;
    if (panel.uid() === undefined) await openStudy(uid);
    try {
      panel.explain((await api.why(uid, below)).explanation);
    } catch (error) {
      toast(says(error));
    }
  }

  const UNDO = { read: 'unread' };

  async function act(uid, verb, body) {
    if (uid === undefined) return;
    const name = personName((list.rowOf(uid) ?? panel.row())?.patientName);
    try {
      await api.act(uid, verb, body);
      const key = verb === 'prioritise' ? (body.stat ? 'done.stat' : 'done.unstat') : `done.${verb}`;
      toast(t(key, { name }), UNDO[verb] && { label: t('do.undo'), run: () => act(uid, UNDO[verb]) });
      const next = verb === 'read' && panel.uid() === uid ? list.after(uid) : undefined;
      await refresh();
      if (panel.uid() === uid) await openStudy(next ?? uid);
    } catch (error) {
      if (error.code === 'not-signed-in') return void start(t('signIn.ended'));
      toast(says(error));
    }
  }

  const says = (error) => (hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code }));

  searchBox.addEventListener('input', () => {
    search = searchBox.value.trim();
    clearTimeout(settle);
    settle = setTimeout(refresh, SETTLE_MS);
  });
  showRead.addEventListener('change', () => {
    includeRead = showRead.checked;
    refresh();
  });

  const changed = (uids) => {
    clearTimeout(settle);
    settle = setTimeout(() => refresh(true), SETTLE_MS);
    const open = panel.uid();
    if (open !== undefined && (uids === undefined || uids.includes(open))) openStudy(open, true);
  };
  const isUp = (now) => {
    up = now;
    live.className = `live ${up ? 'up' : ''}`;
    setText(live, up ? t('top.live') : t('top.waiting'));
    if (up && !offline.hidden) refresh(true);
  };

  const permitted = (permission) => session.permissions.includes(permission);
  const target = () => panel.uid() ?? list.cursor();
  const stopKeys = listenToKeys({
    down: () => step(1), up: () => step(-1),
    open: () => list.cursor() !== undefined && openStudy(list.cursor()),
    close: () => (panel.uid() === undefined ? searchBox.blur() : closeStudy()),
    read: () => permitted('mark-read') && target() !== undefined && act(target(), (list.rowOf(target()) ?? panel.row())?.rank === null ? 'unread' : 'read'),
    stat: () => permitted('prioritise') && target() !== undefined && act(target(), 'prioritise', { stat: !(list.rowOf(target()) ?? panel.row())?.order.stat }),
    overlay: () => panel.uid() !== undefined && panel.toggleOverlay(),
    wide: () => panel.uid() !== undefined && panel.toggleWide(),
    why: explain,
    search: () => searchBox.focus(),
    update: () => list.applyNow(),
    help: helpDialog,
  });
  function step(by) {
    const uid = list.move(by);
    if (uid !== undefined && panel.uid() !== undefined) openStudy(uid);
  }

  label();
  isUp(up);
  const ticking = setInterval(() => list.tick(Date.now()), 1_000);
  const refreshing = setInterval(() => refresh(true), REFRESH_MS);
  let stopLive = () => undefined;
  let gone = false;
  refresh().then((answer) => {
    if (gone) return;
    stopLive = api.openLive(answer?.livePosition ?? '', { onChange: changed, onState: isUp, onEnded: () => start(t('signIn.ended')) });
    const wanted = /^#study=([0-9.]{1,64})$/.exec(location.hash)?.[1];
    if (wanted !== undefined) openStudy(wanted);
  });
  leave = () => {
    gone = true;
    clearInterval(ticking);
    clearInterval(refreshing);
    clearTimeout(settle);
    stopKeys();
    stopLive();
    document.body.classList.remove('panel-open', 'panel-wide');
  };
}
