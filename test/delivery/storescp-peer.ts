/** DCMTK's storescp as a PACS, on a port of its own, writing what it receives bit by bit into a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitForPort } from '../peers/ports.ts';

export interface StorescpPeer {
  readonly port: number;
  /** Received files, as whole Part 10 files. */
  received(): Buffer[];
  stop(): Promise<void>;
}

export async function startStorescp(folder: string, port: number, options: readonly string[] = []): Promise<StorescpPeer> {
  mkdirSync(folder, { recursive: true });
  const child = spawn('storescp', ['-od', folder, '+B', '+uf', ...options, String(port)], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitForPort(port);
  return {
    port,
    received: () => readdirSync(folder).map((name) => readFileSync(join(folder, name))),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
