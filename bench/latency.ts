/**
 * bench:latency: last byte of a film → its flag on the worklist, → a page is told, → its report lies in the archive;
 * on an idle hub, one film at a time, and at 70 % of the capacity that is measured first.
 * `npm run bench:latency -- [--quick] [--json FILE] [--models DIR] [--films N] [--seconds N]`
 *
 * The hub is `firstread serve` with its defaults (embedded queue, one worker, CPU), a process of its own; films are drawn,
 * 2500 × 3056 with 12 bits, one association each. On the list: the registry's journal, read beside the hub every 2 ms, so
 * 0–2 ms late. Told: the live feed that the page listens to. The load generator is this process, on the same cores.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { dataFolder } from '../src/hub/data-folder.ts';
import { SHIPPED_MODELS } from '../src/inference/model-set.ts';
import { startHubProcess } from '../test/e2e/hub-process.ts';
import { startArchive } from './archive.ts';
import { startBare } from './bare.ts';
import { median, percentile, round } from './figures.ts';
import { nextObject, saturate, sendOne, sendPoisson } from './film-load.ts';
import type { PoissonSent } from './film-load.ts';
import type { Film, FilmKind } from './films.ts';
import { FILM_KINDS, fullSizeFilm, makeFilm } from './films.ts';
import { describeMachine } from './machine.ts';
import { formatTable } from './table.ts';
import { watchHub } from './watch.ts';
import type { Seen } from './watch.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, models: { type: 'string' }, films: { type: 'string' }, seconds: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log('usage: npm run bench:latency -- [--quick] [--json FILE] [--models DIR] [--films N, one at a time of each kind] [--seconds N, of each load]');
  process.exit(0);
}
const FILMS_ONE_AT_A_TIME = Number(values.films ?? (values.quick ? 10 : 40));
const LOAD_SECONDS = Number(values.seconds ?? (values.quick ? 15 : 60));
const CAPACITY_SECONDS = values.quick ? 8 : 20;
const LOAD_FRACTION = 0.7;
const SEED = 20261121;
/** Enough that the worker never waits for a film, few enough to hold on a small disk. */
const IN_HAND_MAX = 12;
const SENDERS = 3;

interface Row {
  readonly load: string;
  readonly kind: FilmKind | 'all';
  readonly films: number;
  readonly imagesPerSecond?: number;
  readonly flagMs: Percentiles;
  readonly toldMs: Percentiles;
  readonly deliveredMs?: Percentiles;
  readonly overheadMs: Percentiles;
  /** Medians of the way of an image. */
  readonly stages: Readonly<Record<string, number>>;
}
interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}
interface Measured extends PoissonSent {
  readonly seen: Seen;
}

const percentiles = (all: readonly number[]): Percentiles => ({ p50: round(percentile(all, 50), 1), p95: round(percentile(all, 95), 1), p99: round(percentile(all, 99), 1) });

function rowOf(load: string, kind: Row['kind'], measured: readonly Measured[], bareMs: number, imagesPerSecond?: number): Row {
  const flagMs = ({ lastByteAtMs, seen }: Measured): number => (seen.flaggedAtMs ?? Number.NaN) - lastByteAtMs;
  const stage = (of: (one: Measured) => number): number => round(median(measured.map(of)), 1);
  const delivered = measured.flatMap(({ lastByteAtMs, seen }) => (seen.deliveredAtMs === undefined ? [] : [seen.deliveredAtMs - lastByteAtMs]));
  return {
    load,
    kind,
    films: measured.length,
    ...(imagesPerSecond === undefined ? {} : { imagesPerSecond: round(imagesPerSecond, 2) }),
    flagMs: percentiles(measured.map(flagMs)),
    toldMs: percentiles(measured.flatMap(({ lastByteAtMs, seen }) => (seen.toldAtMs === undefined ? [] : [seen.toldAtMs - lastByteAtMs]))),
    ...(delivered.length === 0 ? {} : { deliveredMs: percentiles(delivered) }),
    overheadMs: percentiles(measured.map((one) => flagMs(one) - (one.seen.timings?.decodeMs ?? 0) - bareMs)),
    stages: {
      acknowledged: stage(({ acknowledgedAtMs, lastByteAtMs }) => acknowledgedAtMs - lastByteAtMs),
      fetch: stage(({ seen }) => seen.timings?.fetchMs ?? 0),
      decode: stage(({ seen }) => seen.timings?.decodeMs ?? 0),
      preprocess: stage(({ seen }) => seen.timings?.preprocessMs ?? 0),
      inference: stage(({ seen }) => seen.timings?.inferenceMs ?? 0),
      worker: stage(({ seen }) => seen.timings?.totalMs ?? 0),
      // From its row in the registry to its flag there, less the worker's own time: queue, preview, commit.
      queueAndCommit: stage(({ seen }) => (seen.flaggedJournalAtMs ?? 0) - (seen.storedJournalAtMs ?? 0) - (seen.timings?.totalMs ?? 0)),
    },
  };
}

