/**
 * The grey scale of a full picture (PURE): its own useful range, and the windows that a reader can choose, those of the
 * file first: its tables, then its windows. One that shows next to nothing of this picture is a mistake of its writer and is left out.
 */
import { PRESETS } from '../web/picture/gray-window.js';

const SAMPLE_COUNT = 40_000;
/** As the reduced picture's (inference/preview-pixels.ts). */
const PERCENTILES = [0.002, 0.998];
const SHOWN_FRACTION_MIN = 0.05;

export function scaleOf(pixels) {
  const step = Math.max(1, Math.floor(pixels.length / SAMPLE_COUNT)) | 1;
  const samples = Float32Array.from({ length: Math.ceil(pixels.length / step) }, (_one, at) => pixels[at * step]).sort();
  const at = (part) => samples[Math.round(part * (samples.length - 1))];
  const [low, high] = [at(PERCENTILES[0]), at(PERCENTILES[1])];
  return { samples, scale: high > low ? [low, high] : [low, low + 1] };
}

/** C.11.2.1.2.1: black and white of a LINEAR window lie half a value inside. */
export const rangeOf = ({ center, width }, kind) => (kind === 'LINEAR' ? { low: center - 0.5 - (width - 1) / 2, high: center - 0.5 + (width - 1) / 2 } : { low: center - width / 2, high: center + width / 2 });

/** `tables`: of a VOI LUT Sequence (voi-tables.js). `shape`: how grey rises in the window (shapes.js). */
export function presetsOf({ windows, windowFunction, photometric }, tables, { samples, scale }, nameOf) {
  const ofTables = tables.map(({ first, greys, explanation }) => ({ explanation, window: { low: first, high: first + greys.length - 1 }, shape: { kind: 'TABLE', greys } }));
  const ofWindows = windows.map((window) => ({ explanation: window.explanation, window: rangeOf(window, windowFunction), shape: { kind: windowFunction } }));
  const showsSomething = ({ window: { low, high } }) => high > low && samples.filter((value) => value > low && value < high).length >= SHOWN_FRACTION_MIN * samples.length;
  const ofFile = [...ofTables, ...ofWindows].filter(showsSomething)
    .map(({ explanation, ...preset }, at, all) => ({ name: 'file', label: explanation || nameOf(all.length > 1 ? at + 1 : undefined), ...preset }));
  // Of MONOCHROME1 the low values are the bright ones: the same part of the shown scale is the other end of the stored one.
  const turned = (preset) => (photometric === 'MONOCHROME1' ? { ...preset, low: 1 - preset.high, high: 1 - preset.low } : preset);
  return [...ofFile, ...PRESETS.map((preset) => turned(preset.name === 'whole' ? { ...preset, name: 'auto' } : preset))];
}
