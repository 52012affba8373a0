/** The page's pure parts of a picture: geometry, grey windows, labels, headers, multipart answers, sides, lengths. */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { fileURLToPath } from 'node:url';

type Matrix = readonly [number, number, number, number, number, number];
type Point = readonly [number, number];
interface View { readonly zoom: number; readonly panX: number; readonly panY: number; readonly turns: number; readonly mirrored: boolean }
interface Area { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
interface Geometry {
  PLAIN_VIEW: View;
  displaySize(image: object, aspect?: number): { width: number; height: number };
  matrixOf(view: View, image: object, size: object, pane: object): Matrix;
  apply(matrix: Matrix, point: Point): Point;
  invert(matrix: Matrix): Matrix;
  zoomAt(view: View, factor: number, x: number, y: number, pane: object): View;
  turn(view: View): View;
  mirror(view: View): View;
  upsideDown(view: View): View;
  oneToOne(view: View, size: object, pane: object, ratio: number): View;
}

const load = async <T>(path: string): Promise<T> => (await import(fileURLToPath(new URL(`../../src/api/${path}`, import.meta.url)))) as T;
let geometry: Geometry;
const image = { columns: 2400, rows: 2800 };
const pane = { width: 540, height: 400 };
const all = (view: View): Matrix => geometry.matrixOf(view, image, geometry.displaySize(image), pane);
const close = (seen: Point, wanted: Point): void => wanted.forEach((value, at) => expect(seen[at]).toBeCloseTo(value, 6));

beforeAll(async () => {
  vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: { lang: '' }, createElement: () => ({}), createElementNS: () => ({}) });
  geometry = await load<Geometry>('web/picture/geometry.js');
});

describe('geometry', () => {
  test('the whole picture fits, in the middle', () => {
    const matrix = all(geometry.PLAIN_VIEW);
    close(geometry.apply(matrix, [1200, 1400]), [270, 200]);
    close(geometry.apply(matrix, [0, 0]), [270 - (2400 * 400) / 2800 / 2, 0]);
    close(geometry.apply(matrix, [2400, 2800]), [270 + (2400 * 400) / 2800 / 2, 400]);
  });

  test('a quarter turn brings the top to the right; mirroring changes left and right on the screen, whatever the turns', () => {
    const top: Point = [1200, 0];
    const turned = geometry.apply(all(geometry.turn(geometry.PLAIN_VIEW)), top);
    expect(turned[0]).toBeGreaterThan(270);
    expect(turned[1]).toBeCloseTo(200, 6);
    for (let turns = 0; turns < 4; turns += 1) {
      for (const mirrored of [false, true]) {
        const view = { ...geometry.PLAIN_VIEW, turns, mirrored, zoom: 1.7, panX: 30, panY: -12 };
        for (const point of [[10, 20], [2300, 700]] as const) {
          const [x, y] = geometry.apply(all(view), point);
          close(geometry.apply(all(geometry.mirror(view)), point), [540 - x, y]);
          close(geometry.apply(all(geometry.upsideDown(view)), point), [x, 400 - y]);
        }
      }
    }
  });

  test('four turns, two mirrors and two flips are none', () => {
    const four = [1, 2, 3, 4].reduce((view) => geometry.turn(view), geometry.PLAIN_VIEW);
    expect(four).toEqual(geometry.PLAIN_VIEW);
    for (const way of [geometry.mirror, geometry.upsideDown]) close(geometry.apply(all(way(way(geometry.PLAIN_VIEW))), [100, 900]), geometry.apply(all(geometry.PLAIN_VIEW), [100, 900]));
  });

  test('zooming keeps the place under the pointer; its inverse leads back', () => {
    const view = geometry.zoomAt({ ...geometry.PLAIN_VIEW, turns: 1 }, 2.5, 300, 120, pane);
    const before = geometry.apply(geometry.invert(all({ ...geometry.PLAIN_VIEW, turns: 1 })), [300, 120]);
    close(geometry.apply(all(view), before), [300, 120]);
    close(geometry.apply(geometry.invert(all(view)), geometry.apply(all(view), [777, 888])), [777, 888]);
  });

  test('pixels that are not square are drawn square; one to one is one stored column on one of the screen', () => {
    expect(geometry.displaySize({ columns: 800, rows: 400 }, 0.4 / 0.15)).toEqual({ width: 800, height: 400 * (0.4 / 0.15) });
    expect(geometry.displaySize({ columns: 300, rows: 640 }, 0.5)).toEqual({ width: 600, height: 640 });
    const view = geometry.oneToOne(geometry.PLAIN_VIEW, geometry.displaySize(image), pane, 2);
    expect(all(view)[0]).toBeCloseTo(0.5, 9);
  });
});

