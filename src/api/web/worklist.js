/**
 * The list: as many rows in the document as fit the screen, at places of a fixed height, so that 10,000 studies scroll
 * like ten. Its order is the server's; while a hand is on it the order holds still and says so. What a row says is brought
 * up to date at once, held or not. Rows keep their element while they are near: focus and screen readers stay where they are.
 */
import { h, setAttribute } from './dom.js';
import { watchHand } from './hand.js';
import { createHeads } from './heads.js';
import { createPill } from './held-pill.js';
import { createRowStore, PAGE_ROWS } from './row-store.js';
import { createRowWindow } from './row-window.js';
import { t } from './strings.js';

/** Rows beyond the edge that are ready before they are scrolled to. */
const SPARE_ROWS = 8;
const GLIDE_MS = 240;

export function createWorklist({ onOpen, onWhy, onRange, onSort, onHeld }) {
  const store = createRowStore();
  let cursor;
  let openUid;
  let comparedUid;
  let rowHeight = 60;
  let frame;
  let first = 0;
  let last = -1;
  let loading = true;
  /** Gone to by key before its rows were here. */
  let wantedPlace;

  const body = h('tbody', { role: 'rowgroup' });
  const rows = createRowWindow(body, store);
  const { views } = rows;
  const heads = createHeads(onSort);
  const table = h('table', { class: 'worklist', role: 'grid' }, h('thead', { role: 'rowgroup' }, heads.element), body);
  const empty = h('div', { class: 'empty', hidden: true });
  const pill = createPill({ onShow: () => applyNow(), onTop: () => element.scrollTo({ top: 0 }) });
  const element = h('section', { class: 'list', tabindex: '-1' }, pill.element, table, empty);

  const hand = watchHand(body, () => store.isHeld() && applyOrder());
  element.addEventListener('scroll', () => {
    frame ??= requestAnimationFrame(render);
    if (element.scrollTop < rowHeight) pill.seenAbove();
  }, { passive: true });
  new ResizeObserver(measure).observe(element);

  const uidOf = (event) => event.target.closest?.('tr.row')?.dataset.uid;
  body.addEventListener('click', (event) => {
    const uid = uidOf(event);
    if (uid === undefined || hand.tooSoon()) return;
    if (event.target.closest('.rank') !== null) onWhy(uid);
    else onOpen(uid);
  });
  body.addEventListener('focusin', (event) => {
    const uid = uidOf(event);
    if (uid === undefined || uid === cursor) return;
    cursor = uid;
    mark();
  });

  function measure() {
    const written = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row-height'));
    if (written > 0) rowHeight = written;
    render();
  }

  /** The places that can be seen, and a few beyond. */
  function seen() {
    const headHeight = heads.element.offsetHeight;
    const from = Math.floor(element.scrollTop / rowHeight);
    const to = Math.ceil((element.scrollTop + element.clientHeight - headHeight) / rowHeight);
    return { from: Math.max(0, from), to: Math.max(0, Math.min(store.total(), to) - 1) };
  }

  function render() {
    frame = undefined;
    const total = loading ? Math.ceil(element.clientHeight / rowHeight) : store.total();
    const { from, to } = loading ? { from: 0, to: total - 1 } : seen();
    [first, last] = [from, to];
    body.style.height = `${total * rowHeight}px`;
    setAttribute(table, 'aria-rowcount', loading ? -1 : total + 1);
    setAttribute(table, 'aria-busy', loading ? 'true' : undefined);
    const places = [];
    for (let place = Math.max(0, from - SPARE_ROWS); place <= Math.min(total - 1, to + SPARE_ROWS); place += 1) places.push(place);
    // The row with the focus stays in the document wherever it is, or the focus would be lost.
    const cursorPlace = cursor === undefined ? -1 : store.placeOf(cursor);
    if (cursorPlace !== -1 && !places.includes(cursorPlace)) places[cursorPlace < places[0] ? 'unshift' : 'push'](cursorPlace);
    rows.lay(places, rowHeight);
    mark();
    if (!loading && total > 0) {
      const stale = store.staleRange(Math.max(0, from - PAGE_ROWS / 4), Math.min(total - 1, to + PAGE_ROWS / 4));
      if (stale !== undefined) onRange(stale);
    }
  }

  /** One row at a time is in the tab order: Tab goes into the list and out of it, the arrows move in it. */
  function mark() {
    const stop = cursor !== undefined && views.has(cursor) ? cursor : store.uidAt(first);
    for (const [uid, view] of views) {
      setAttribute(view.element, 'tabindex', uid === stop ? '0' : '-1');
      setAttribute(view.element, 'aria-current', uid === openUid ? 'true' : undefined);
      setAttribute(view.element, 'aria-selected', uid === comparedUid ? 'true' : undefined);
      view.element.classList.toggle('cursor', uid === cursor);
      view.element.classList.toggle('compared', uid === comparedUid);
    }
  }

  /** The row under the pointer, resting or not, else the one with the focus: it keeps its place on the screen. */
  const anchorNow = () => (hand.isOver() ? body.querySelector('tr.row:hover') : document.activeElement?.closest?.('tr.row'))?.dataset.uid;

  /** Puts the rows where the server says. */
  function applyOrder() {
    if (keepingStill(anchorNow(), () => store.apply())) hand.movedByItself();
    tellHeld();
  }

  /** True where a row that was in sight does not stand where it stood: above the first row there is nothing to scroll to. */
  function keepingStill(anchor, change) {
    const before = anchor === undefined ? -1 : store.placeOf(anchor);
    const { from, to } = seen();
    const inSight = Array.from({ length: to - from + 1 }, (_one, index) => store.uidAt(from + index));
    const scrolledTo = element.scrollTop;
    change();
    const after = before === -1 ? -1 : store.placeOf(anchor);
    const by = after === -1 ? 0 : (after - before) * rowHeight;
    if (by === 0) glide();
    // What came in above would not be seen: it is said instead.
    if (by > 0 && element.scrollTop < rowHeight) pill.came(after - before);
    body.style.height = `${store.total() * rowHeight}px`;
    if (by !== 0) element.scrollTop += by;
    render();
    const rowsScrolled = (element.scrollTop - scrolledTo) / rowHeight;
    const places = Math.round(rowsScrolled);
    return Math.abs(rowsScrolled - places) * rowHeight > 1 || inSight.some((uid, index) => uid !== undefined && store.uidAt(from + index + places) !== uid);
  }

  function glide() {
    body.classList.add('gliding');
    setTimeout(() => body.classList.remove('gliding'), GLIDE_MS);
  }

  function tellHeld() {
    pill.waiting(store.changeCount(), store.cameCount());
    onHeld(store.changeCount());
  }

  function applyNow() {
    if (store.isHeld()) applyOrder();
  }

  function reveal(place) {
    const top = place * rowHeight;
    const room = element.clientHeight - heads.element.offsetHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + room) element.scrollTop = top + rowHeight - room;
  }

  function goTo(place) {
    const uid = store.uidAt(place);
    reveal(place);
    wantedPlace = uid === undefined ? place : undefined;
    if (uid === undefined) {
      render();
      return undefined;
    }
    cursor = uid;
    render();
    views.get(uid).element.focus({ preventScroll: true });
    return uid;
  }

  return {
    element,
    store,
    /** `asked`: the reader did something, so nothing is held. `generation` 'new': the other pages may have changed as well. */
    take(range, answer, hereAtMs, { asked, generation, reset }) {
      const hold = !asked && hand.holds();
      const moved = keepingStill(asked || hold ? undefined : anchorNow(), () => {
        loading = false;
        if (reset) {
          store.clear();
          cursor = openUid;
          element.scrollTop = 0;
        }
        store.take({ ...range, rows: answer.rows, total: answer.total }, hereAtMs, { hold, generation });
      });
      // Who did it by hand and comes from elsewhere looks first.
      if (moved && (!asked || hand.isOver())) hand.movedByItself();
      tellHeld();
      if (wantedPlace !== undefined && store.uidAt(wantedPlace) !== undefined) goTo(wantedPlace);
    },
    /** Nothing is known of what is asked now: rows of another question must not stand here. */
    forget() {
      store.clear();
      loading = true;
      this.showEmpty(undefined);
      tellHeld();
      render();
    },
    /** `content`: what is said where there is nothing; undefined shows the rows. */
    showEmpty(content) {
      table.hidden = content !== undefined;
      empty.hidden = content === undefined;
      empty.replaceChildren(...(content ?? []));
    },
    tick(nowMs) {
      for (const view of views.values()) view.tick(nowMs);
      if (store.isHeld() && !hand.holds()) applyOrder();
    },
    applyNow,
    render,
    relabel(query) {
      setAttribute(element, 'aria-label', t('list.region'));
      setAttribute(table, 'aria-label', t('list.label'));
      heads.relabel(query);
      tellHeld();
      render();
    },
    /** What the server should be asked for: the pages that can be seen. */
    range() {
      const offset = Math.floor(first / PAGE_ROWS) * PAGE_ROWS;
      const pages = Math.max(1, Math.ceil((Math.max(last, first) + 1 - offset) / PAGE_ROWS));
      return { offset, limit: pages * PAGE_ROWS };
    },
    cursor: () => (cursor !== undefined && store.rowOf(cursor) !== undefined ? cursor : undefined),
    setCursor(uid) {
      cursor = uid;
      render();
    },
    setOpen(uid) {
      openUid = uid;
      if (uid !== undefined) {
        cursor = uid;
        const place = store.placeOf(uid);
        if (place !== -1) reveal(place);
      }
      render();
    },
    setCompared(uid) {
      comparedUid = uid;
      mark();
    },
    /** The next one below that `fits`, among those that are here. */
    after(uid, fits = () => true) {
      for (let place = store.placeOf(uid) + 1; place > 0 && place < store.total(); place += 1) {
        const next = store.uidAt(place);
        if (next !== undefined && fits(store.rowOf(next), store.goneAs(next))) return next;
      }
      return undefined;
    },
    move(step) {
      const from = cursor === undefined ? -1 : store.placeOf(cursor);
      if (store.total() === 0) return undefined;
      if (from === -1) return goTo(step > 0 ? first : last);
      return goTo(Math.max(0, Math.min(store.total() - 1, from + step)));
    },
    movePage: goToPage,
    moveToEnd: (direction) => goTo(direction < 0 ? 0 : store.total() - 1),
    focus() {
      const uid = cursor ?? store.uidAt(first);
      if (uid !== undefined && views.has(uid)) views.get(uid).element.focus({ preventScroll: true });
      else element.focus({ preventScroll: true });
    },
  };

  function goToPage(direction) {
    const rowsOfPage = Math.max(1, Math.floor((element.clientHeight - heads.element.offsetHeight) / rowHeight) - 1);
    const from = cursor === undefined ? first : Math.max(0, store.placeOf(cursor));
    return goTo(Math.max(0, Math.min(store.total() - 1, from + direction * rowsOfPage)));
  }
}
