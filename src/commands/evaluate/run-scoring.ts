/** Opens models and decoders, scores with progress, closes them; Ctrl-C stops between films. */
import { relative } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { FileTools } from '../../inference/analyse-file.ts';
import { createBatchRunner } from '../../inference/batch-runner.ts';
import { createDecodePool } from '../../inference/decode-pool.ts';
import { openEngineHere } from '../../inference/model-engine.ts';
import type { ModelSet } from '../../inference/model-set.ts';
import { parseProvider } from '../../inference/provider.ts';
import type { FindingFamily } from '../../study/types.ts';
import { printable } from '../command.ts';
import type { CommandIo } from '../command.ts';
import { startProgress } from '../progress-line.ts';
import { scoreFilms } from './score-films.ts';
import type { ScoreStore, StoredScore } from './score-store.ts';

/** On stderr as they come; all of them are in the report. */
const UNREAD_SAID_MAX = 20;

export interface ScoringPlan {
  readonly family: FindingFamily;
  readonly set: ModelSet;
  readonly eligibility: FileTools['settings']['eligibility'];
  readonly store: ScoreStore;
  readonly filesAtOnce: number;
  readonly base: string;
  readonly config: Pick<Config, 'provider' | 'inferenceThreads' | 'decodeThreads' | 'decodeDeadlineMs'>;
}

/** The first Ctrl-C lets the films in work end and be kept; the second one ends at once. */
export async function scoreAll(files: readonly string[], plan: ScoringPlan, io: CommandIo): Promise<ReadonlyMap<string, StoredScore>> {
  const engine = await openEngineHere(plan.set, { provider: parseProvider(plan.config.provider), intraOpThreads: plan.config.inferenceThreads, batchMax: Math.min(8, plan.filesAtOnce) });
  const pool = createDecodePool({ threads: plan.config.decodeThreads, deadlineMs: plan.config.decodeDeadlineMs });
  const stop = new AbortController();
  const onInterrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', onInterrupt);
  const progress = startProgress(files.length, 'films', io, performance.now());
  let [unread, reused] = [0, 0];
  try {
    return await scoreFilms({
      files,
      family: plan.family,
      store: plan.store,
      tools: { runner: createBatchRunner(engine), settings: { eligibility: plan.eligibility }, decode: async (bytes) => pool.decode(bytes) },
      filesAtOnce: plan.filesAtOnce,
      stop: stop.signal,
      onFilm: (file, score, fresh) => {
        if (score.outcome === 'unreadable') {
          unread += 1;
          if (unread <= UNREAD_SAID_MAX) progress.say(printable(`not read: ${relative(plan.base, file)}: ${score.reason?.text ?? ''}`));
        }
        if (!fresh) reused += 1;
        progress.step(fresh, performance.now());
      },
    });
  } finally {
    progress.end(performance.now());
    if (reused > 0) io.stderr.write(`${reused} of ${files.length} films were scored before\n`);
    if (unread > UNREAD_SAID_MAX) io.stderr.write(`… and ${unread - UNREAD_SAID_MAX} more that could not be read\n`);
    process.off('SIGINT', onInterrupt);
    await pool.close();
    await engine.close();
  }
}
