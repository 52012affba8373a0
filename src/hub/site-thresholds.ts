/**
 * site-thresholds.json in the data folder: every threshold that this site ever chose with `firstread calibrate`, and which
 * of them were taken back. It only grows; what is in force follows from it. The hub looks at the file before each job and
 * every second, so that a change needs no restart; a damaged file leaves in force what was before, through a restart too,
 * and says so.
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FirstreadError } from '../errors.ts';
import type { Audit } from '../ops/audit.ts';
import type { Log } from '../ops/log.ts';
import { sentenceAsWord } from '../ops/redaction.ts';
import type { Registry } from '../registry/registry.ts';
import type { SiteThreshold } from '../study/site-threshold.ts';
import { isWording } from '../study/wording.ts';

const SCHEMA = 'firstread-site-thresholds/1';
/** A site calibrates a few times a year; an entry has about a kilobyte. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const LOOK_EVERY_MS = 1_000;

export interface SiteThresholdEntry extends SiteThreshold {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly appliedAtMs: number;
  readonly appliedBy: string;
  /** Of the file with the truth that it was chosen by. */
  readonly csvSha256: string;
  /** What was wanted, e.g. "sensitivity 0.9". */
  readonly operatingPoint: string;
  /** What it was chosen by: counts, and shares with their 95 % intervals as [share, low, high]. */
  readonly figures: Readonly<Record<string, number | readonly number[]>>;
  readonly undoneAtMs?: number;
  readonly undoneBy?: string;
}

/** The newest of each family and model file that nobody has taken back. */
export function inForce<E extends SiteThreshold & { readonly undoneAtMs?: number }>(entries: readonly E[]): readonly E[] {
  const newest = new Map<string, E>();
  for (const entry of entries) if (entry.undoneAtMs === undefined) newest.set(`${entry.family} ${entry.modelSha256}`, entry);
  return [...newest.values()];
}

/** Empty where there is no file. Throws `config-invalid` for one that is damaged. */
export const readSiteThresholds = (path: string): readonly SiteThresholdEntry[] => readFile(path).entries;

function readFile(path: string): { readonly entries: readonly SiteThresholdEntry[]; readonly sha256: string } {
  const text = readText(path);
  if (text === undefined) return { entries: [], sha256: '' };
  try {
    const { schema, entries } = JSON.parse(text) as { schema?: unknown; entries?: unknown };
    if (schema !== SCHEMA || !Array.isArray(entries)) throw new Error(`expected {"schema": "${SCHEMA}", "entries": […]}`);
    return { entries: entries.map(readEntry), sha256: createHash('sha256').update(text).digest('hex') };
  } catch (error) {
    throw new FirstreadError('config-invalid', `${path} is damaged (${(error as Error).message.slice(0, 120)}): restore it from a backup; without the file the models' own thresholds hold`);
  }
}

function readText(path: string): string | undefined {
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX) throw new FirstreadError('config-invalid', `${path} is ${size} bytes long, at most ${FILE_BYTES_MAX} are read`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof FirstreadError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new FirstreadError('config-invalid', `${path} cannot be read (${code}): it must belong to the user that runs Firstread`);
  }
}

const isPoints = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 100;

/** What judging leans on is checked; the rest is for people. */
function readEntry(value: unknown, at: number): SiteThresholdEntry {
  const entry = value as SiteThresholdEntry;
  const good =
    typeof entry?.id === 'string' && isWording(entry.origin) && (entry.family === 'tuberculosis' || entry.family === 'lung nodule') &&
    /^[0-9a-f]{64}$/.test(entry.modelSha256) && isPoints(entry.threshold) && Array.isArray(entry.groups) &&
    entry.groups.every(({ threshold, sex, ageYearsMin, ageYearsBelow }) =>
      isPoints(threshold) && [undefined, 'F', 'M'].includes(sex) && [ageYearsMin, ageYearsBelow].every((age) => age === undefined || typeof age === 'number'));
  if (!good) throw new Error(`entry ${at + 1} is no threshold`);
  return entry;
}