describe('labels', () => {
  const overlap = (a: Area, b: Area): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  test('of twenty crowded marks none lies over another or over the edge; what is out of sight has none', async () => {
    const { placeLabels } = await load<{ placeLabels(marks: object[], pane: object, taken?: object[]): (Area | undefined)[] }>('web/picture/labels.js');
    const size = { width: 110, height: 20 };
    const marks = Array.from({ length: 20 }, (_, at) => ({ box: { x: 200 + (at % 5) * 22, y: 120 + Math.floor(at / 5) * 18, width: 18, height: 16 }, size }));
    const taken = [{ x: 0, y: 370, width: 160, height: 30 }];
    const places = placeLabels(marks, { width: 540, height: 400 }, taken);
    expect(places.filter(Boolean)).toHaveLength(20);
    for (const [at, place] of places.entries()) {
      expect(place!.x >= 0 && place!.y >= 0 && place!.x + place!.width <= 540 && place!.y + place!.height <= 400).toBe(true);
      for (const other of [...places.slice(at + 1), ...taken]) expect(overlap(place!, other as Area)).toBe(false);
    }
    expect(placeLabels([{ box: { x: 900, y: 20, width: 10, height: 10 }, size }], { width: 540, height: 400 })).toEqual([undefined]);
  });
});

