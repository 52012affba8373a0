/** A real hub for tests: `firstread serve` as a process of its own, on free ports, with tiny models made by the tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { dataFolder, readHubAddress } from '../../src/hub/data-folder.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import type { WorklistRow } from '../../src/study/worklist-row.ts';
import { writeTinySite } from '../models/tiny-models.ts';

export interface HubProcess {
  readonly data: string;
  readonly process: ChildProcess;
  readonly dicomPort: number;
  readonly httpUrl: string;
  readonly token: string;
  /** Sign-in link from its greeting. */
  readonly link: string;
  api(path: string, init?: RequestInit): Promise<Response>;
  /** What it has logged (the last megabyte), a JSON object a line. */
  logLines(): Record<string, unknown>[];
  /** Orderly, resolves with the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

export interface HubOptions {
  readonly data?: string;
  readonly models?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Resolve when the listener is open, models or not. */
  readonly waitFor?: 'ready' | 'listening';
}

const PROGRAM = fileURLToPath(new URL('../../bin/firstread', import.meta.url));
const READY_WAIT_MS = 60_000;
const LOG_CHARACTERS_MAX = 1_000_000;

export const temporaryData = (): string => mkdtempSync(join(tmpdir(), 'firstread-e2e-'));

let tinySite: string | undefined;
/** One folder of tiny models for all tests of a file. */
export async function tinyModels(): Promise<string> {
  if (tinySite === undefined) {
    tinySite = mkdtempSync(join(tmpdir(), 'firstread-tiny-'));
    await writeTinySite(tinySite);
  }
  return tinySite;
}

export async function startHubProcess(options: HubOptions = {}): Promise<HubProcess> {
  const data = options.data ?? temporaryData();
  const models = options.models ?? (await tinyModels());
  const settings = { 'free-space-floor-bytes': '1000000', ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(
    PROGRAM,
    ['serve', '--data', data, '--models', models, '--dicom-host', '127.0.0.1', '--dicom-port', '0', '--http-port', '0', '--log-format', 'json', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, REDIS_URL: '', ...options.environment } },
  );
  let out = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-LOG_CHARACTERS_MAX)));
  const until = Date.now() + READY_WAIT_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the hub ended with ${child.exitCode ?? child.signalCode}:\n${log.slice(-20_000)}`);
    const address = readHubAddress(dataFolder(data));
    const link = /http\S+sign-in\S+/.exec(out)?.[0];
    if (address?.pid === child.pid && link !== undefined) {
      const answer = options.waitFor === 'listening' ? 200 : await fetch(`${address?.httpUrl}/readyz`).then(({ status }) => status, () => 0);
      if (answer === 200 && address !== undefined) return hubProcess(data, child, address, link, () => log);
    }
    if (Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`the hub was not ready in time:\n${log.slice(-20_000)}`);
    }
    await pause(20);
  }
}

function hubProcess(data: string, child: ChildProcess, address: NonNullable<ReturnType<typeof readHubAddress>>, link: string, log: () => string): HubProcess {
  const ended = new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });
  return {
    data,
    process: child,
    dicomPort: address.dicomPort,
    httpUrl: address.httpUrl,
    token: address.token,
    link,
    api: (path, init = {}) => fetch(`${address.httpUrl}${path}`, { ...init, headers: { authorization: `Bearer ${address.token}`, ...init.headers } }),
    logLines: () => log().split('\n').filter((line) => line.startsWith('{') && line.endsWith('}')).map((line) => JSON.parse(line) as Record<string, unknown>),
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export const removeData = (data: string): void => rmSync(data, { recursive: true, force: true });

/** The worklist as the registry has it, read beside the hub. */
export function worklistOf(data: string): readonly WorklistRow[] {
  const registry = openRegistry(dataFolder(data).registry, { readOnly: true });
  try {
    return registry.worklist({ nowMs: Date.now(), limit: 100_000, scope: 'all' }).rows;
  } finally {
    registry.close();
  }
}

const TERMINAL = new Set(['reported', 'delivered', 'ineligible', 'attention']);

export const hasEnded = ({ state }: WorklistRow): boolean => TERMINAL.has(state);

/** Waits until every study has its answer and its reports. */
export async function untilSettled(data: string, studyCountMin: number, waitMs = 60_000): Promise<readonly WorklistRow[]> {
  const until = Date.now() + waitMs;
  for (;;) {
    const rows = worklistOf(data);
    if (rows.length >= studyCountMin && rows.every(hasEnded)) return rows;
    if (Date.now() > until) throw new Error(`not settled: ${JSON.stringify(rows.map((row) => [row.state, row.reason.text]))}`);
    await pause(50);
  }
}

