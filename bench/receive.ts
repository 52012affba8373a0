/**
 * bench:receive: `firstread serve` (durable before 0000H) against DCMTK's storescp, in one run, on one disk, with one
 * sender, alternating which goes first. `npm run bench:receive -- [--quick] [--kind KIND] [--associations N,…] [--json FILE] [--dir FOLDER]`
 *
 * The hub is the whole one but for its worker (`--workers 0`): what is measured is receiving, up to the registry's commit.
 * The sender is receive-sender.ts (one process, N associations, PDUs prepared beforehand). storescp runs with its fastest
 * settings: PDUs of 128 kB, bit-preserving, a process per association; it neither hashes nor syncs what it writes. What
 * the disk itself takes, synced (`dd conv=fdatasync`, N at once), is measured beside them: no durable receiver can
 * be faster than that.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OBJECT_KINDS, transferSyntaxOf, writeObjects } from './receive-object.ts';
import type { ObjectKind } from './receive-object.ts';
import { formatTable } from './table.ts';

interface Row {
  readonly kind: ObjectKind;
  readonly associations: number;
  readonly mbPerSecond: number;
  readonly dcmtkMbPerSecond: number;
  readonly ratio: number;
  readonly peakRssMb: number;
}

interface Receiver {
  readonly port: number;
  readonly command: string;
  /** Forgets what it has received, so that no disk fills. */
  clear(): void;
  /** Starts a new measurement of peak memory; undefined where there is none to speak of. */
  resetPeakRss(): void;
  peakRssMb(): number;
  stop(): Promise<void>;
}

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' }, dir: { type: 'string' }, kind: { type: 'string' }, associations: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log('usage: npm run bench:receive -- [--quick] [--kind raw|jpeg-lossless] [--associations 1,4,8] [--json FILE] [--dir FOLDER on the disk to measure]');
  process.exit(0);
}
/** Sent in one measurement, over all associations; long enough for a steady state, short enough to wait for. */
const MEASURED_BYTES = (values.quick ? 400 : 1600) * 1e6;
const ROUNDS = values.quick ? 3 : 5;
const ASSOCIATIONS = (values.associations ?? '1,4,8').split(',').map(Number);
const KINDS = OBJECT_KINDS.filter((kind) => values.kind === undefined || kind === values.kind);

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function startFirstread(folder: string): Promise<Receiver> {
  const args = ['serve', '--data', folder, '--dicom-port', '0', '--http-port', '0', '--workers', '0'];
  const child = spawn(here('../bin/firstread'), args, { stdio: 'ignore' });
  const address = join(folder, 'hub.json');
  while (!existsSync(address)) {
    if (child.exitCode !== null) throw new Error(`firstread serve ended with ${child.exitCode}`);
    await delay(50);
  }
  const { dicomPort } = JSON.parse(readFileSync(address, 'utf8')) as { dicomPort: number };
  return {
    port: dicomPort,
    command: 'firstread serve --data DIR --dicom-port 0 --http-port 0 --workers 0',
    clear: () => clearFiles(join(folder, 'spool', 'instances')),
    resetPeakRss: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    peakRssMb: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    stop: () => ended(child),
  };
}

async function startStorescp(folder: string): Promise<Receiver> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const args = ['--fork', '-aet', 'FIRSTREAD', '-pdu', '131072', '-dhl', '+B', '+xa', '-od', folder, String(port)];
  const child = spawn('storescp', args, { stdio: 'ignore' });
  await untilListening(port);
  return {
    port,
    command: `storescp ${args.slice(0, -2).join(' ')} DIR PORT`,
    clear: () => clearFiles(folder),
    resetPeakRss: () => {},
    peakRssMb: () => 0,
    stop: () => ended(child),
  };
}

/** SIGTERM, and wait. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}

/** Deletes files and keeps the folders: the hub made them durable when it started. */
function clearFiles(folder: string): void {
  execFileSync('find', [folder, '-type', 'f', '-delete']);
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', () => reject(new Error('the receiver ended')));
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.split('\n')[0]!);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => { socket.destroy(); resolve(true); });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await delay(50);
  }
  throw new Error('storescp does not listen');
}

let runCount = 0;

