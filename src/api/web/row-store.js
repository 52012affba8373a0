/**
 * Which row stands at which place, as far as the page knows. Pure, no DOM. Of 10,000 studies only the pages that somebody
 * looked at are here; the other places are holes. An answer brings what its rows say up to date at once; where they stand
 * changes only when `take` is told that no hand is on the list, or when `apply` is called.
 */
export const PAGE_ROWS = 100;

export function createRowStore() {
  const rows = new Map();
  let order = [];
  let fresh = new Set();
  let held;
  let gone = new Map();

  const at = (place) => rows.get(order[place]);
  const placeOf = (uid) => order.indexOf(uid);
  const pagesOf = (offset, count) => Array.from({ length: Math.max(1, Math.ceil(count / PAGE_ROWS)) }, (_one, index) => Math.floor(offset / PAGE_ROWS) + index);

  function adopt({ offset, limit, uids, total }) {
    const incoming = new Set(uids);
    const next = new Array(total);
    for (let place = 0; place < total; place += 1) {
      const uid = order[place];
      const answered = place >= offset && place < offset + limit;
      if (answered || uid === undefined) continue;
      // It stands elsewhere now: its old page is asked for again when somebody looks there.
      if (incoming.has(uid) || gone.has(uid)) fresh.delete(Math.floor(place / PAGE_ROWS));
      else next[place] = uid;
    }
    uids.forEach((uid, index) => (next[offset + index] = uid));
    order = next;
    held = undefined;
    gone = new Map();
    const kept = new Set(order);
    for (const uid of rows.keys()) if (!kept.has(uid)) rows.delete(uid);
  }

  /** Holes are filled also while the order is held: nothing stands there that could move. */
  function fillHoles({ offset, uids, total }) {
    const shown = new Set(order);
    if (order.length === 0) order = new Array(total);
    uids.forEach((uid, index) => {
      if (offset + index < order.length && order[offset + index] === undefined && !shown.has(uid)) order[offset + index] = uid;
    });
  }

  return {
    /** `hold`: a hand is on the list. True where the order that is shown is now another one than the server's. */
    take({ offset, limit, rows: answered, total }, hereAtMs, { hold = false, generation = 'same' } = {}) {
      if (generation === 'new') fresh = new Set();
      for (const page of pagesOf(offset, limit)) fresh.add(page);
      const uids = answered.map((row) => row.studyInstanceUid);
      for (const row of answered) rows.set(row.studyInstanceUid, { row, hereAtMs });
      const answer = { offset, limit, uids, total };
      if (!hold || order.length === 0) {
        adopt(answer);
        return false;
      }
      fillHoles(answer);
      const present = new Set(uids);
      gone = new Map();
      for (let place = offset; place < Math.min(order.length, offset + limit); place += 1) {
        const uid = order[place];
        if (uid !== undefined && !present.has(uid)) gone.set(uid, 'moved');
      }
      const same = total === order.length && uids.every((uid, index) => order[offset + index] === uid);
      held = same ? undefined : answer;
      if (held === undefined) adopt(answer);
      return held !== undefined;
    },
    apply() {
      if (held === undefined) return false;
      fresh = new Set(pagesOf(held.offset, held.limit));
      adopt(held);
      return true;
    },
    /** How many rows stand elsewhere, came or went: what "3 changes" counts. */
    changeCount() {
      if (held === undefined) return 0;
      const shown = order.slice(held.offset, held.offset + held.limit).filter((uid) => uid !== undefined);
      const before = new Map(shown.map((uid, place) => [uid, place]));
      const known = held.uids.filter((uid) => before.has(uid));
      const came = held.uids.length - known.length;
      const went = shown.length - known.length;
      return Math.max(1, Math.max(came, went) + known.length - longestRising(known.map((uid) => before.get(uid))));
    },
    cameCount: () => (held === undefined ? 0 : held.uids.filter((uid) => !order.includes(uid)).length),
    isHeld: () => held !== undefined,
    /** Of a row that is shown and is not in the server's answer any more: 'moved' until `became` says more. */
    goneAs: (uid) => gone.get(uid),
    goneUids: () => [...gone.keys()],
    /** What became of a row that has left: it is shown where it stands. */
    became(row, hereAtMs) {
      rows.set(row.studyInstanceUid, { row, hereAtMs });
      gone.set(row.studyInstanceUid, 'left');
    },
    /** Pages of these places that were not asked for since the list last changed. */
    staleRange(first, last) {
      const pages = pagesOf(Math.floor(first / PAGE_ROWS) * PAGE_ROWS, last + 1 - Math.floor(first / PAGE_ROWS) * PAGE_ROWS).filter((page) => !fresh.has(page));
      return pages.length === 0 ? undefined : { offset: pages[0] * PAGE_ROWS, limit: (pages.at(-1) - pages[0] + 1) * PAGE_ROWS };
    },
    clear() {
      order = [];
      rows.clear();
      fresh = new Set();
      held = undefined;
      gone = new Map();
    },
    total: () => order.length,
    uidAt: (place) => order[place],
    at,
    rowOf: (uid) => rows.get(uid)?.row,
    entryOf: (uid) => rows.get(uid),
    placeOf,
  };
}

/** Length of the longest run of rising numbers, not necessarily side by side: what did not have to move. */
function longestRising(numbers) {
  const tails = [];
  for (const number of numbers) {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tails[middle] < number) low = middle + 1;
      else high = middle;
    }
    tails[low] = number;
  }
  return tails.length;
}
