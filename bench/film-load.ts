/** Two ways to load a hub with films: as many as it takes, and at a rate with random gaps, as a hospital's day has. */
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../fixtures/canvas.ts';
import type { Association } from '../src/dimse/scu.ts';
import type { Film, FilmObject } from './films.ts';
import { filmObject } from './films.ts';
import type { Sent } from './send-film.ts';
import { clockMs, openSender, sendFilm } from './send-film.ts';
import type { Watch } from './watch.ts';

let serial = 1_000;
/** Every object of a run under UIDs of its own. */
export const nextObject = (film: Film): FilmObject => filmObject(film, serial++);

export interface SaturationOptions {
  readonly port: number;
  readonly watch: Watch;
  readonly films: readonly Film[];
  readonly associations: number;
  /** Sent and not yet flagged: enough that the worker never waits for an image, bounded so that the disk does not fill. */
  readonly inHandMax: number;
  readonly seconds: number;
  /** Called when the first films are through and measuring begins. */
  readonly onSteady?: () => void;
}

export interface Saturation {
  readonly imagesPerSecond: number;
  readonly images: number;
  readonly seconds: number;
}

/** Part of the time that is not measured: the queue fills, buffers grow. */
const RAMP_FRACTION = 0.2;

/** Images per second from first byte to flag, while there is always something waiting. */
export async function saturate({ port, watch, films, associations, inHandMax, seconds, onSteady }: SaturationOptions): Promise<Saturation> {
  const startedAtMs = clockMs();
  const steadyAtMs = startedAtMs + seconds * 1000 * RAMP_FRACTION;
  const untilMs = steadyAtMs + seconds * 1000;
  const flaggedBefore = watch.flaggedCount();
  let sent = 0;
  async function sender(number: number): Promise<void> {
    const association = await openSender(port, `BENCH${number}`);
    while (clockMs() < untilMs) {
      if (sent - (watch.flaggedCount() - flaggedBefore) >= inHandMax) {
        await pause(2);
        continue;
      }
      const film = films[sent++ % films.length] as Film;
      await sendFilm(association, nextObject(film));
    }
    await association.release();
  }
  const steady = pause(steadyAtMs - clockMs()).then(onSteady);
  await Promise.all([steady, ...Array.from({ length: associations }, (_, number) => sender(number))]);
  const measured = watch.flaggedAtMs.filter((atMs) => atMs >= steadyAtMs && atMs <= untilMs);
  await watch.untilTrue(() => watch.flaggedCount() - flaggedBefore >= sent);
  return { imagesPerSecond: measured.length / seconds, images: measured.length, seconds };
}

export interface PoissonOptions {
  readonly port: number;
  readonly films: readonly Film[];
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface PoissonSent extends Sent {
  readonly object: FilmObject;
}

/** Arrivals independent of each other and of how the hub does; each on an association of its own, as modalities send. */
export async function sendPoisson({ port, films, imagesPerSecond, seconds, seed }: PoissonOptions): Promise<readonly PoissonSent[]> {
  const random = createRandom(seed);
  const startedAtMs = clockMs();
  const sending: Promise<PoissonSent>[] = [];
  for (let dueMs = 0; ; ) {
    dueMs += (-Math.log(1 - random()) / imagesPerSecond) * 1000;
    if (dueMs > seconds * 1000) break;
    const object = nextObject(films[Math.floor(random() * films.length)] as Film);
    await pause(Math.max(0, startedAtMs + dueMs - clockMs()));
    sending.push(sendOne(port, object));
  }
  return Promise.all(sending);
}

export async function sendOne(port: number, object: FilmObject): Promise<PoissonSent> {
  const association: Association = await openSender(port);
  const sent = await sendFilm(association, object);
  await association.release();
  return { ...sent, object };
}