/** One measurement: MB/s as the sender saw it, from its first object to its last answer. */
async function measure(receiver: Receiver, file: string, kind: ObjectKind, associations: number, objects: number): Promise<number> {
  // What an earlier run left to the kernel to write must not be paid for by this one.
  execFileSync('sync');
  const run = String(10_000 + runCount++);
  const child = spawn(process.execPath, [here('receive-sender.ts'), String(receiver.port), file, transferSyntaxOf(kind), String(associations), String(objects), run], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { bytes, seconds, refused } = JSON.parse(await firstLine(child)) as { bytes: number; seconds: number; refused: number };
  if (refused > 0) throw new Error(`${refused} objects refused by ${receiver.command}`);
  receiver.clear();
  return bytes / 1e6 / seconds;
}

/** MB/s that the disk takes from N writers that sync each file, as the hub does. */
async function measureDisk(file: string, associations: number, objects: number): Promise<number> {
  execFileSync('sync');
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: associations }, (_, index) => new Promise<void>((resolve) => {
    const script = 'n=0; while [ $n -lt "$2" ]; do dd if="$0" of="$1.$n" bs=256k conv=fdatasync 2>/dev/null; n=$((n+1)); done';
    spawn('sh', ['-c', script, file, join(folder, 'disk', String(index)), String(objects)], { stdio: 'ignore' }).once('exit', () => resolve());
  })));
  const seconds = (performance.now() - startedAtMs) / 1000;
  clearFiles(join(folder, 'disk'));
  return (readFileSync(file).length * associations * objects) / 1e6 / seconds;
}

const median = (figures: readonly number[]): number => [...figures].sort((a, b) => a - b)[figures.length >> 1]!;

const folder = mkdtempSync(join(values.dir ?? tmpdir(), 'firstread-bench-'));
const rows: Row[] = [];
const spreads: string[] = [];
const disk: number[] = [];
try {
  const files = writeObjects(folder);
  const firstread = await startFirstread(join(folder, 'firstread'));
  const storescp = await startStorescp(join(folder, 'storescp'));
  mkdirSync(join(folder, 'disk'));
  console.log(`sender:    node bench/receive-sender.ts PORT FILE TRANSFER_SYNTAX ASSOCIATIONS OBJECTS RUN\nfirstread: ${firstread.command}\ndcmtk:     ${storescp.command}\ndisk:      ${folder}\n`);
  for (const kind of KINDS) {
    const objectBytes = readFileSync(files[kind]).length;
    for (const receiver of [firstread, storescp]) await measure(receiver, files[kind], kind, 1, 3);
    for (const associations of ASSOCIATIONS) {
      const objects = Math.max(2, Math.ceil(MEASURED_BYTES / objectBytes / associations));
      const ours: number[] = [];
      const theirs: number[] = [];
      firstread.resetPeakRss();
      for (let round = 0; round < ROUNDS; round++) {
        const turns: (readonly [Receiver, number[]])[] = [[firstread, ours], [storescp, theirs]];
        if (round % 2 === 1) turns.reverse();
        for (const [receiver, figures] of turns) figures.push(await measure(receiver, files[kind], kind, associations, objects));
      }
      disk.push(await measureDisk(files[kind], associations, objects));
      const mbPerSecond = median(ours);
      const dcmtkMbPerSecond = median(theirs);
      rows.push({ kind, associations, mbPerSecond, dcmtkMbPerSecond, ratio: mbPerSecond / dcmtkMbPerSecond, peakRssMb: firstread.peakRssMb() });
      spreads.push(`${Math.min(...ours).toFixed(0)}–${Math.max(...ours).toFixed(0)} / ${Math.min(...theirs).toFixed(0)}–${Math.max(...theirs).toFixed(0)}`);
    }
  }
  await Promise.all([firstread.stop(), storescp.stop()]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log(formatTable(
  ['kind', 'associations', 'MB/s', 'storescp MB/s', 'ratio', 'peak RSS MB', 'disk, synced MB/s', `lowest–highest of ${ROUNDS}`],
  rows.map((row, index) => [row.kind, row.associations, row.mbPerSecond, row.dcmtkMbPerSecond, row.ratio, row.peakRssMb, disk[index]!, spreads[index]!]),
));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rows }, undefined, 2)}\n`);
