/**
 * How grey rises between a window's ends (PS3.3 C.11.2): straight, as a sigmoid, or along a table of the file. A part of 0
 * is the window's low end, 1 its high end. A table is stretched with its window, so that a reader's own window goes on
 * from what the file shows. PURE.
 */

/** A sigmoid has no ends: this far beyond its window it differs from black and white by less than a grey level. */
const SIGMOID_REACH = 1.25;
const SIGMOID_NODES = 256;
/** As many as the graphics card's own table has. */
const TABLE_NODES_MAX = 1024;

const within = (value) => Math.min(1, Math.max(0, value));

/** 0–1. `shape`: nothing or { kind }; of kind TABLE with `greys`, 0–1 from the window's low end to its high end. */
export function greyAt(shape, part) {
  if (shape?.kind === 'SIGMOID') return 1 / (1 + Math.exp(-4 * (part - 0.5)));
  if (shape?.kind !== 'TABLE') return within(part);
  const { greys } = shape;
  const at = within(part) * (greys.length - 1);
  const below = Math.floor(at);
  return greys[below] + (at - below) * ((greys[below + 1] ?? greys[below]) - greys[below]);
}

/** The same as points for a transfer function: [{ x: value, y: grey }], x rising. */
export function greyNodes(shape, { low, high }) {
  const [from, to, count] = shape?.kind === 'SIGMOID' ? [-SIGMOID_REACH, 1 + SIGMOID_REACH, SIGMOID_NODES] : [0, 1, shape?.kind === 'TABLE' ? Math.min(TABLE_NODES_MAX, shape.greys.length) : 2];
  return Array.from({ length: count }, (_one, at) => {
    const part = from + (at / (count - 1)) * (to - from);
    return { x: low + part * (high - low), y: greyAt(shape, part) };
  });
}
