/**
 * bench:growth: does memory grow with the number of images (P5's second half)? `npm run bench:growth -- [--images N] [--workers N] [--json FILE]`
 *
 * Sends small films (256 × 256, each another study) over four associations at a time, a fresh one for every 100 films, and
 * reads the hub's resident memory after each twentieth part. Pure receiving unless workers are asked for; those get the
 * tests' tiny models, so that the hub's share (queue, findings, reports, worklist) is loaded and not the networks.
 * Growth is the line through the second half: what the first half fills (caches, arenas, SQLite's pages) is no leak.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startHubProcess } from '../test/e2e/hub-process.ts';
import { nextObject } from './film-load.ts';
import { median, round } from './figures.ts';
import { makeFilm } from './films.ts';
import { describeMachine } from './machine.ts';
import { openSender, sendFilm } from './send-film.ts';
import { formatTable } from './table.ts';

const { values } = parseArgs({ options: { images: { type: 'string' }, workers: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log('usage: npm run bench:growth -- [--images 12000] [--workers 0] [--json FILE]');
  process.exit(0);
}
const IMAGES = Number(values.images ?? 12_000);
const WORKERS = Number(values.workers ?? 0);
const SENDERS = 4;
const PER_ASSOCIATION = 100;
const PARTS = 20;
/** What the hub may have in hand (workers are slower than senders). */
const BEHIND_MAX = 200;

const rssMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** MB for 1,000 images: least squares over points (images, MB). */
function slopePerThousand(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return (1000 * over) / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

const film = makeFilm({ kind: 'raw', seed: 2, width: 256, height: 256 });
const hub = await startHubProcess({ settings: { workers: String(WORKERS) }, ...(WORKERS === 0 ? { waitFor: 'listening' as const } : {}) });
const pid = hub.process.pid!;
const points: [number, number][] = [];
let sent = 0;
const began = performance.now();

async function ended(): Promise<number> {
  const answer = (await (await hub.api('/api/worklist?limit=1')).json()) as { counts: Record<string, number>; total: number };
  return answer.total - (answer.counts['analysing'] ?? 0);
}

async function sendPart(until: number): Promise<void> {
  await Promise.all(
    Array.from({ length: SENDERS }, async (_one, number) => {
      while (sent < until) {
        const association = await openSender(hub.dicomPort, `GROWTH${number}`);
        for (let i = 0; i < PER_ASSOCIATION && sent < until; i++) {
          sent += 1;
          await sendFilm(association, nextObject(film));
        }
        await association.release();
      }
    }),
  );
}

console.log(describeMachine());
for (let part = 1; part <= PARTS; part++) {
  await sendPart(Math.round((IMAGES * part) / PARTS));
  while (WORKERS > 0 && sent - (await ended()) > BEHIND_MAX) await pause(200);
  // Three looks: garbage that waits for its collection is no growth.
  const looks: number[] = [];
  for (let i = 0; i < 3; i++) {
    looks.push(rssMb(pid));
    await pause(300);
  }
  points.push([sent, median(looks)]);
  process.stderr.write(`\r${sent} of ${IMAGES} images, ${Math.round(sent / ((performance.now() - began) / 1000))}/s, hub ${round(points.at(-1)![1])} MB   `);
}
process.stderr.write('\n');
const half = points.slice(PARTS / 2);
const result = { images: IMAGES, workers: WORKERS, imagesPerSecond: round(IMAGES / ((performance.now() - began) / 1000)), points, mbPerThousandImagesSecondHalf: Math.round(slopePerThousand(half) * 100) / 100 };
console.log(formatTable(['images', 'hub MB'], points.map(([images, mb]) => [images, round(mb)])));
console.log(`second half: ${result.mbPerThousandImagesSecondHalf} MB for 1,000 images (${result.imagesPerSecond} images/s, ${WORKERS} workers)`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
await hub.stop();
rmSync(hub.data, { recursive: true, force: true });
