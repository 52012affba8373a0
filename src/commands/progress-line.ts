/**
 * How far, how fast, how long still: a bar that redraws itself on a terminal; elsewhere (a log file, a script) a line
 * now and then. On stderr, so that stdout stays what was asked for. Pure but for writing: the clock is an argument.
 */
import type { CommandIo } from './command.ts';

export interface ProgressLine {
  /** `fresh`: counts for the speed; what was known already does not. */
  step(fresh: boolean, nowMs: number): void;
  /** A line that stays, above the bar. */
  say(line: string): void;
  end(nowMs: number): void;
}

const REDRAW_MS = 100;
const LOG_EVERY_MS = 30_000;
const BAR_CELLS = 24;
/** Before that an estimate is a guess. */
const ESTIMATE_FROM_FILMS = 5;

export function startProgress(total: number, noun: string, io: CommandIo, startMs: number): ProgressLine {
  const live = io.stderr.isTTY === true;
  let [done, fresh] = [0, 0];
  let writtenMs = startMs;
  const wipe = (): void => void (live && io.stderr.write('\r\u001b[2K'));
  const text = (nowMs: number): string => describeProgress({ done, fresh, total, noun, elapsedMs: nowMs - startMs });
  return {
    step(isFresh, nowMs) {
      done += 1;
      if (isFresh) fresh += 1;
      if (nowMs - writtenMs < (live ? REDRAW_MS : LOG_EVERY_MS)) return;
      writtenMs = nowMs;
      if (live) io.stderr.write(`\r${drawBar(done, total)} ${text(nowMs)}\u001b[K`);
      else io.stderr.write(`${text(nowMs)}\n`);
    },
    say(line) {
      wipe();
      io.stderr.write(`${line}\n`);
    },
    end: () => wipe(),
  };
}

export function drawBar(done: number, total: number): string {
  const full = total === 0 ? BAR_CELLS : Math.floor((done / total) * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
}

export interface Progress {
  readonly done: number;
  readonly fresh: number;
  readonly total: number;
  readonly noun: string;
  readonly elapsedMs: number;
}

export function describeProgress({ done, fresh, total, noun, elapsedMs }: Progress): string {
  const head = `${done} of ${total} ${noun}`;
  if (fresh < ESTIMATE_FROM_FILMS || elapsedMs <= 0) return head;
  const perSecond = (fresh * 1000) / elapsedMs;
  return `${head} · ${perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(1)} a second · ${describeDuration(((total - done) / perSecond) * 1000)} left`;
}

export function describeDuration(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