describe('grey windows', () => {
  test('the whole range is the picture as it is; a drag to the right widens, downwards darkens; inverted is turned over', async () => {
    const grey = await load<{ linearOf(window: object, scale: number[], inverted: boolean): { slope: number; intercept: number }; dragWindow(window: object, dx: number, dy: number, pane: object, scale: number[]): { low: number; high: number } }>('web/picture/gray-window.js');
    expect(grey.linearOf({ low: 0, high: 255 }, [0, 255], false)).toEqual({ slope: 1, intercept: -0 });
    expect(grey.linearOf({ low: 0, high: 255 }, [0, 255], true)).toEqual({ slope: -1, intercept: 1 });
    const wider = grey.dragWindow({ low: 50, high: 150 }, 54, 0, pane, [0, 255]);
    expect(wider.high - wider.low).toBeCloseTo(100 + 25.5, 6);
    const darker = grey.dragWindow({ low: 50, high: 150 }, 0, 40, pane, [0, 255]);
    expect((darker.high + darker.low) / 2).toBeCloseTo(100 + 25.5, 6);
  });

  test('the file\'s windows first, but none that shows nothing; MONOCHROME1 has its presets at the other end', async () => {
    const { presetsOf, scaleOf } = await load<{ presetsOf(header: object, tables: object[], grey: object, name: (n?: number) => string): { name: string; low: number; high: number; label?: string; window?: { low: number; high: number } }[]; scaleOf(pixels: Uint16Array): { scale: number[]; samples: Float32Array } }>('viewer/stored-scale.js');
    const grey = scaleOf(Uint16Array.from({ length: 10_000 }, (_, at) => 1000 + (at % 2000)));
    expect(grey.scale[0]).toBeGreaterThanOrEqual(1000);
    expect(grey.scale[1]).toBeLessThanOrEqual(3000);
    const header = { windows: [{ center: 2000, width: 2001, explanation: '' }, { center: 60_000, width: 10, explanation: 'BONE' }], windowFunction: 'LINEAR', photometric: 'MONOCHROME2' };
    const presets = presetsOf(header, [], grey, (n) => `file ${n ?? ''}`);
    expect(presets.map(({ name }) => name)).toEqual(['file', 'auto', 'lung', 'mediastinum', 'contrast']);
    expect(presets[0]!.window).toEqual({ low: 999.5, high: 2999.5 });
    const turned = presetsOf({ ...header, photometric: 'MONOCHROME1' }, [], grey, () => '');
    expect([turned[2]!.low, turned[2]!.high]).toEqual([1 - presets[2]!.high, 1 - presets[2]!.low]);
    // A table goes before windows; one of values that this picture does not have is left out.
    const tables = [{ first: 1200, greys: Float32Array.of(0, 0.5, 1), explanation: '' }, { first: 900, greys: new Float32Array(2001), explanation: 'CHEST' }];
    const withTables = presetsOf(header, tables, grey, (n) => `file ${n ?? ''}`);
    expect(withTables.map(({ label }) => label).slice(0, 2)).toEqual(['CHEST', 'file 2']);
    expect(withTables[0]!.window).toEqual({ low: 900, high: 2900 });
  });

  test('a window beyond the picture\'s own scale comes back by steps, not with a jump', async () => {
    const { changeWindow } = await load<{ changeWindow(window: object, wider: number, higher: number, scale: number[]): { low: number; high: number } }>('web/picture/gray-window.js');
    expect(changeWindow({ low: 0, high: 65_535 }, -10, 0, [1000, 3000])).toEqual({ low: 5, high: 65_530 });
    expect(changeWindow({ low: 0, high: 65_535 }, 10, 0, [1000, 3000])).toEqual({ low: 0, high: 65_535 });
    const nearer = changeWindow({ low: 0, high: 65_535 }, 0, -100, [1000, 3000]);
    expect((nearer.low + nearer.high) / 2).toBeCloseTo(65_535 / 2 - 100, 6);
  });

  test('shapes: straight, sigmoid and table agree with their points; a table is stretched with its window', async () => {
    const { greyAt, greyNodes } = await load<{ greyAt(shape: object | undefined, part: number): number; greyNodes(shape: object | undefined, window: object): { x: number; y: number }[] }>('viewer/shapes.js');
    const table = { kind: 'TABLE', greys: Float32Array.of(0, 0.75, 1) };
    expect([-1, 0, 0.25, 0.5, 1, 2].map((part) => greyAt(table, part))).toEqual([0, 0, 0.375, 0.75, 1, 1]);
    expect(greyNodes(table, { low: 100, high: 300 })).toEqual([{ x: 100, y: 0 }, { x: 200, y: 0.75 }, { x: 300, y: 1 }]);
    expect(greyNodes(undefined, { low: 5, high: 9 })).toEqual([{ x: 5, y: 0 }, { x: 9, y: 1 }]);
    const sigmoid = greyNodes({ kind: 'SIGMOID' }, { low: 0, high: 100 });
    expect([sigmoid[0]!.y, sigmoid.at(-1)!.y].map((grey) => Math.round(255 * grey))).toEqual([0, 255]);
    expect(greyAt({ kind: 'SIGMOID' }, 0.75)).toBeCloseTo(1 / (1 + Math.exp(-1)), 9);
  });

  test('tables of a VOI LUT Sequence: words, bytes, signed first values, flat ends, long ones by address; what cannot be read is left out', async () => {
    const { readVoiTables } = await load<{ readVoiTables(header: object, fetchBytes: (address: string) => Promise<Uint8Array | undefined>): Promise<{ first: number; greys: Float32Array; explanation: string }[]> }>('viewer/voi-tables.js');
    const item = (descriptor: number[], data: object, explanation = '') => ({ '00283002': { vr: 'US', Value: descriptor }, '00283003': { vr: 'LO', Value: [explanation] }, '00283006': data });
    const read = (items: object[], signedValues = false) => readVoiTables({ voiTables: items, signedValues }, async (address) => (address === '/long' ? Uint8Array.of(0, 0, 100, 0, 200, 0) : undefined));
    const [words] = await read([item([3, 10, 12], { vr: 'US', Value: [0, 1000, 4000] }, 'CHEST ')]);
    expect(words).toEqual({ first: 10, greys: Float32Array.of(0, 0.25, 1), explanation: 'CHEST' });
    const [bytes] = await read([item([4, 0, 8], { vr: 'OW', InlineBinary: btoa(String.fromCharCode(0, 51, 102, 255)) })]);
    expect([...bytes!.greys].map((grey) => Math.round(255 * grey))).toEqual([0, 51, 102, 255]);
    expect((await read([item([3, 65_536 - 1024, 12], { vr: 'US', Value: [0, 1, 2] })], true))[0]!.first).toBe(-1024);
    const [flat] = await read([item([6, 0, 12], { vr: 'US', Value: [0, 0, 0, 5, 10, 10] })]);
    expect(flat).toMatchObject({ first: 2, greys: Float32Array.of(0, 0.5, 1) });
    expect((await read([item([3, 0, 8], { vr: 'OW', BulkDataURI: '/long' })]))[0]!.greys).toEqual(Float32Array.of(0, 0.5, 1));
    expect(await read([
      item([3, 0, 8], { vr: 'OW', BulkDataURI: '/gone' }), item([300, 0, 12], { vr: 'US', Value: [1, 2] }), item([3, 0, 12], { vr: 'US', Value: [7, 7, 7] }), item([3, 0, 40], { vr: 'US', Value: [0, 1, 2] }), {},
    ])).toEqual([]);
  });
});

