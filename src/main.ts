/**
 * The command line. Each command is a file in commands/; `serve` composes the hub in hub/. Errors that a user can mend
 * are one line; anything else is a fault of ours and shows its stack.
 */
import type { Command } from './commands/command.ts';
import { FirstreadError } from './errors.ts';

const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  serve: { summary: 'run the hub: DICOM listener, queue, worker, worklist page', load: () => import('./commands/serve.ts') },
  demo: { summary: 'see it work: drawn sample studies through the whole system', load: () => import('./commands/demo.ts') },
  worker: { summary: 'run one more worker, here or on another machine', load: () => import('./commands/worker.ts') },
  analyse: { summary: 'read files at once, no server: findings as a table or JSON', load: () => import('./commands/analyse.ts') },
  worklist: { summary: 'print the ranked worklist', load: () => import('./commands/worklist.ts') },
  send: { summary: 'send DICOM files with C-STORE', load: () => import('./commands/send.ts') },
  echo: { summary: 'check a DICOM connection with C-ECHO', load: () => import('./commands/echo.ts') },
  deliveries: { summary: 'what goes to the PACS, what failed and why; try again', load: () => import('./commands/deliveries.ts') },
  prioritise: { summary: 'mark a study as STAT, or take that back', load: () => import('./commands/prioritise.ts') },
  evaluate: { summary: 'measure a model on your own labelled films: ROC, intervals, a report page', load: () => import('./commands/evaluate.ts') },
  calibrate: { summary: 'choose a threshold from your site\'s own results, and undo it', load: () => import('./commands/calibrate.ts') },
  models: { summary: 'list models, check a model folder, compare one in shadow', load: () => import('./commands/models.ts') },
  config: { summary: 'print every setting with unit, value and origin', load: () => import('./commands/config.ts') },
  'sign-in': { summary: 'a fresh one-time link to the page', load: () => import('./commands/sign-in.ts') },
  user: { summary: 'add, list or disable users of the page; their sessions', load: () => import('./commands/user.ts') },
  audit: { summary: 'is the audit trail whole; who looked at this patient', load: () => import('./commands/audit.ts') },
  token: { summary: 'make or revoke API tokens', load: () => import('./commands/token.ts') },
  prepare: { summary: 'write training tensors with the serving code', load: () => import('./commands/prepare.ts') },
};

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Firstread: which chest X-ray to read first. It prioritises; it does not diagnose. Not a medical device.

usage: firstread COMMAND [options]      firstread COMMAND --help

${lines.join('\n')}

Settings come from flags, the environment (FIRSTREAD_…), and firstread.json in the data folder: see \`firstread config\`.
`;
}

async function main(argv: string[]): Promise<number> {
  const io = { stdout: process.stdout, stderr: process.stderr };
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout.write(usage());
    return 0;
  }
  if (name === '--version') {
    const { FIRSTREAD_VERSION } = await import('./version.ts');
    io.stdout.write(`${FIRSTREAD_VERSION}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    io.stderr.write(`firstread: there is no command ${JSON.stringify(name)}; \`firstread --help\` lists them\n`);
    return 1;
  }
  try {
    const { help, run } = await command.load();
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(help.endsWith('\n') ? help : `${help}\n`);
      return 0;
    }
    return await run(rest, io);
  } catch (error) {
    if (!(error instanceof FirstreadError)) throw error;
    io.stderr.write(`firstread ${name}: ${error.message}\n`);
    if (error.code === 'usage') io.stderr.write(`\`firstread ${name} --help\` shows how\n`);
    return 1;
  }
}

// A reader that closes the pipe early (| head) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
