/** FROC: places found against false boxes a film, with the points that are usually quoted. PURE. */
import type { Froc } from '../froc.ts';
import { percent } from './figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { niceTicks, PERCENT_AXIS, plot, polyline } from './plot.ts';

const SHOWN_MAX = 4;

export function frocPlot(froc: Froc): Markup {
  const furthest = froc.points.at(-1)?.falseBoxesPerFilm ?? 0;
  const to = Math.min(SHOWN_MAX, Math.max(0.5, furthest));
  return plot('FROC curve', { from: 0, to, ticks: niceTicks(to), label: 'false boxes a film', format: String }, { ...PERCENT_AXIS, label: 'marked places found' }, ({ x, y }) => {
    const shown = froc.points.filter((point) => point.falseBoxesPerFilm <= to);
    const steps = shown.flatMap((point, i): (readonly [number, number])[] => [[x(point.falseBoxesPerFilm), y(shown[i - 1]?.sensitivity ?? 0)], [x(point.falseBoxesPerFilm), y(point.sensitivity)]]);
    const end: readonly [number, number][] = shown.length === 0 ? [] : [[x(Math.min(to, furthest)), y(shown.at(-1)!.sensitivity)]];
    return html`<path class="curve" d="${polyline([[x(0), y(0)], ...steps, ...end])}"/>
${froc.at.filter((at) => at.falseBoxesPerFilm <= Math.min(to, furthest)).map((at) => html`${at.interval !== undefined && html`<path class="whisker" d="M${x(at.falseBoxesPerFilm)} ${y(at.interval[0])}V${y(at.interval[1])}"/>`}<circle class="dot hollow" cx="${x(at.falseBoxesPerFilm)}" cy="${y(at.sensitivity)}" r="4.5"><title>${percent(at.sensitivity, froc.placeCount)} at ${at.falseBoxesPerFilm} false boxes a film</title></circle>`)}`;
  });
}
