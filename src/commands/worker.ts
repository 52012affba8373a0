/** `firstread worker`: one more worker, on this machine beside a hub, or on another with Redis and the hub's address. */
import { FirstreadError } from '../errors.ts';
import { loadSiteModels } from '../hub/site-models.ts';
import { workerOptions } from '../hub/worker-side.ts';
import { WORKER_EXIT, endAtOnce, runWorkerProcess } from '../inference/worker-process.ts';
import { sentenceAsWord } from '../ops/redaction.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { openLog, untilSignal } from './serve.ts';
import { folderIfNamed, siteFolder } from './site-folder.ts';

export const help = `usage: firstread worker [--data DIR] [settings]
       firstread worker --redis-url URL --hub-url URL [settings]     (token in FIRSTREAD_WORKER_TOKEN)

Runs one more worker. On the hub's machine it shares the hub's data folder (--data). Elsewhere it takes jobs from Redis
and fetches images from the hub over HTTP with a token (\`firstread token add --role worker\` on the hub's machine).

  --provider P            cpu (default) or cuda:N
  --batch-max N           largest batch; 32 on a GPU
  --decode-threads N      threads that decode images
  --inference-threads N   threads of the CPU provider
`;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { loaded } = parseCommand(argv, {});
  const { config } = loaded;
  if (config.hubUrl !== '' && config.redisUrl === '') throw new FirstreadError('usage', 'a worker on another machine takes its jobs from Redis: set --redis-url (and REDIS_URL on the hub)');
  if (config.hubUrl !== '' && config.workerToken === '') throw new FirstreadError('usage', 'set FIRSTREAD_WORKER_TOKEN to a token that `firstread token add --role worker` printed on the hub\'s machine');
  // Elsewhere it has the hub's address in place of the hub's folder.
  const folder = config.hubUrl === '' ? siteFolder(loaded) : folderIfNamed(loaded);
  const log = openLog(config, io, 'worker');
  const models = await loadSiteModels(config.models, config.data);
  const stop = new AbortController();
  void untilSignal().then(() => stop.abort());
  const code = await runWorkerProcess(
    workerOptions(config, folder, models.folders),
    (message) => {
      if (message.type === 'ready') log.write('worker-ready', { pid: process.pid, provider: message.provider });
      else if (message.type === 'problem') {
        if (message.code === 'model-run-stuck') log.write('model-run-stuck', { pid: process.pid, code: message.code, reason: sentenceAsWord(message.message) });
        io.stderr.write(`firstread worker: ${message.message}\n`);
      }
      else if (message.type === 'failed') log.write('analysis-failed', { jobId: message.jobId, code: message.code, attempt: message.attempt, state: message.next });
      else if (message.type === 'trouble') log.write('queue-unreachable', { code: message.code, reason: sentenceAsWord(message.message) });
      else if (message.type === 'answered') log.write('analysis-done', { jobId: message.jobId, kind: message.kind, totalMs: Math.round(message.timings?.totalMs ?? 0) });
    },
    stop.signal,
  );
  if (code === WORKER_EXIT.stuck) endAtOnce();
  return code;
}
