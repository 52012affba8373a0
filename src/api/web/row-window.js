/** The rows that are in the document: those of the places that are looked at, each laid where it belongs. */
import { setAttribute } from './dom.js';
import { createRowView, createSkeleton } from './row-view.js';

export function createRowWindow(body, store) {
  const views = new Map();
  const skeletons = new Map();

  function kept(all, key, make) {
    if (!all.has(key)) all.set(key, make(key));
    return all.get(key);
  }
  const viewAt = (place) => {
    const uid = store.uidAt(place);
    return uid === undefined ? kept(skeletons, place, createSkeleton) : kept(views, uid, createRowView);
  };

  return {
    /** By Study Instance UID. */
    views,
    lay(places, rowHeight) {
      const nowMs = Date.now();
      const wanted = places.map(viewAt);
      // What has left goes first: then those that stay need not be moved in the document.
      const used = new Set(wanted);
      for (const all of [views, skeletons]) {
        for (const [key, view] of all) {
          if (used.has(view)) continue;
          view.element.remove();
          all.delete(key);
        }
      }
      places.forEach((place, index) => {
        const uid = store.uidAt(place);
        const view = wanted[index];
        if (uid !== undefined) view.update(store.entryOf(uid), { gone: store.goneAs(uid), nowMs, keepRank: store.isHeld() });
        setAttribute(view.element, 'aria-rowindex', place + 2);
        const top = `translateY(${place * rowHeight}px)`;
        if (view.element.style.transform !== top) view.element.style.transform = top;
        if (body.children[index] !== view.element) body.insertBefore(view.element, body.children[index] ?? null);
      });
    },
  };
}
