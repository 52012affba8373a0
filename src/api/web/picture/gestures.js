/**
 * Mouse, wheel and fingers on a pane. Left drag = window and level (or the tool chosen), middle or Shift + drag = pan,
 * right drag = zoom, wheel = zoom; one finger pans, two pinch. A picture that is shown whole leaves a phone's
 * up-and-down swipe to the page.
 */
const WHEEL_FACTOR = 0.0016;
const DOUBLE_MS = 320;
const TAP_PIXELS = 2;

/** `on`: { tool(): 'window' | 'pan' | 'length', window(dx, dy), pan(dx, dy), zoom(factor, x, y), fit(), begin(x, y), move(x, y), end() } */
export function listenToGestures(element, on) {
  const fingers = new Map();
  let lastTapMs = -Infinity;
  /** What a finger that moved or was not alone leaves behind is no tap. */
  let isTap = false;
  let mode;

  const at = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const modeOf = (event) => {
    if (event.pointerType === 'touch') return on.tool() === 'length' ? 'length' : 'pan';
    if (event.button === 2) return 'zoom';
    return event.button === 1 || event.shiftKey ? 'pan' : on.tool();
  };

  element.addEventListener('pointerdown', (event) => {
    // Buttons over the picture are buttons.
    if (event.target.closest('button, a, input') !== null) return;
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    isTap = fingers.size === 1;
    if (fingers.size > 1) {
      if (mode === 'length') on.end();
      mode = 'pinch';
      return;
    }
    mode = modeOf(event);
    if (event.button === 1) event.preventDefault();
    if (mode === 'length') on.begin(...at(event));
    element.classList.add('dragging');
  });
  element.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const now = at(event);
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) > TAP_PIXELS) isTap = false;
    if (mode === 'pinch') pinch(event.pointerId, before, now);
    else {
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      if (mode === 'pan') on.pan(dx, dy);
      else if (mode === 'zoom') on.zoom(Math.exp(-dy * 0.01), ...middle());
      else if (mode === 'length') on.move(...now);
      else on.window(dx, dy);
    }
    fingers.set(event.pointerId, now);
  });
  const middle = () => [element.clientWidth / 2, element.clientHeight / 2];
  function pinch(id, before, now) {
    const other = [...fingers].find(([one]) => one !== id)?.[1];
    if (other === undefined) return;
    const distance = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
    const centre = ([x, y]) => [(x + other[0]) / 2, (y + other[1]) / 2];
    const [from, to] = [centre(before), centre(now)];
    on.pan(to[0] - from[0], to[1] - from[1]);
    on.zoom(distance(now) / Math.max(1, distance(before)), ...to);
  }
  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (mode === 'length') on.end();
    if (fingers.size === 0) {
      mode = undefined;
      element.classList.remove('dragging');
    }
    if (event.pointerType !== 'touch' || event.type !== 'pointerup') return;
    if (isTap && event.timeStamp - lastTapMs < DOUBLE_MS) on.fit();
    lastTapMs = isTap ? event.timeStamp : -Infinity;
  };
  element.addEventListener('pointerup', lift);
  element.addEventListener('pointercancel', lift);
  element.addEventListener('dblclick', (event) => event.target.closest('button, a, input') === null && on.fit());
  element.addEventListener('contextmenu', (event) => event.preventDefault());
  element.addEventListener('wheel', (event) => {
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? event.deltaY * 24 : event.deltaY;
    on.zoom(Math.exp(-Math.max(-240, Math.min(240, pixels)) * WHEEL_FACTOR), ...at(event));
  }, { passive: false });
}
