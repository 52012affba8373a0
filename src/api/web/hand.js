/**
 * Is a hand on the list? While it is, nothing may move under it: nobody should open the wrong patient. A pointer that
 * rests, or a key pressed long ago, holds nothing: a mouse left lying on the list must not freeze it.
 */
const REST_MS = 8_000;
/** Between seeing a row and the finger's click: a row that came under the pointer by itself is not opened by it. */
const REFLEX_MS = 400;

export function watchHand(place, onLeave) {
  let inside = false;
  let usedAtMs = -Infinity;
  let movedByItselfAtMs = -Infinity;

  const used = () => (usedAtMs = performance.now());
  place.addEventListener('pointermove', (event) => {
    inside = event.pointerType === 'mouse';
    used();
  });
  place.addEventListener('pointerdown', used);
  place.addEventListener('wheel', used, { passive: true });
  place.addEventListener('touchmove', used, { passive: true });
  place.addEventListener('keydown', used);
  place.addEventListener('pointerleave', () => {
    inside = false;
    usedAtMs = -Infinity;
    onLeave();
  });

  return {
    holds: () => performance.now() - usedAtMs < REST_MS,
    /** A mouse lies over it, moving or not. */
    isOver: () => inside,
    movedByItself: () => (movedByItselfAtMs = performance.now()),
    tooSoon: () => inside && performance.now() - movedByItselfAtMs < REFLEX_MS,
  };
}
