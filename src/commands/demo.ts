/**
 * `firstread demo`: the whole system on its embedded defaults, shown at work. Starts a hub of its own as a child
 * process, draws sample studies, sends them over real DICOM associations, waits until each has its answer, and prints
 * the ranked worklist. What is flagged is what the shipped models say of drawn pictures.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import type { SampleStudy } from '../../fixtures/samples.ts';
import { FirstreadError } from '../errors.ts';
import { dataFolder, readHubAddress } from '../hub/data-folder.ts';
import type { DataFolder } from '../hub/data-folder.ts';
import { openRegistry } from '../registry/registry.ts';
import type { WorklistRow } from '../study/worklist-row.ts';
import { parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';
import { readSendable, sendAll } from './send.ts';
import { untilSignal } from './serve.ts';
import { PIPE_COLUMNS, worklistTable } from './worklist.ts';

export const help = `usage: npm run demo [-- --once] [--data DIR]

Starts Firstread with its defaults, draws sample studies, sends them over DICOM, and prints the ranked worklist, where
the reports lie, and the page's address with a one-time sign-in link. Keeps running until Ctrl-C.

  --once        end when every study has its answer; exit code 0 only if each ended where it should
  --data DIR    where to keep everything (default ./demo-data)
`;

const START_WAIT_MS = 120_000;
const ANSWER_WAIT_MS = 180_000;
const POLL_MS = 200;

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, loaded } = parseCommand(argv, { once: { type: 'boolean' } });
  const root = loaded.origins.data === 'default' ? join(process.cwd(), 'demo-data') : loaded.config.data;
  const folder = dataFolder(root);
  const stopped = untilSignal();
  const outside = join(root, 'delivered-reports');
  mkdirSync(outside, { recursive: true });
  io.stdout.write('Firstread demo. It prioritises; it does not diagnose. Not a medical device.\n\nStarting the hub … ');
  const hub = startHubProcess(root, argv, outside);
  try {
    const link = await Promise.race([waitForHub(hub, folder), stopped]);
    if (link === 'SIGINT' || link === 'SIGTERM') return 130;
    io.stdout.write('ready.\n');
    const studies = await sendSamples(folder, io, stopped);
    if (studies === undefined) return 130;
    const rows = await Promise.race([waitForAnswers(folder, studies, io), stopped]);
    if (typeof rows === 'string') return 130;
    io.stdout.write(`\n${worklistTable(rows, io.stdout.columns ?? PIPE_COLUMNS, io.stdout.isTTY === true)}\n`);
    const wrong = judge(studies, rows);
    for (const line of wrong) io.stdout.write(`not as expected: ${line}\n`);
    const here = (path: string): string => relative(process.cwd(), path) || '.';
    io.stdout.write(`Reports (DICOM SR):  ${here(outside)}   (and all of them in ${here(join(root, 'spool', 'reports'))})
Log of the hub:      ${here(join(root, 'hub.log'))}
`);
    if (values.once) {
      io.stdout.write(wrong.length === 0 ? `All ${studies.length} studies ended where they should.\n` : `${wrong.length} of ${studies.length} studies did not end where they should.\n`);
      return wrong.length === 0 ? 0 : 1;
    }
    io.stdout.write(`Worklist page:       ${link}   (signs in once)\nSend your own:       npx firstread send 127.0.0.1:${readHubAddress(folder)?.dicomPort} FILE… --called FIRSTREAD\n\nRunning until Ctrl-C.\n`);
    await Promise.race([stopped, new Promise((resolve) => hub.process.once('exit', resolve))]);
    return 0;
  } finally {
    await stop(hub.process, io);
  }
}

interface HubProcess {
  readonly process: ChildProcess;
  /** What it printed to standard output: its greeting with the sign-in link. */
  readonly greeting: () => string;
  readonly log: string;
}

function startHubProcess(root: string, argv: readonly string[], outside: string): HubProcess {
  const log = join(root, 'hub.log');
  const logFile = openSync(log, 'a', 0o600);
  const own = argv.filter((argument, k) => argument !== '--once' && argument !== '--data' && argv[k - 1] !== '--data' && !argument.startsWith('--data='));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('../main.ts', import.meta.url)), 'serve', '--data', root, '--dicom-host', '127.0.0.1', '--dicom-port', '0', '--http-port', '0', '--log-format', 'json', ...own],
    {
      // Its own process group: Ctrl-C reaches this process, which then stops the hub in order.
      detached: true,
      stdio: ['ignore', 'pipe', logFile],
      env: { FIRSTREAD_DESTINATIONS: JSON.stringify([{ name: 'demo-folder', kind: 'folder', path: outside, reportKinds: ['flagged', 'below-threshold', 'not-analysed'] }]), FIRSTREAD_FREE_SPACE_FLOOR_BYTES: String(256 * 1024 * 1024), ...process.env },
    },
  );
  closeSync(logFile);
  // A second Ctrl-C ends this process at once: its hub must not live on.
  process.once('exit', () => child.kill('SIGTERM'));
  let greeting = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    greeting += text;
  });
  return { process: child, greeting: () => greeting, log };
}

