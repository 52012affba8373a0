/**
 * The list. Its order is the server's; while a hand is on it the order holds still and says so: nobody should open the
 * wrong patient because a row moved under the pointer. What a row says is brought up to date at once, held or not.
 */
import { h, setAttribute, setText } from './dom.js';
import { createRowView } from './row-view.js';
import { t } from './strings.js';

/** A pointer that rests longer than this holds nothing: a mouse left lying on the list must not freeze it. */
const HOLD_MS = 8_000;
const COLUMNS = ['rank', 'flag', 'patient', 'reason', 'waiting', 'state'];

export function createWorklist({ onOpen, onMore }) {
  const views = new Map();
  let order = [];
  let waitingOrder;
  let cursor;
  let openUid;
  let inside = false;
  let movedAtMs = 0;
  let total = 0;

  const body = h('tbody', {});
  const heads = COLUMNS.map((name) => h('th', { scope: 'col', class: `head-${name}` }));
  const table = h('table', { class: 'worklist' }, h('thead', {}, h('tr', {}, heads)), body);
  const more = h('button', { class: 'more', type: 'button', onclick: onMore });
  const empty = h('div', { class: 'empty' });
  const heldWords = h('span', {});
  const heldButton = h('button', { type: 'button', onclick: () => applyOrder() });
  const held = h('div', { class: 'held', role: 'status', hidden: true }, h('div', { class: 'pill' }, heldWords, heldButton));
  const element = h('section', { class: 'list', tabindex: '-1' }, held, table, more, empty);

  body.addEventListener('pointermove', () => {
    inside = true;
    movedAtMs = Date.now();
  });
  body.addEventListener('pointerleave', () => {
    inside = false;
    if (waitingOrder !== undefined) applyOrder();
  });

  const holds = () => inside && Date.now() - movedAtMs < HOLD_MS;

  function viewOf(row) {
    let view = views.get(row.studyInstanceUid);
    if (view === undefined) {
      const uid = row.studyInstanceUid;
      view = createRowView(() => onOpen(uid));
      view.element.addEventListener('focus', () => {
        cursor = uid;
        mark();
      });
      views.set(uid, view);
    }
    return view;
  }

  /** Puts the rows in the server's order; the row under a resting pointer stays where it is on the screen. */
  function applyOrder() {
    const rows = waitingOrder ?? [];
    waitingOrder = undefined;
    held.hidden = true;
    const anchor = inside ? body.querySelector('tr:hover') : null;
    const before = anchor?.getBoundingClientRect().top;
    const next = rows.map((row) => row.studyInstanceUid);
    const keep = new Set(next);
    for (const [uid, view] of views) {
      if (keep.has(uid)) continue;
      view.element.remove();
      views.delete(uid);
    }
    const known = new Set(order);
    next.forEach((uid, at) => {
      const { element: row } = views.get(uid);
      if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null);
      if (order.length > 0 && !known.has(uid)) row.classList.add('arrived');
    });
    order = next;
    for (const view of views.values()) view.element.classList.remove('gone');
    rows.forEach((row) => views.get(row.studyInstanceUid).update(row, rows.hereAtMs));
    if (anchor?.isConnected && before !== undefined) element.scrollTop += anchor.getBoundingClientRect().top - before;
    if (cursor !== undefined && !keep.has(cursor)) cursor = undefined;
    mark();
    more.hidden = total <= order.length;
    setText(more, t('list.more'));
  }

  /** One row at a time is in the tab order: Tab goes into the list and out of it, j and k move in it. */
  function mark() {
    const stop = cursor ?? order[0];
    for (const [uid, view] of views) {
      setAttribute(view.element, 'tabindex', uid === stop ? '0' : '-1');
      setAttribute(view.element, 'aria-current', uid === openUid ? 'true' : undefined);
      view.element.classList.toggle('cursor', uid === cursor);
    }
  }

  return {
    element,
    /** `searching`: what was typed, for the words where nothing is found. `asked`: the reader did something, so nothing is held. */
    show(rows, newTotal, hereAtMs, { searching, asked }) {
      total = newTotal;
      const next = [...rows];
      next.hereAtMs = hereAtMs;
      const incoming = next.map((row) => row.studyInstanceUid);
      const sameOrder = incoming.length === order.length && incoming.every((uid, at) => uid === order[at]);
      for (const row of next) {
        const wasKnown = views.has(row.studyInstanceUid);
        viewOf(row).update(row, hereAtMs, !sameOrder && wasKnown && !asked && holds());
      }
      waitingOrder = next;
      if (sameOrder || asked || !holds()) applyOrder();
      else {
        const present = new Set(incoming);
        for (const uid of order) views.get(uid)?.element.classList.toggle('gone', !present.has(uid));
        const fresh = incoming.filter((uid) => !order.includes(uid)).length;
        held.hidden = false;
        setText(heldWords, fresh > 0 ? t('list.held.new', { n: fresh }) : t('list.held'));
        setText(heldButton, t('list.held.show'));
      }
      const nothing = next.length === 0;
      table.hidden = nothing;
      empty.hidden = !nothing;
      empty.replaceChildren(
        h('p', { class: 'empty-title' }, searching === '' ? t('list.empty') : t('list.emptySearch', { search: searching })),
        h('p', {}, searching === '' ? t('list.empty.hint') : t('list.emptySearch.hint')));
    },
    tick(nowMs) {
      for (const uid of order) views.get(uid).tick(nowMs);
      if (waitingOrder !== undefined && !holds()) applyOrder();
    },
    applyNow: () => waitingOrder !== undefined && applyOrder(),
    relabel() {
      setAttribute(element, 'aria-label', t('list.label'));
      heads.forEach((head, at) => setText(head, t(`column.${COLUMNS[at]}`)));
    },
    rowOf: (uid) => views.get(uid)?.row,
    cursor: () => cursor,
    /** The one below in the order shown. */
    after: (uid) => order[order.indexOf(uid) + 1],
    setOpen(uid) {
      openUid = uid;
      if (uid !== undefined) cursor = uid;
      mark();
    },
    move(step) {
      const at = cursor === undefined ? (step > 0 ? -1 : order.length) : order.indexOf(cursor);
      const uid = order[Math.max(0, Math.min(order.length - 1, at + step))];
      if (uid === undefined) return undefined;
      cursor = uid;
      mark();
      const row = views.get(uid).element;
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: 'nearest' });
      return uid;
    },
    counts() {
      const rows = order.map((uid) => views.get(uid).row).filter((row) => row.rank !== null);
      return { rows, overdue: rows.filter((row) => views.get(row.studyInstanceUid).element.classList.contains('overdue')).length };
    },
  };
}
