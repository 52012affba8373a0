import { describe, expect, it } from 'vitest';
import { burnInWords } from '../../src/report/burn-in.ts';
import { chestReportDataSet } from '../../src/report/chest-report.ts';
import { drawOverlay } from '../../src/report/overlay.ts';
import { buildVisual, visualReference } from '../../src/report/visual.ts';
import { readPart10 } from '../../src/dicom/part10.ts';
import { CASES, NODULE_FINDING, TB_FINDING } from './report-cases.ts';

const grey = (rows: number, columns: number, value = 100): { rows: number; columns: number; pixels: Uint8Array } => ({ rows, columns, pixels: new Uint8Array(rows * columns).fill(value) });
const STORED = { rows: 3000, columns: 2500 };

describe('overlay', () => {
  const at = (picture: { columns: number; pixels: Uint8Array }, x: number, y: number): number[] => [...picture.pixels.subarray((y * picture.columns + x) * 3, (y * picture.columns + x) * 3 + 3)];

  it('outlines boxes above the threshold and no others', () => {
    const picture = drawOverlay(grey(300, 250), STORED, NODULE_FINDING);
    expect(at(picture, 170, 110)).toEqual([255, 210, 0]);
    expect(at(picture, 176, 116)).toEqual([100, 100, 100]);
    expect(at(picture, 30, 30)).toEqual([100, 100, 100]);
  });

  it('shades between cells instead of drawing their edges', () => {
    const heatmap = { rows: 1, columns: 2, area: { x: 0, y: 0, width: 2500, height: 3000 }, cellsBase64: Buffer.from([0, 255]).toString('base64') };
    const picture = drawOverlay(grey(300, 250), STORED, { ...TB_FINDING, region: [], heatmap });
    const reds = Array.from({ length: 125 }, (_, x) => at(picture, 63 + x, 150)[0]!);
    expect(Math.max(...reds.slice(1).map((red, index) => red - reds[index]!))).toBeLessThan(3);
    expect(reds.at(-1)! - reds[0]!).toBeGreaterThan(60);
  });

  it('outlines contours where there are no boxes', () => {
    const picture = drawOverlay(grey(300, 250), STORED, TB_FINDING);
    expect(at(picture, 42, 50)).toEqual([255, 210, 0]);
  });

  it('tints what is hot, where it is hot', () => {
    const heatmap = { rows: 1, columns: 2, area: { x: 0, y: 0, width: 2500, height: 1500 }, cellsBase64: Buffer.from([0, 255]).toString('base64') };
    const picture = drawOverlay(grey(300, 250), STORED, { ...TB_FINDING, region: [], heatmap });
    expect(at(picture, 60, 75)).toEqual([100, 100, 100]);
    expect(at(picture, 200, 75)).toEqual([170, 91, 55]);
    expect(at(picture, 200, 200)).toEqual([100, 100, 100]);
  });

  it('survives regions far outside the picture', () => {
    expect(() => drawOverlay(grey(30, 25), STORED, { ...TB_FINDING, region: [[[-1e9, 0], [1e9, 5], [0, 1e9]]] })).not.toThrow();
  });
});

describe('burnt-in words', () => {
  it('stand in a band below, the picture untouched', () => {
    const picture = { rows: 10, columns: 200, pixels: new Uint8Array(10 * 200 * 3).fill(7) };
    const marked = burnInWords(picture, 'AI');
    expect(marked.rows).toBeGreaterThan(10);
    expect(marked.pixels.subarray(0, picture.pixels.length)).toEqual(picture.pixels);
    expect(marked.pixels.subarray(picture.pixels.length)).toContain(255);
  });

  it('look like the words', () => {
    const { rows, columns, pixels } = burnInWords({ rows: 0, columns: 24, pixels: new Uint8Array(0) }, 'AI-');
    const lines = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => (pixels[(row * columns + column) * 3] === 255 ? '#' : ' ')).join('').trimEnd());
    expect(lines.slice(3, 10)).toEqual([
      '    ###   ###',
      '   #   #   #',
      '   #   #   #',
      '   #####   #   #####',
      '   #   #   #',
      '   #   #   #',
      '   #   #  ###',
    ]);
  });

  it('say more only where it fits whole, in letters no larger than a reader needs', () => {
    const words = (columns: number, more?: string): Buffer => Buffer.from(burnInWords({ rows: 0, columns, pixels: new Uint8Array(0) }, 'AI', more).pixels);
    expect(words(40, 'LUNG NODULE')).toEqual(words(40));
    expect(words(200, 'LUNG NODULE')).not.toEqual(words(200));
    expect(burnInWords({ rows: 0, columns: 1024, pixels: new Uint8Array(0) }, 'AI').rows).toBe(burnInWords({ rows: 0, columns: 512, pixels: new Uint8Array(0) }, 'AI').rows);
  });

  it('exist for every family', () => {
    for (const family of ['tuberculosis', 'lung nodule']) expect(() => burnInWords({ rows: 0, columns: 1024, pixels: new Uint8Array(0) }, 'AI', family.toUpperCase())).not.toThrow();
  });

  it('on a picture too narrow for them are cut, not wrapped into the next row', () => {
    expect(() => burnInWords({ rows: 2, columns: 5, pixels: new Uint8Array(30) }, 'AI')).not.toThrow();
  });
});

describe('the picture as an object', () => {
  const facts = CASES['tb-flagged'];
  const picture = drawOverlay(grey(301, 251), STORED, TB_FINDING);

  it('is the one that the report names', () => {
    const visual = visualReference(facts);
    const { sopInstanceUid, seriesInstanceUid } = buildVisual(facts, picture);
    expect({ sopInstanceUid, seriesInstanceUid }).toEqual({ sopInstanceUid: visual.sopInstanceUid, seriesInstanceUid: visual.seriesInstanceUid });
    expect(JSON.stringify(chestReportDataSet({ ...facts, visual }))).toContain(visual.sopInstanceUid);
  });

  it('is the same bytes for the same facts', () => {
    expect(Buffer.compare(buildVisual(facts, picture).bytes, buildVisual(facts, picture).bytes)).toBe(0);
    expect(readPart10(buildVisual(facts, picture).bytes).remarks).toEqual([]);
  });

  it('is never made of a finding that is not flagged', () => {
    expect(() => buildVisual(CASES['tb-below-threshold'], picture)).toThrow(/flagged/);
    expect(() => buildVisual(CASES['tb-not-analysed'], picture)).toThrow(/flagged/);
  });
});
