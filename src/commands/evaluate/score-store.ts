/**
 * The scores in the output folder (scores.jsonl): one line a film, written as soon as it is known, keyed by what the
 * file holds (SHA-256) and by what scored it (models, manifest, version). Interrupted at any moment, at most the film
 * in work is lost; a torn last line is passed over. Several models may share the file.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, createReadStream, existsSync, openSync, readSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FirstreadError } from '../../errors.ts';
import type { ModelSet } from '../../inference/model-set.ts';
import type { FindingFamily } from '../../study/types.ts';
import { FIRSTREAD_VERSION } from '../../version.ts';

/** What is known of one file; the truth is not in it, so that a corrected table needs no new scoring. */
export interface StoredScore {
  /** SHA-256 of the file's bytes. */
  readonly sha256: string;
  readonly outcome: 'scored' | 'refused' | 'unreadable';
  readonly score?: number;
  readonly boxes?: readonly { readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly score: number }[];
  readonly hottest?: { readonly x: number; readonly y: number };
  /** Why it was refused or could not be read. */
  readonly reason?: { readonly code: string; readonly text: string };
  readonly facts: FilmFacts;
}

/** From header and pixels; no names. */
export interface FilmFacts {
  readonly format: string;
  readonly width?: number;
  readonly height?: number;
  readonly sex?: string;
  readonly ageYears?: number;
  /** A hash: it tells patients apart, and nobody who they are. */
  readonly patient?: string;
  readonly institution?: string;
  readonly device?: string;
}

export interface ScoreStore {
  get(sha256: string): StoredScore | undefined;
  put(score: StoredScore): void;
}

const SCHEMA = 'firstread-scores/1';
/** 50 boxes take 4 kB. */
const LINE_CHARACTERS_MAX = 100_000;

/** `scoredBy` identifies everything that a score depends on besides the film. */
export async function openScoreStore(path: string, scoredBy: string): Promise<ScoreStore> {
  const known = new Map<string, StoredScore>();
  if (existsSync(path)) {
    for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
      const score = readLine(line, scoredBy);
      if (score !== undefined) known.set(score.sha256, score);
    }
    // A line torn by a crash must not swallow the next one.
    if (!endsWithNewline(path)) append(path, '\n');
  }
  return {
    get: (sha256) => known.get(sha256),
    put(score) {
      append(path, `${JSON.stringify({ schema: SCHEMA, scoredBy, ...score })}\n`);
      known.set(score.sha256, score);
    },
  };
}

function readLine(line: string, scoredBy: string): StoredScore | undefined {
  if (line === '' || line.length > LINE_CHARACTERS_MAX) return undefined;
  try {
    const { schema, scoredBy: by, ...score } = JSON.parse(line) as StoredScore & { schema: string; scoredBy: string };
    const usable = schema === SCHEMA && by === scoredBy && /^[0-9a-f]{64}$/.test(score.sha256) && ['scored', 'refused', 'unreadable'].includes(score.outcome);
    return usable && (score.outcome !== 'scored' || Number.isFinite(score.score)) ? score : undefined;
  } catch {
    return undefined;
  }
}

function append(path: string, text: string): void {
  try {
    appendFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw new FirstreadError('usage', `scores cannot be written to ${path}: ${(error as Error).message}`, {}, error);
  }
}

function endsWithNewline(path: string): boolean {
  const { size } = statSync(path);
  if (size === 0) return true;
  const file = openSync(path, 'r');
  try {
    const last = new Uint8Array(1);
    readSync(file, last, 0, 1, size - 1);
    return last[0] === 0x0a;
  } finally {
    closeSync(file);
  }
}

/** Changes with everything that a score depends on besides the film; the threshold is not among it. One model may answer for two families. */
export function scoredBy(set: ModelSet, family: FindingFamily, eligibility: object): string {
  const parts = [set.lungField, ...set.findings].map((folder) => {
    if (folder === undefined) return undefined;
    const { sha256, input, outputs, calibration, ageYears } = folder.manifest;
    return { sha256, input, outputs, calibration, ageYears };
  });
  return createHash('sha256').update(JSON.stringify([FIRSTREAD_VERSION, family, parts, eligibility])).digest('hex');
}
