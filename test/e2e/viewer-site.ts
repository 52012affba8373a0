/** A hub with films in it, a browser that can draw them, and a look at what is on the screen as grey values. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { readSendable, sendAll } from '../../src/commands/send.ts';
import { startHubProcess, temporaryData, untilSettled, removeData, type HubProcess } from './hub-process.ts';
import { filmFile, type Film } from './viewer-films.ts';

/** Full resolution, also where two cores are shared with much else. */
export const SHOWN_WAIT_MS = 180_000;
export const TEST_WAIT_MS = 400_000;

export interface ViewerSite {
  readonly hub: HubProcess;
  readonly folder: string;
  fileOf(key: string): string;
  close(): Promise<void>;
}

export async function viewerSite(films: readonly Film[]): Promise<ViewerSite> {
  buildWhereMissing();
  const data = temporaryData();
  const folder = mkdtempSync(join(tmpdir(), 'firstread-films-'));
  const fileOf = (key: string): string => join(folder, `${key}.dcm`);
  const hub = await startHubProcess({ data });
  for (const film of films) write(film, fileOf(film.key));
  await sendAll({ host: '127.0.0.1', port: hub.dicomPort, calledAeTitle: 'FIRSTREAD', callingAeTitle: 'XQUANG1' }, films.map((film) => readSendable(fileOf(film.key))), () => undefined);
  await untilSettled(data, new Set(films.map((film) => film.studyKey ?? film.key)).size, 240_000);
  return {
    hub, folder, fileOf,
    async close() {
      await hub.stop();
      removeData(data);
      removeData(folder);
    },
  };
}

const JPEG_EXTENDED = '1.2.840.10008.1.2.4.51';

const BUILT = fileURLToPath(new URL('../../dist/viewer/index.html', import.meta.url));
const BUILD = fileURLToPath(new URL('../../src/api/viewer/build.ts', import.meta.url));

/** `npm ci` has built it; `npm ci --ignore-scripts` has not. */
function buildWhereMissing(): void {
  if (existsSync(BUILT)) return;
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', BUILD], { encoding: 'utf8' });
  if (status !== 0 || !existsSync(BUILT)) throw new Error(`the viewer was not built: ${stderr}`);
}

/** Our own encoder has no JPEG of 12 bits: DCMTK's makes that one. */
function write(film: Film, path: string): void {
  if (film.transferSyntaxUid !== JPEG_EXTENDED) return writeFileSync(path, filmFile(film));
  const { transferSyntaxUid: _native, ...plain } = film;
  writeFileSync(`${path}.native`, filmFile(plain));
  const { status, stderr } = spawnSync('dcmcjpeg', ['+ee', '+q', '95', '+un', `${path}.native`, path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dcmcjpeg: ${stderr}`);
}

/** A machine without WebGL: a script for the page, run before its own. */
export const NO_WEBGL = "HTMLCanvasElement.prototype.getContext = ((original) => function (kind, ...rest) { return /webgl/.test(kind) ? null : original.call(this, kind, ...rest); })(HTMLCanvasElement.prototype.getContext);";

export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

/** What is on the screen inside the picture's own rectangle, words and overlay hidden. */
export async function pictureOnScreen(page: Page, pane: string): Promise<Grey & { readonly aspect: number; readonly left: number; readonly top: number }> {
  await page.evaluate(`document.querySelectorAll('.over-picture, .station-words, .sides, .burns, .overlay-layer, .lengths').forEach((one) => { one.style.visibility = 'hidden'; }); document.activeElement?.blur();`);
  const box = (await page.locator(pane).first().boundingBox())!;
  const { data, info } = await sharp(await page.screenshot({ clip: box })).greyscale().raw().toBuffer({ resolveWithObject: true });
  // The picture lies in the middle of a black pane: its edges are where the black ends. Its pattern has no black row or column.
  const lit = (index: number): boolean => data[index]! > 6;
  const rows = Array.from({ length: info.height }, (_, y) => y).filter((y) => Array.from({ length: info.width }, (_, x) => lit(y * info.width + x)).filter(Boolean).length > 8);
  const columns = Array.from({ length: info.width }, (_, x) => x).filter((x) => Array.from({ length: info.height }, (_, y) => lit(y * info.width + x)).filter(Boolean).length > 8);
  const [left, top, right, bottom] = [columns[0]!, rows[0]!, columns.at(-1)!, rows.at(-1)!];
  const [width, height] = [right - left + 1, bottom - top + 1];
  const values = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) values.set(data.subarray((top + y) * info.width + left, (top + y) * info.width + left + width), y * width);
  return { width, height, values, aspect: width / height, left, top };
}

const SIDE = 96;

/** Pearson's correlation and mean difference of two pictures, both brought to one small size. */
export async function compare(a: Grey, b: Grey): Promise<{ readonly correlation: number; readonly meanDifference: number }> {
  const small = ({ width, height, values }: Grey): Promise<Buffer> => sharp(Buffer.from(values), { raw: { width, height, channels: 1 } }).resize(SIDE, SIDE, { fit: 'fill', kernel: 'linear' }).toColourspace('b-w').raw().toBuffer();
  const [x, y] = [await small(a), await small(b)];
  const mean = (values: Buffer): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy, difference] = [0, 0, 0, 0];
  for (const [i, value] of x.entries()) {
    const other = y[i]!;
    xy += (value - mx) * (other - my);
    xx += (value - mx) ** 2;
    yy += (other - my) ** 2;
    difference += Math.abs(value - other);
  }
  return { correlation: xy / Math.sqrt(xx * yy), meanDifference: difference / x.length };
}
