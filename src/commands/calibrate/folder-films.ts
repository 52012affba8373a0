/**
 * Rows of a table of truth ↔ a folder of films that the model reads now, with the parts of `firstread evaluate`. Only the
 * model that is calibrated runs (and the lung field that crops for it). A film that cannot be read, or is refused (by the
 * table's age too, where the film has none), is named and left out, the same bytes count once; a study of several files
 * counts with its highest score.
 */
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { FirstreadError } from '../../errors.ts';
import { createBatchRunner } from '../../inference/batch-runner.ts';
import { createDecodePool } from '../../inference/decode-pool.ts';
import { openEngineHere } from '../../inference/model-engine.ts';
import type { ModelFolder } from '../../inference/model-folder.ts';
import type { ModelSet } from '../../inference/model-set.ts';
import { parseProvider } from '../../inference/provider.ts';
import type { AgeLimits } from '../../study/eligibility.ts';
import type { FindingFamily } from '../../study/types.ts';
import type { CommandIo } from '../command.ts';
import { refusedByTable } from '../evaluate/gather-films.ts';
import { identifyDicomFile, matchFilms } from '../evaluate/match-films.ts';
import type { LabelledCase } from '../evaluate/match-films.ts';
import { findCopies } from '../evaluate/same-bytes.ts';
import { scoreFilms } from '../evaluate/score-films.ts';
import { openScoreStore, scoredBy } from '../evaluate/score-store.ts';
import type { ScoreStore, StoredScore } from '../evaluate/score-store.ts';
import { findFiles } from '../find-files.ts';
import type { LabelRow, RowLeftOut } from '../labels-table.ts';
import { startProgress } from '../progress-line.ts';
import type { TruthFilm, TruthMatching } from './registry-films.ts';

export interface FolderScoring {
  readonly rows: readonly LabelRow[];
  readonly folder: string;
  readonly family: FindingFamily;
  readonly set: ModelSet;
  readonly model: ModelFolder;
  /** Where `firstread evaluate` keeps its scores: what is there is not read again. */
  readonly scores?: string;
  readonly config: Config;
}

export async function scoreFolder({ rows, folder, family, set, model, scores: kept, config }: FolderScoring, io: CommandIo): Promise<TruthMatching> {
  const { cases, leftOut } = await matchFilms(rows, findFiles([folder]), folder, identifyDicomFile);
  const files = cases.flatMap((one) => one.files);
  const provider = parseProvider(config.provider);
  const filesAtOnce = Math.max(2, Math.min(8, cpus().length));
  // In shadow or not: here it is asked.
  const shown: ModelFolder = { ...model, manifest: { ...model.manifest, shadow: false } };
  const only: ModelSet = { lungField: set.lungField, findings: [shown] };
  const eligibility = { analyseSecondaryCapture: config.analyseSecondaryCapture, minSidePixels: config.imageSideMinPixels };
  if (kept !== undefined && !existsSync(kept)) throw new FirstreadError('usage', `there is no folder ${kept}: --scores is the folder that firstread evaluate wrote (--out)`);
  const store = kept === undefined ? passingStore() : await openScoreStore(join(kept, 'scores.jsonl'), scoredBy(only, family, eligibility));
  const engine = await openEngineHere(only, { provider, intraOpThreads: config.inferenceThreads, batchMax: Math.min(config.batchMax, filesAtOnce) });
  const pool = createDecodePool({ threads: config.decodeThreads, deadlineMs: config.decodeDeadlineMs });
  const progress = startProgress(files.length, 'films', io, Date.now());
  try {
    const scores = await scoreFilms({
      files,
      family,
      store,
      tools: {
        runner: createBatchRunner(engine),
        settings: { eligibility },
        decode: async (bytes) => pool.decode(bytes),
      },
      filesAtOnce,
      stop: new AbortController().signal,
      onFilm: (_file, _score, fresh) => progress.step(fresh, Date.now()),
    });
    const copyOf = findCopies(cases, scores);
    const read = cases.map((one) => readCase(one, scores, copyOf(one), model.manifest.ageYears));
    return {
      films: read.flatMap((one) => ('positive' in one ? [one] : [])),
      leftOut: [...leftOut, ...read.flatMap((one) => ('reason' in one ? [one] : []))].toSorted((a, b) => a.line - b.line),
      strangerCount: leftOut.filter(({ reason }) => reason === 'no such file').length,
      otherModelCount: 0,
    };
  } finally {
    progress.end(Date.now());
    await pool.close();
    await engine.close();
  }
}

/** Nothing kept: each run reads the films again. */
function passingStore(): ScoreStore {
  const known = new Map<string, StoredScore>();
  return { get: (sha256) => known.get(sha256), put: (score) => void known.set(score.sha256, score) };
}

function readCase({ name, row, files }: LabelledCase, scores: ReadonlyMap<string, StoredScore>, copy: string | undefined, limits: AgeLimits | undefined): TruthFilm | RowLeftOut {
  if (copy !== undefined) return { line: row.line, name, reason: copy };
  const own = files.flatMap((file) => scores.get(file) ?? []);
  const scored = own.flatMap((one) => (one.outcome === 'scored' && one.score !== undefined ? [{ ...one, score: one.score }] : []));
  const tableAge = refusedByTable(scored, row, limits);
  if (scored.length > 0 && tableAge !== undefined) return { line: row.line, name, reason: `no score: ${tableAge}` };
  const best = scored.toSorted((a, b) => b.score - a.score)[0];
  if (best === undefined) return { line: row.line, name, reason: `no score: ${own.find(({ reason }) => reason !== undefined)?.reason?.text ?? 'not read'}` };
  const { sex, ageYears, patient } = best.facts;
  return {
    name,
    positive: row.positive,
    score: best.score,
    ...(row.patient ?? patient) === undefined ? {} : { patient: row.patient ?? patient },
    ...(sex === undefined ? {} : { patientSex: sex }),
    ...(ageYears === undefined ? {} : { patientAgeYears: ageYears }),
  } as TruthFilm;
}
