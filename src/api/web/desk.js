/** The reading desk put together: head, filters, list, study, live feed, keyboard. Everything shown comes from the API; nothing is kept. */
import { createAddress } from './address.js';
import { createAnnouncer } from './announce.js';
import * as api from './api.js';
import { createClaims } from './claims.js';
import { createConnection } from './connection.js';
import { createCounts } from './counts.js';
import { h, setText } from './dom.js';
import { emptyList } from './empty-list.js';
import { createFilters } from './filters.js';
import { helpDialog, listenToKeys } from './keyboard.js';
import { createLoading } from './loading.js';
import { createNotices } from './notices.js';
import { emptyQuery, STATES, withoutFilters, writeQuery } from './query.js';
import { createReading, says } from './reading.js';
import { switchLanguage, t } from './strings.js';
import { createPanel } from './study-panel.js';
import { nextTheme } from './theme.js';
import { toast } from './toast.js';
import { createTopBar } from './top-bar.js';
import { createViews } from './views.js';
import { createWhy } from './why.js';
import { createWorklist } from './worklist.js';

const TYPED_MS = 180;

/** Returns what takes everything down again. `onEnded`: the session is over. */
export function openDesk(place, session, { onEnded, onSignOut }) {
  const { permissions } = session;
  const mayClaim = permissions.includes('claim');
  const home = mayClaim ? 'mine' : 'unread';
  let typed;
  let everArrived = true;
  let latest;

  const models = new Map();
  api.models().then((answer) => answer.models.forEach((model) => models.set(model.sha256, model)), () => undefined);

  const address = createAddress({ scope: home, onQuery: () => showQuery(), onStudy: (uid) => (uid === undefined ? panel.uid() !== undefined && reading.close({ from: 'address' }) : uid !== panel.uid() && reading.open(uid, { from: 'address' })) });
  const announcer = createAnnouncer();
  const connection = createConnection();
  const list = createWorklist({
    onOpen: (uid) => reading.open(uid),
    onWhy: (uid) => why.choose(uid),
    onRange: (range) => loading.range(range),
    onSort: (sort) => ask({ sort, direction: query().sort === sort && sort !== 'rank' && query().direction === 'asc' ? 'desc' : 'asc' }),
    onHeld: (count) => announcer.say(count > 0 ? t(count === 1 ? 'list.held.said.one' : 'list.held.said', { n: count }) : ''),
  });
  const why = createWhy({ rowOf: (uid) => list.store.rowOf(uid) ?? (panel.uid() === uid ? panel.row() : undefined), onChosen: (uid) => list.setCompared(uid), onProblem: (error) => reading.problem(error) });
  const claims = createClaims({ mayClaim, onLost: (by) => reading.lost(by) });
  const panel = createPanel({
    permissions, models,
    onClose: () => reading.close(),
    onAct: (verb, body) => reading.act(panel.uid(), verb, body),
    onWhy: () => whyBelow(panel.uid()),
    onViewer: (uid) => claims.handOver(uid),
    onProblem: (error) => reading.problem(error),
    nextUid: (uid) => list.after(uid),
  });
  const loading = createLoading({ list, queryNow: () => query(), onAnswer: answered, onBecame: seeClaim, onFailure: failed });
  const reading = createReading({ session, list, panel, claims, loading, address, why, onEnded });

  const topBar = createTopBar({
    session,
    onScope: (scope) => ask({ ...emptyQuery(scope), search: query().search }),
    onSearch: (search) => {
      clearTimeout(typed);
      typed = setTimeout(() => ask({ search }, { step: query().search === '' }), TYPED_MS);
    },
    onLanguage: () => switchLanguage().then(relabel, () => toast(t('error.offline'))),
    onTheme: nextTheme,
    onHelp: () => helpDialog(),
    onSignOut: async () => { await claims.release(); onSignOut(); },
  });
  const filters = createFilters({ facets: api.facets, onChange: (next) => ask(next) });
  const counts = createCounts({ onState: (state) => ask({ state: query().state.includes(state) ? [] : [state] }) });
  const views = createViews({ current: () => query(), onPick: (next) => ask(next), onProblem: (error) => reading.problem(error) });
  const notices = createNotices();
  const only = h('footer', { class: 'only' });

  place.replaceChildren(topBar.element, h('div', { class: 'list-bar' }, filters.element, h('span', { class: 'spacer' }), counts.element, views.element), notices.element,
    h('main', { class: 'desk' }, h('div', { class: 'list-side' }, list.element, why.element, connection.element), panel.element), only, announcer.element);

  function query() {
    return address.query();
  }

  function ask(part, how) {
    const next = { ...query(), ...part };
    if (writeQuery(next) === writeQuery(query())) return;
    address.ask(next, how);
    showQuery();
  }

  async function showQuery() {
    topBar.showQuery(query());
    filters.show(query());
    list.relabel(query());
    list.element.classList.add('asking');
    const answer = await loading.fromStart();
    if (answer !== undefined) announcer.say(t(answer.total === 1 ? 'list.said.one' : 'list.said', { n: answer.total }), true);
  }

  function answered(answer, asked) {
    latest = answer;
    list.element.classList.remove('asking');
    connection.answered(Date.now());
    list.element.classList.remove('stale');
    topBar.showCounts(answer.counts);
    notices.show(answer.notices);
    counts.show(answer, asked);
    seeClaim();
    if (answer.total > 0) everArrived = true;
    else askWhetherEver();
    list.showEmpty(answer.total > 0 ? undefined : whatIsEmpty());
  }

  function seeClaim() {
    if (panel.uid() !== undefined) claims.see(list.store.rowOf(panel.uid()));
  }

  const whatIsEmpty = () => emptyList(query(), { everArrived, withOthers: latest?.counts?.withOthers ?? 0, permissions, onClear: () => ask(withoutFilters(query())), onAll: () => ask(emptyQuery('unread')) });

  /** Nothing to read, or nothing yet at all? Asked only where the list is empty. */
  async function askWhetherEver() {
    const answer = await api.worklist(new URLSearchParams({ scope: 'all', limit: '1' }), true).catch(() => undefined);
    if (answer === undefined || everArrived === answer.total > 0) return;
    everArrived = answer.total > 0;
    if (latest?.total === 0) list.showEmpty(whatIsEmpty());
  }

  function failed(error) {
    if (error.code === 'not-signed-in') return void onEnded();
    list.element.classList.remove('asking');
    list.element.classList.add('stale');
    connection.failed(error.code);
    return undefined;
  }

  function whyBelow(uid) {
    const below = uid === undefined ? undefined : list.after(uid);
    if (below === undefined) toast(t('why.none'));
    else why.compare(uid, below);
  }

  function relabel() {
    setText(only, t('app.only'));
    for (const part of [topBar, views, connection]) part.relabel();
    topBar.showQuery(query());
    filters.show(query());
    if (latest !== undefined) counts.show(latest, query());
    notices.show(latest?.notices);
    list.relabel(query());
    panel.render();
    if (latest?.total === 0) list.showEmpty(whatIsEmpty());
  }

  const stopKeys = listenToKeys({
    ...reading.keys,
    search: () => { topBar.searchBox.focus(); topBar.searchBox.select(); },
    update: () => list.applyNow(),
    help: () => helpDialog(),
    go(what) {
      if (what === 'operations') return permissions.includes('view-devices') ? void location.assign('/operations.html') : toast(says({ code: 'not-allowed' }));
      return ask(what === 'flagged' ? { ...emptyQuery(query().scope), state: STATES.slice(0, 1) } : emptyQuery(what));
    },
  });

  const changed = (uids) => {
    loading.soon();
    const open = panel.uid();
    if (open !== undefined && (uids === undefined || uids.includes(open))) reading.showAgain(open);
  };
  const isUp = (up) => {
    topBar.showLive(up);
    if (up && loading.isFailing()) loading.refresh({ background: true });
  };

  relabel();
  list.render();
  const ticking = setInterval(() => {
    list.tick(Date.now());
    connection.tick(Date.now());
  }, 1_000);
  const leaving = () => claims.leave();
  addEventListener('pagehide', leaving);
  let stopLive = () => undefined;
  let gone = false;
  loading.fromStart().then((answer) => {
    if (gone) return;
    stopLive = api.openLive(answer?.livePosition ?? '', { onChange: changed, onState: isUp, onEnded });
    if (address.studyAtStart !== undefined) reading.open(address.studyAtStart);
  });

  return () => {
    gone = true;
    clearInterval(ticking);
    clearTimeout(typed);
    removeEventListener('pagehide', leaving);
    claims.release();
    loading.close();
    address.close();
    announcer.close();
    stopKeys();
    stopLive();
    document.body.classList.remove('panel-open', 'panel-wide');
  };
}