const rows: Row[] = [];
/** So that one who waits sees something. */
const take = (row: Row): void => {
  rows.push(row);
  console.error(`${row.load} · ${row.kind}: ${row.films} films, flag p50 ${Math.round(row.flagMs.p50)} ms, p95 ${Math.round(row.flagMs.p95)} ms`);
};

const models = values.models ?? SHIPPED_MODELS;
const folder = mkdtempSync(join(tmpdir(), 'firstread-bench-'));
try {
  const films = Object.fromEntries((Object.keys(FILM_KINDS) as FilmKind[]).map((kind) => [kind, makeFilm(fullSizeFilm(kind))])) as Record<FilmKind, Film>;
  const archive = await startArchive(folder);
  const destinations = archive === undefined ? [] : [{ name: 'archive', host: '127.0.0.1', port: archive.port, calledAeTitle: 'ARCHIVE', reportKinds: ['flagged', 'below-threshold', 'not-analysed'] }];
  const data = join(folder, 'data');
  const hub = await startHubProcess({ data, models, environment: { FIRSTREAD_DESTINATIONS: JSON.stringify(destinations) } });
  const watch = await watchHub({ registryPath: dataFolder(data).registry, httpUrl: hub.httpUrl, token: hub.token });
  console.log(`hub:     firstread serve --data DIR (defaults), models ${values.models ?? 'shipped'}\narchive: ${archive?.command ?? 'none: DCMTK is not installed'}\nmachine: ${describeMachine()}\n`);

  const settle = async (sent: readonly PoissonSent[]): Promise<readonly Measured[]> =>
    Promise.all(sent.map(async (one) => {
      const done = (seen: Seen): boolean => (archive === undefined ? seen.reportedAtMs : seen.deliveredAtMs) !== undefined && seen.toldAtMs !== undefined;
      return { ...one, seen: await watch.until(one.object.studyInstanceUid, done) };
    }));
  const oneAtATime = async (film: Film, count: number): Promise<readonly Measured[]> => {
    const measured: Measured[] = [];
    for (let n = 0; n < count; n++) {
      measured.push(...(await settle([await sendOne(hub.dicomPort, nextObject(film))])));
      await pause(300);
    }
    return measured;
  };

  for (const film of Object.values(films)) await oneAtATime(film, 2);
  const bare = await startBare([models]);
  const { models: bareModels } = await bare.measure({ seconds: values.quick ? 2 : 5, batch: 1 });
  await bare.close();
  const bareMs = bareModels.reduce((sum, { runMs }) => sum + runMs, 0);
  for (const [kind, film] of Object.entries(films) as [FilmKind, Film][]) take(rowOf('idle', kind, await oneAtATime(film, FILMS_ONE_AT_A_TIME), bareMs));

  for (const [kind, mix] of [['raw', [films.raw]], ['all', Object.values(films)]] as const) {
    const { imagesPerSecond: capacity } = await saturate({ port: hub.dicomPort, watch, films: mix, associations: SENDERS, inHandMax: IN_HAND_MAX, seconds: CAPACITY_SECONDS });
    const sent = await sendPoisson({ port: hub.dicomPort, films: mix, imagesPerSecond: LOAD_FRACTION * capacity, seconds: LOAD_SECONDS, seed: SEED });
    take(rowOf(`${LOAD_FRACTION * 100} % of ${capacity.toFixed(1)}/s`, kind, await settle(sent), bareMs, LOAD_FRACTION * capacity));
  }
  watch.close();
  await hub.stop();
  await archive?.stop();

  console.log(`bare session.run, one picture: ${bareModels.map(({ name, runMs }) => `${name} ${runMs.toFixed(1)} ms`).join(', ')}\n`);
  const three = ({ p50, p95, p99 }: Percentiles): string => [p50, p95, p99].map((ms) => Math.round(ms)).join(' / ');
  console.log(formatTable(
    ['load', 'films', 'n', 'flag ms p50/95/99', 'page told', 'report in archive', 'overhead'],
    rows.map((row) => [row.load, row.kind, row.films, three(row.flagMs), three(row.toldMs), row.deliveredMs === undefined ? '–' : three(row.deliveredMs), three(row.overheadMs)]),
  ));
  console.log(`\nthe way of an image, median ms (inference: with its wait for other pictures)\n${formatTable(
    ['load', 'films', ...Object.keys(rows[0]?.stages ?? {})],
    rows.map((row) => [row.load, row.kind, ...Object.values(row.stages)]),
  )}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine: describeMachine(), bareMs: round(bareMs, 1), rows }, undefined, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
