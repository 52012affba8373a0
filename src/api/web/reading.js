/** Reading: a study is opened, claimed, marked, commented on and closed, by mouse or by key; then the next one. */
import * as api from './api.js';
import { askForNote, giveFeedback } from './feedback.js';
import { personName, plain } from './format.js';
import { hasText, t } from './strings.js';
import { toast } from './toast.js';

/** While somebody leafs through the list with a key held down, only where it stops is opened. */
const LEAF_MS = 160;
const UNDO = { read: 'unread' };
/** Which of the two a press means is told by what the list says: not known again until the one before is done. */
const MARKS = ['read', 'unread'];

export const says = (error) => (hasText(`error.${error.code}`) ? t(`error.${error.code}`) : t('error.other', { code: error.code }));

export function createReading({ session, list, panel, claims, loading, address, why, onEnded }) {
  /** By study, what was asked last and is not done yet: `verb`, and `done`, which resolves when it is. */
  const acting = new Map();
  let opening = 0;
  let leafing;
  let lostToast;

  const may = (permission) => session.permissions.includes(permission);
  const rowOf = (uid) => list.store.rowOf(uid) ?? (panel.uid() === uid ? panel.row() : undefined);
  const target = () => panel.uid() ?? list.cursor();
  /** Read next: on the list, and nobody else's. */
  const isFree = (row, goneAs) => row.rank !== null && goneAs === undefined && (!row.claim || row.claim.mine);

  function problem(error) {
    if (error.code === 'not-signed-in') return void onEnded();
    toast(says(error));
    return undefined;
  }

  function lost(by) {
    const uid = panel.uid();
    if (uid === undefined) return;
    lostToast?.();
    lostToast = toast(t('claim.lost', { who: plain(by ?? '') || t('claim.somebody') }), { label: t('claim.takeOver'), run: () => takeBack(uid) }, { stays: true });
    loading.soon();
  }

  async function takeBack(uid) {
    if (panel.uid() === uid) {
      // What was to be opened instead is not wanted any more.
      const mine = ++opening;
      const outcome = await claims.take(uid, rowOf(uid), Date.now).catch(problem);
      if (mine === opening && outcome === 'claimed') claims.show(uid);
    }
    loading.soon();
  }

  async function open(uid, { from = 'click' } = {}) {
    const mine = ++opening;
    clearTimeout(leafing);
    try {
      const fetching = api.study(uid);
      fetching.catch(() => undefined);
      const outcome = await claims.take(uid, rowOf(uid), Date.now);
      if (mine !== opening || outcome === 'stale') return undefined;
      if (outcome === 'back') {
        if (panel.uid() === undefined) address.study(undefined);
        return list.focus();
      }
      const detail = await fetching;
      if (mine !== opening) return undefined;
      lostToast?.();
      if (from !== 'address') address.study(uid);
      list.setOpen(uid);
      panel.show(detail);
      claims.show(uid);
      loading.soon();
    } catch (error) {
      if (mine !== opening) return undefined;
      if (error.code === 'not-signed-in') return void onEnded();
      if (panel.uid() === uid) claims.show(uid);
      else claims.giveUp();
      toast(t('panel.gone', { message: says(error) }));
    }
    return undefined;
  }

  /** What is shown is brought up to date, without claiming or counting as a look. */
  async function showAgain(uid) {
    const detail = await api.study(uid, true).catch((error) => (error.code === 'not-signed-in' ? void onEnded() : undefined));
    if (detail !== undefined && panel.uid() === uid) panel.show(detail);
  }

  function close({ from = 'click' } = {}) {
    opening += 1;
    clearTimeout(leafing);
    lostToast?.();
    if (from !== 'address') address.study(undefined);
    panel.hide();
    list.setOpen(undefined);
    list.focus();
    claims.release().then(loading.soon);
  }

  /** Pressed again before the page knows what became of it, it would be refused, or undone; another deed waits for its turn. */
  function act(uid, verb, ...how) {
    if (uid === undefined) return undefined;
    const before = acting.get(uid);
    if (before?.verb === verb || (MARKS.includes(before?.verb) && MARKS.includes(verb))) return before.done;
    const once = () => actOnce(uid, verb, ...how);
    const mine = { verb, done: (before === undefined ? once() : before.done.then(once, once)).finally(() => acting.get(uid) === mine && acting.delete(uid)) };
    acting.set(uid, mine);
    return mine.done;
  }

  async function undo(uid, verb) {
    await acting.get(uid)?.done;
    await act(uid, verb);
  }

  async function actOnce(uid, verb, body, { next = true } = {}) {
    const row = rowOf(uid);
    const name = personName(row?.patientName);
    const following = verb === 'read' ? list.after(uid, isFree) : undefined;
    try {
      await api.act(uid, verb, body);
    } catch (error) {
      return void problem(error);
    }
    if (verb === 'read' || verb === 'close') claims.forget(uid);
    const key = verb === 'prioritise' ? (body.stat ? 'done.stat' : 'done.unstat') : `done.${verb}`;
    toast(t(key, { name }), UNDO[verb] && { label: t('do.undo'), run: () => undo(uid, UNDO[verb]) });
    await loading.refresh({ byReader: true });
    if (panel.uid() !== uid) {
      if (following !== undefined) list.setCursor(following);
      else if (verb === 'unread') list.setCursor(uid);
      if (panel.uid() === undefined) list.focus();
    } else if (verb === 'read' && next && following !== undefined) await open(following);
    else if (verb === 'read' || verb === 'close') close();
    else await showAgain(uid);
  }

  async function feedback(verdict, note) {
    const uid = target();
    if (uid === undefined || !may('give-feedback')) return;
    try {
      const said = await giveFeedback(rowOf(uid), verdict, note);
      toast(said ?? t('feedback.nothing'));
      if (said !== undefined && panel.uid() === uid) await showAgain(uid);
    } catch (error) {
      problem(error);
    }
  }

  function step(move, repeat) {
    const uid = move();
    if (uid === undefined || panel.uid() === undefined || uid === panel.uid()) return;
    clearTimeout(leafing);
    if (repeat) leafing = setTimeout(() => open(uid), LEAF_MS);
    else open(uid);
  }

  const markRead = (next) => {
    const uid = target();
    if (uid === undefined || !may('mark-read')) return undefined;
    return act(uid, rowOf(uid)?.rank === null ? 'unread' : 'read', undefined, { next });
  };

  return {
    open, close, act, showAgain, lost, problem,
    keys: {
      down: (_key, repeat) => step(() => list.move(1), repeat),
      up: (_key, repeat) => step(() => list.move(-1), repeat),
      pageDown: () => list.movePage(1),
      pageUp: () => list.movePage(-1),
      first: () => list.moveToEnd(-1),
      last: () => list.moveToEnd(1),
      open: () => list.cursor() !== undefined && open(list.cursor()),
      close: () => (why.isOpen() ? why.close() : panel.uid() !== undefined && close()),
      read: () => markRead(true),
      markOnly: () => markRead(false),
      stat: () => may('prioritise') && target() !== undefined && act(target(), 'prioritise', { stat: !rowOf(target())?.order.stat }),
      agree: () => feedback('agree'),
      disagree: () => feedback('disagree'),
      async note() {
        const row = rowOf(target());
        if (row === undefined || !may('give-feedback')) return;
        if (row.findings.length === 0) return void toast(t('feedback.nothing'));
        const given = await askForNote(row);
        if (given !== undefined) feedback(given.verdict, given.note);
      },
      overlay: () => panel.uid() !== undefined && panel.toggleOverlay(),
      wide: () => panel.uid() !== undefined && panel.toggleWide(),
      full: () => panel.uid() !== undefined && panel.openFull(),
      picture: (key) => panel.pictureKey(key),
      why: () => (list.cursor() ?? panel.uid()) !== undefined && why.choose(list.cursor() ?? panel.uid()),
    },
  };
}
