/** DCMTK's storescp as a PACS, on a port of its own, writing what it receives bit by bit into a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StorescpPeer {
  readonly port: number;
  /** Received files, as whole Part 10 files. */
  received(): Buffer[];
  stop(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startStorescp(folder: string, port: number, options: readonly string[] = []): Promise<StorescpPeer> {
  mkdirSync(folder, { recursive: true });
  const child = spawn('storescp', ['-od', folder, '+B', '+uf', ...options, String(port)], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`storescp ended with ${child.exitCode}`);
    await sleep(20);
  }
  return {
    port,
    received: () => readdirSync(folder).map((name) => readFileSync(join(folder, name))),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
