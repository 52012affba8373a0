/** DCMTK's storescp as the archive that reports go to, where it is installed. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Archive {
  readonly port: number;
  readonly command: string;
  stop(): Promise<void>;
}

export async function startArchive(folder: string): Promise<Archive | undefined> {
  if (spawnSync('sh', ['-c', 'command -v storescp']).status !== 0) return undefined;
  const received = join(folder, 'archive');
  mkdirSync(received, { recursive: true });
  const port = await freePort();
  const options = ['-aet', 'ARCHIVE', '+xa'];
  const child = spawn('storescp', [...options, '-od', received, String(port)], { stdio: 'ignore' });
  for (let tries = 0; !(await isOpen(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error('storescp does not listen');
    await pause(25);
  }
  return {
    port,
    command: `storescp ${options.join(' ')} -od DIR PORT`,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill();
      }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