describe('what the files say', () => {
  test('millimetres are calibrated only where the file says so', async () => {
    const { readHeader } = await load<{ readHeader(json: object): { calibrated: boolean; spacingMm?: number[]; aspect: number } }>('viewer/header.js');
    const { lengthText } = await load<{ lengthText(line: Point[], header: object): string }>('viewer/measure.js');
    const of = (pairs: Record<string, number[] | string[]>) => readHeader(Object.fromEntries(Object.entries(pairs).map(([tag, Value]) => [tag, { Value }])));
    const line: Point[] = [[0, 0], [300, 400]];
    expect(lengthText(line, of({ '00280030': [0.18, 0.18], '00181164': [0.2, 0.2] }))).toBe('90.0 mm');
    expect(lengthText(line, of({ '00280030': [0.2, 0.2], '00280A02': ['FIDUCIAL'] }))).toBe('100 mm');
    expect(lengthText(line, of({ '00280030': [0.2, 0.2], '00181164': [0.2, 0.2] }))).toContain('at the detector');
    expect(lengthText(line, of({ '00280030': [0.2, 0.2] }))).toContain('at the detector');
    expect(lengthText(line, of({ '00181164': [0.2, 0.2] }))).toContain('at the detector');
    expect(lengthText(line, of({}))).toBe('500 px, no spacing known');
    expect(of({ '00280034': ['1', '2'] }).aspect).toBe(0.5);
    expect(of({ '00280030': [0, 0] }).spacingMm).toBeUndefined();
  });

  test('the sides follow turns and mirrors, and are left out where the file is silent', async () => {
    const { sidesOf } = await load<{ sidesOf(orientation: string[], matrix: Matrix): Record<string, string> }>('viewer/sides.js');
    expect(sidesOf(['L', 'F'], all(geometry.PLAIN_VIEW))).toEqual({ right: 'L', bottom: 'F', left: 'R', top: 'H' });
    expect(sidesOf(['L', 'F'], all(geometry.mirror(geometry.PLAIN_VIEW)))).toEqual({ right: 'R', bottom: 'F', left: 'L', top: 'H' });
    expect(sidesOf(['L', 'F'], all(geometry.turn(geometry.PLAIN_VIEW)))).toEqual({ right: 'H', bottom: 'L', left: 'F', top: 'R' });
    expect(sidesOf([], all(geometry.PLAIN_VIEW))).toEqual({});
  });

  test('one frame out of a multipart answer; a cut one is refused', async () => {
    const { frameOf } = await load<{ frameOf(body: Uint8Array, type: string): { bytes: Uint8Array; transferSyntaxUid?: string } }>('viewer/multipart.js');
    const pixels = Uint8Array.of(13, 10, 45, 45, 1, 2, 3);
    const body = new Uint8Array(Buffer.concat([Buffer.from('--b1\r\nContent-Type: image/jls; transfer-syntax=1.2.840.10008.1.2.4.80\r\n\r\n'), pixels, Buffer.from('\r\n--b1--\r\n')]));
    const type = 'multipart/related; type="application/octet-stream"; boundary=b1';
    expect(frameOf(body, type)).toEqual({ bytes: new Uint8Array(pixels), transferSyntaxUid: '1.2.840.10008.1.2.4.80' });
    expect(() => frameOf(body.subarray(0, 80), type)).toThrow();
    expect(frameOf(pixels, 'application/octet-stream').transferSyntaxUid).toBeUndefined();
  });

  test('every word of the viewer is in both languages', async () => {
    const { readdirSync, readFileSync } = await import('node:fs');
    const { default: words } = await load<{ default: Record<string, string> }>('web/strings/en.js');
    const folder = fileURLToPath(new URL('../../src/api/viewer/', import.meta.url));
    const asked = readdirSync(folder).filter((name) => name.endsWith('.js')).flatMap((name) => [...readFileSync(`${folder}${name}`, 'utf8').matchAll(/\bt\('([^'$]+)'/g)].map((match) => match[1]!));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((key) => !(key in words))).toEqual([]);
  });
});