/** Atomic and durable: what a reader sees is the old file or the new one. */
export function writeSiteThresholds(path: string, entries: readonly SiteThresholdEntry[]): void {
  const part = `${path}.part`;
  const file = openSync(part, 'w', 0o600);
  try {
    // Not writeSync: on a disk that is nearly full it may write half and say so to nobody.
    writeFileSync(file, `${JSON.stringify({ schema: SCHEMA, entries }, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(part, 0o600);
  // Written by root, read by the hub's user.
  const owner = statSync(dirname(path));
  if (process.getuid?.() === 0) chownSync(part, owner.uid, owner.gid);
  renameSync(part, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** The site's thresholds as they are at this moment. */
export interface CurrentSiteThresholds {
  inForce(): readonly SiteThresholdEntry[];
  /** Why the file cannot be read (what was in force before still is), or what is in force not kept. */
  problem(): string | undefined;
  close(): void;
}

export interface SiteThresholdWatch {
  /** Once at the start where there is a file, then at every change. `entries` are all there ever were. */
  readonly onInForce: (about: { readonly inForce: readonly SiteThresholdEntry[]; readonly entries: readonly SiteThresholdEntry[]; readonly sha256: string }) => void;
  readonly onProblem: (problem: string) => void;
}

/** What was last in force, kept elsewhere: a file that was damaged while the hub was down must not lower a flag in silence. */
export interface LastInForce {
  read(): readonly SiteThresholdEntry[];
  write(entries: readonly SiteThresholdEntry[]): void;
}

export function openSiteThresholds(path: string, { onInForce, onProblem }: SiteThresholdWatch, lastInForce: LastInForce): CurrentSiteThresholds {
  let seen = '';
  // Without a file the models' own hold.
  let isKnown = markOf(path) === '';
  let entries: readonly SiteThresholdEntry[] = [];
  let problem: string | undefined;
  let unkept: string | undefined;
  let isKept = true;

  /** They are in force all the same: a full disk is no fault of the file, and is tried again. */
  function keep(): void {
    if (isKept) return;
    try {
      lastInForce.write(entries);
      isKept = true;
      unkept = undefined;
    } catch (error) {
      unkept = `in force, but not kept for the next start: ${(error as Error).message}`;
    }
  }

  function look(): void {
    const mark = markOf(path);
    if (mark === seen) return;
    seen = mark;
    try {
      const found = readFile(path);
      entries = inForce(found.entries);
      isKnown = true;
      problem = undefined;
      onInForce({ ...found, inForce: entries });
      isKept = false;
    } catch (error) {
      if (!isKnown) entries = lastInForce.read();
      isKnown = true;
      problem = (error as Error).message;
      onProblem(problem);
    }
    keep();
  }

  look();
  const timer = setInterval(() => {
    look();
    keep();
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    inForce() {
      look();
      return entries;
    },
    problem: () => problem ?? unkept,
    close: () => clearInterval(timer),
  };
}

/** Another one after every change of the file. */
function markOf(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? '' : String(code);
  }
}

/** What came into force, and who did it: in the log, and in the audit trail with the file's hash. */
export function thresholdJournal(log: Log, audit: Pick<Audit, 'record'>): SiteThresholdWatch {
  return {
    onInForce({ inForce: own, entries, sha256 }) {
      const acts = entries.flatMap((one) => [{ who: one.appliedBy, atMs: one.appliedAtMs }, ...(one.undoneAtMs === undefined ? [] : [{ who: one.undoneBy ?? '-', atMs: one.undoneAtMs }])]);
      const last = acts.toSorted((a, b) => a.atMs - b.atMs).at(-1);
      log.write('thresholds-in-force', { count: own.length });
      audit.record({
        event: 'thresholds-in-force',
        who: last?.who ?? '-',
        outcome: 'done',
        details: { fileSha256: sha256, inForce: own.map(({ id, family, threshold, modelSha256 }) => `${id}: ${family} ${threshold} for ${modelSha256.slice(0, 12)}`).join('; ') || 'none: the models\' own' },
      });
    },
    onProblem: (reason) => log.write('thresholds-refused', { reason: sentenceAsWord(reason) }),
  };
}

const LAST_IN_FORCE = 'site-thresholds-in-force';

export function lastThresholdsIn(registry: Pick<Registry, 'setting' | 'setSetting'>, now: () => number): LastInForce {
  return {
    read: () => (registry.setting(LAST_IN_FORCE) as readonly SiteThresholdEntry[] | undefined) ?? [],
    write(entries) {
      if (JSON.stringify(registry.setting(LAST_IN_FORCE) ?? []) !== JSON.stringify(entries)) registry.setSetting(LAST_IN_FORCE, entries, 'site-thresholds.json', now());
    },
  };
}
