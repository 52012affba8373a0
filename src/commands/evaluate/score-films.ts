/**
 * Runs the models over the files of a labelled folder, several at once, each answer stored before the next progress
 * line. A file that cannot be read is an answer too. What is already in the store is not run again.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { FirstreadError } from '../../errors.ts';
import { analyseFile } from '../../inference/analyse-file.ts';
import type { FileAnswer, FileTools } from '../../inference/analyse-file.ts';
import { pictureFormat } from '../../inference/decode-picture.ts';
import { INSTANCE_BYTES_MAX } from '../../inference/file-source.ts';
import type { FindingFamily, Heatmap } from '../../study/types.ts';
import type { FilmFacts, ScoreStore, StoredScore } from './score-store.ts';

export interface ScoringJob {
  readonly files: readonly string[];
  readonly family: FindingFamily;
  readonly store: ScoreStore;
  readonly tools: FileTools;
  readonly filesAtOnce: number;
  readonly stop: AbortSignal;
  readonly onFilm: (file: string, score: StoredScore, fresh: boolean) => void;
}

/** By file. Where `stop` fired, those that were reached. Rejects where a model fails: that is no film's fault. */
export async function scoreFilms({ files, family, store, tools, filesAtOnce, stop, onFilm }: ScoringJob): Promise<ReadonlyMap<string, StoredScore>> {
  const scores = new Map<string, StoredScore>();
  const waiting = files.values();
  const oneAfterTheOther = async (): Promise<void> => {
    for (const file of waiting) {
      if (stop.aborted) return;
      const { score, fresh } = await scoreFile(file, family, store, tools);
      scores.set(file, score);
      onFilm(file, score, fresh);
    }
  };
  // All are awaited before anything is thrown: what is in work is stored.
  const lanes = await Promise.allSettled(Array.from({ length: filesAtOnce }, oneAfterTheOther));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  return scores;
}

async function scoreFile(file: string, family: FindingFamily, store: ScoreStore, tools: FileTools): Promise<{ readonly score: StoredScore; readonly fresh: boolean }> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(file);
    if (size > INSTANCE_BYTES_MAX) throw new FirstreadError('pixels-over-limit', `larger than ${INSTANCE_BYTES_MAX} bytes`);
    bytes = await readFile(file);
  } catch (error) {
    // Not stored: permissions are mended, disks come back.
    return { score: unreadable('', error, { format: 'unknown' }), fresh: true };
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const known = store.get(sha256);
  if (known !== undefined) return { score: known, fresh: false };
  const format = pictureFormat(bytes) ?? 'DICOM';
  let score: StoredScore;
  try {
    score = toScore(sha256, format, family, await analyseFile(bytes, tools));
  } catch (error) {
    if (error instanceof FirstreadError && error.entry.retryable) throw error;
    score = unreadable(sha256, error, { format });
    // A slow moment is not the film's nature.
    if (score.reason?.code === 'decode-timeout') return { score, fresh: true };
  }
  store.put(score);
  return { score, fresh: true };
}

function unreadable(sha256: string, error: unknown, facts: FilmFacts): StoredScore {
  const code = error instanceof FirstreadError ? error.code : ((error as NodeJS.ErrnoException).code ?? 'unexpected');
  return { sha256, outcome: 'unreadable', reason: { code, text: error instanceof Error ? error.message : 'unknown' }, facts };
}

function toScore(sha256: string, format: string, family: FindingFamily, { outcome, header }: FileAnswer): StoredScore {
  const image = 'image' in outcome && outcome.image !== undefined ? { width: outcome.image.columns, height: outcome.image.rows } : {};
  const facts: FilmFacts = {
    format,
    ...image,
    ...present('sex', header?.patientSex),
    ...present('ageYears', header?.patientAgeYears),
    ...present('patient', header?.patientId === undefined ? undefined : createHash('sha256').update(`${header.issuerOfPatientId ?? ''}\n${header.patientId}`).digest('hex').slice(0, 16)),
    ...present('institution', header?.institutionName),
    ...present('device', [header?.manufacturer, header?.manufacturerModelName].filter((word) => word !== undefined).join(' ') || undefined),
  };
  if (outcome.kind === 'scored') {
    const finding = outcome.findings.find((each) => each.family === family && each.shadow !== true);
    if (finding !== undefined) {
      return { sha256, outcome: 'scored', score: finding.score, ...(finding.boxes.length === 0 ? {} : { boxes: finding.boxes }), ...present('hottest', finding.heatmap === undefined ? undefined : hottestPoint(finding.heatmap)), facts };
    }
    return { sha256, outcome: 'refused', reason: outcome.notAssessed.find((each) => each.family === family)?.reason ?? { code: 'not-assessed', text: 'not assessed' }, facts };
  }
  if (outcome.kind === 'compared') throw new TypeError('a file is analysed, never compared');
  return { sha256, outcome: outcome.kind === 'ineligible' ? 'refused' : 'unreadable', reason: outcome.reason, facts };
}

/** Centre of the hottest cell, in pixels of the image. */
function hottestPoint({ columns, rows, area, cellsBase64 }: Heatmap): { readonly x: number; readonly y: number } {
  const cells = Buffer.from(cellsBase64, 'base64');
  let hottest = 0;
  for (let i = 1; i < cells.length; i += 1) if (cells[i]! > cells[hottest]!) hottest = i;
  const x = area.x + (((hottest % columns) + 0.5) * area.width) / columns;
  const y = area.y + ((Math.floor(hottest / columns) + 0.5) * area.height) / rows;
  return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 };
}

const present = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } => (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
