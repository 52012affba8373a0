/** `firstread serve`: the hub, until SIGTERM or Ctrl-C. */
import { FirstreadError } from '../errors.ts';
import { startHub } from '../hub/hub.ts';
import type { Hub } from '../hub/hub.ts';
import type { Config } from '../config/config.ts';
import { createLog } from '../ops/log.ts';
import type { Log } from '../ops/log.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';

export const help = `usage: firstread serve [--data DIR] [--dicom-port N] [--http-port N] [settings]

Runs the hub: DICOM listener, queue, worker, worklist page. One per data folder. Stops on SIGTERM or Ctrl-C: running
associations may finish, nothing that was acknowledged is lost.

  --data DIR         everything is kept here (default ./firstread-data)
  --dicom-port N     DICOM listener (default 11112; AE title FIRSTREAD)
  --http-port N      worklist page and API (default 8070, on 127.0.0.1)
  --redis-url URL    queue on Redis, so that workers on other machines can help
  --provider P       cpu (default) or cuda:N

\`firstread config\` lists all settings. GET /readyz answers 200 once listener, worker and models are ready.
`;

const EXIT_AFTER_MS = 2_000;

export function openLog(config: Config, io: CommandIo, process: string): Log {
  return createLog({
    sink: (line) => io.stderr.write(line),
    now: Date.now,
    level: config.logLevel,
    pretty: config.logFormat === 'pretty' || (config.logFormat === 'auto' && io.stderr.isTTY === true),
    process,
  });
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      let seen = false;
      process.on(signal, () => {
        if (seen) process.exit(130);
        seen = true;
        resolve(signal);
      });
    }
  });
}

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { loaded } = parseCommand(argv, {});
  const { config } = loaded;
  const log = openLog(config, io, 'hub');
  const stopped = untilSignal();
  process.on('uncaughtException', (error) => {
    // The state is unknown: end, and let the next start reconcile. Nothing acknowledged is lost.
    log.write('uncaught', { error });
    process.exit(1);
  });
  const hub = await startHub(config, log).catch((error: unknown) => {
    if (!(error instanceof FirstreadError)) throw error;
    io.stderr.write(`firstread serve: ${error.message}\n`);
    // What was started already ends with the process: workers with their parent, the lock with its owner.
    process.exit(1);
  });
  greet(hub, config, io);
  await stopped;
  await hub.close();
  // Everything is closed and synced; whatever handle a library left open must not keep the process.
  setTimeout(() => process.exit(0), EXIT_AFTER_MS).unref();
  return 0;
}

function greet(hub: Hub, config: Config, io: CommandIo): void {
  io.stdout.write(`Firstread is running. It prioritises; it does not diagnose.

  DICOM     ${config.aeTitle} at ${config.dicomHost}:${hub.dicomPort}
  worklist  ${hub.httpUrl}
  sign in   ${hub.signInLink()}
            (once, within 15 minutes; \`firstread token\` and \`firstread user\` give lasting access)
  data      ${config.data}
`);
}
