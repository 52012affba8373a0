/**
 * Where the overlay's labels go (PURE): beside what they name, inside the pane, over no other label and over none of the
 * page's own words on the picture. A label that finds no place beside its mark goes to the nearest free one, and the
 * overlay draws a line to it.
 */
const GAP = 4;
const STEP = 8;
/** From the mark's middle. */
const AWAY_MAX = 160;

const overlaps = (a, b, gap = 2) => a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap;
const isInside = (box, { width, height }) => box.x >= GAP && box.y >= GAP && box.x + box.width <= width - GAP && box.y + box.height <= height - GAP;
const between = (value, low, high) => Math.max(low, Math.min(high, value));

/** Above, below, right, left of the mark; then with the other edge in line. */
function beside({ x, y, width, height }, size) {
  return [
    [x, y - size.height - GAP], [x, y + height + GAP], [x + width + GAP, y], [x - size.width - GAP, y],
    [x + width - size.width, y - size.height - GAP], [x + width - size.width, y + height + GAP],
    [x + width + GAP, y + height - size.height], [x - size.width - GAP, y + height - size.height],
  ];
}

/**
 * `marks`: [{ box, size }] in CSS pixels, most important first. Returns for each { x, y, width, height, away } or
 * undefined where its mark is out of sight or the pane is full.
 */
export function placeLabels(marks, pane, taken = []) {
  const placed = [...taken];
  return marks.map(({ box, size }) => {
    if (!overlaps(box, { x: 0, y: 0, ...pane }, 0)) return undefined;
    const free = ([x, y]) => {
      const label = { x: between(x, GAP, pane.width - GAP - size.width), y, width: size.width, height: size.height };
      return isInside(label, pane) && !placed.some((other) => overlaps(label, other)) ? label : undefined;
    };
    // Over another mark a label hides what that one points at: rather a little away, with a line.
    const others = marks.filter((other) => other.box !== box && !holds(other.box, box)).map((other) => other.box);
    const isClear = (label) => !others.some((other) => overlaps(label, other, 0));
    const places = beside(box, size).map(free).filter(Boolean);
    const label = places.find(isClear) ?? nearest(box, size, AWAY_MAX, (at) => [free(at)].filter(Boolean).find(isClear)) ?? places[0] ?? nearest(box, size, pane.width + pane.height, free);
    if (label !== undefined) placed.push(label);
    return label;
  });
}

const holds = (outer, inner) => outer.x <= inner.x && outer.y <= inner.y && outer.x + outer.width >= inner.x + inner.width && outer.y + outer.height >= inner.y + inner.height;

/** Rings of growing distance around the mark's middle. */
function nearest(box, size, far, free) {
  const [middleX, middleY] = [box.x + box.width / 2 - size.width / 2, box.y + box.height / 2 - size.height / 2];
  for (let ring = STEP; ring < far; ring += STEP) {
    for (let angle = 0; angle < 16; angle += 1) {
      const label = free([middleX + ring * 1.6 * Math.cos((angle * Math.PI) / 8), middleY + ring * Math.sin((angle * Math.PI) / 8)]);
      if (label !== undefined && !overlaps(label, box, 0)) return { ...label, away: true };
    }
  }
  return undefined;
}