/** Resolves with the sign-in link once /readyz is green. */
async function waitForHub(hub: HubProcess, folder: DataFolder): Promise<string> {
  const until = Date.now() + START_WAIT_MS;
  while (Date.now() < until) {
    if (hub.process.exitCode !== null) throw new FirstreadError('config-invalid', `the hub ended with code ${hub.process.exitCode}; its log is ${hub.log}`);
    const address = readHubAddress(folder);
    const link = /http\S+sign-in\S+/.exec(hub.greeting())?.[0];
    if (link !== undefined && address?.pid === hub.process.pid) {
      const answer = await fetch(`${address?.httpUrl}/readyz`).catch(() => undefined);
      if (answer?.status === 200) return link;
    }
    await pause(POLL_MS);
  }
  throw new FirstreadError('hub-unreachable', `the hub was not ready in ${START_WAIT_MS / 1000} s; its log is ${hub.log}`);
}

async function sendSamples(folder: DataFolder, io: CommandIo, stopped: Promise<unknown>): Promise<readonly SampleStudy[] | undefined> {
  const { sampleStudies } = await import('../../fixtures/samples.ts');
  const studies = sampleStudies(Date.now());
  const drawn = join(folder.root, 'drawn-samples');
  mkdirSync(drawn, { recursive: true });
  const port = readHubAddress(folder)?.dicomPort ?? 0;
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  for (const [at, study] of studies.entries()) {
    if (isStopped) return undefined;
    io.stdout.write(`Drawing and sending ${String(at + 1).padStart(2)} of ${studies.length}: ${study.title}${study.samples.length > 1 ? ` (${study.samples.length} images)` : ''} … `);
    const paths = study.samples.map(({ fileName, bytes }) => {
      const path = join(drawn, fileName);
      writeFileSync(path, bytes());
      return path;
    });
    let stored = 0;
    await sendAll({ host: '127.0.0.1', port, calledAeTitle: 'FIRSTREAD', callingAeTitle: study.callingAeTitle }, paths.map(readSendable), ({ status, error, path }) => {
      if (status === 0) stored++;
      else io.stdout.write(`${path}: ${error ?? `status ${status?.toString(16)}`} `);
    });
    io.stdout.write(stored === paths.length ? 'stored\n' : 'NOT stored\n');
  }
  return studies;
}

const SETTLED = new Set(['reported', 'delivered', 'ineligible', 'attention']);

async function waitForAnswers(folder: DataFolder, studies: readonly SampleStudy[], io: CommandIo): Promise<readonly WorklistRow[]> {
  const until = Date.now() + ANSWER_WAIT_MS;
  const registry = openRegistry(folder.registry, { readOnly: true });
  try {
    let rows: readonly WorklistRow[] = [];
    for (;;) {
      const mine = new Set(studies.map(({ studyInstanceUid }) => studyInstanceUid));
      rows = registry.worklist({ nowMs: Date.now(), limit: 10_000 }).rows.filter(({ studyInstanceUid }) => mine.has(studyInstanceUid));
      const settled = rows.filter((row) => SETTLED.has(row.state)).length;
      if (io.stdout.isTTY) io.stdout.write(`\rAnalysed and reported: ${settled} of ${studies.length} `);
      const open = registry.outstandingCommands(1_000).filter(({ studyInstanceUid }) => mine.has(studyInstanceUid)).length;
      if ((settled === studies.length && open === 0) || Date.now() > until) {
        io.stdout.write(io.stdout.isTTY ? '\n' : `Analysed and reported: ${settled} of ${studies.length}\n`);
        return rows;
      }
      await pause(POLL_MS);
    }
  } finally {
    registry.close();
  }
}

/** One line for each study that did not end where its drawing should have taken it. */
function judge(studies: readonly SampleStudy[], rows: readonly WorklistRow[]): string[] {
  return studies.flatMap(({ title, expected, studyInstanceUid }) => {
    const row = rows.find((each) => each.studyInstanceUid === studyInstanceUid);
    if (row === undefined) return [`${title}: not on the worklist`];
    const flagged = row.findings.filter((finding) => finding.flagged).map(({ label }) => label as string);
    const isDone = row.state === 'reported' || row.state === 'delivered';
    const isRight =
      expected === 'ineligible' || expected === 'attention' ? row.state === expected
      : expected === 'not flagged' ? isDone && flagged.length === 0
      : isDone && flagged.includes(expected.slice('flagged '.length));
    return isRight ? [] : [`${title}: expected ${expected}, is ${row.state}, ${row.reason.text}`];
  });
}

async function stop(child: ChildProcess, io: CommandIo): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await gone;
  clearTimeout(timer);
  io.stdout.write('Stopped.\n');
}
