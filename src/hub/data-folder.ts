/**
 * The data folder: where everything lies, and who owns it. Exactly one hub at a time: the lock is an SQLite EXCLUSIVE
 * transaction held for the hub's life, which the operating system ends with the process, however it dies.
 * hub.json tells other commands on this machine how to reach the running hub.
 */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FirstreadError } from '../errors.ts';

export interface DataFolder {
  readonly root: string;
  readonly registry: string;
  readonly queue: string;
  readonly spool: string;
  readonly previews: string;
  readonly audit: string;
  readonly siteThresholds: string;
  readonly hubFile: string;
}

export interface HubAddress {
  readonly pid: number;
  readonly dicomPort: number;
  readonly httpUrl: string;
  /** As people reach the page. */
  readonly pageUrl: string;
  /** A token that lets commands on this machine act on the hub; the file is readable by its owner only. */
  readonly token: string;
}

export function dataFolder(root: string): DataFolder {
  return {
    root,
    registry: join(root, 'registry.sqlite'),
    queue: join(root, 'queue.sqlite'),
    spool: join(root, 'spool'),
    previews: join(root, 'previews'),
    audit: join(root, 'audit'),
    siteThresholds: join(root, 'site-thresholds.json'),
    hubFile: join(root, 'hub.json'),
  };
}

/** Creates the folder where needed; 0700, because it holds patients. */
export function makeDataFolder(folder: DataFolder): void {
  try {
    for (const path of [folder.root, folder.spool, folder.previews, folder.audit]) makeFolders(path);
    // A folder made by hand beforehand is usually open to everybody on the machine.
    if ((statSync(folder.root).mode & 0o077) !== 0) chmodSync(folder.root, 0o700);
    accessSync(folder.root, constants.W_OK | constants.X_OK);
    for (const path of [folder.spool, folder.previews, folder.audit]) accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, path = folder.root } = error as NodeJS.ErrnoException;
    const why = code === 'EACCES' || code === 'EPERM' ? `${path} belongs to another user, or may not be written; chown -R it to the user that runs Firstread` : (error as Error).message;
    throw new FirstreadError('config-invalid', `the data folder ${folder.root} cannot be used: ${why}; or choose another with --data DIR`);
  }
}

/** Step by step: with `recursive`, Node never returns where a folder refuses new ones with ENOENT, as /proc does. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Creates the folder where needed and takes the lock. Throws when another hub has it. */
export function lockDataFolder(folder: DataFolder): { release(): void } {
  makeDataFolder(folder);
  const lock = new DatabaseSync(join(folder.root, 'hub.lock'));
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
  } catch {
    lock.close();
    const hub = readHubAddress(folder);
    throw new FirstreadError('config-invalid', `another hub${hub ? ` (process ${hub.pid}, ${hub.httpUrl})` : ''} is running on ${folder.root}; stop it first, or use another --data DIR`);
  }
  return {
    release() {
      rmSync(folder.hubFile, { force: true });
      lock.close();
    },
  };
}

export function writeHubAddress(folder: DataFolder, address: HubAddress): void {
  const part = `${folder.hubFile}.part`;
  writeFileSync(part, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  chmodSync(part, 0o600);
  renameSync(part, folder.hubFile);
}

/** The hub that runs on this folder, as far as its file tells; the file of a dead hub is recognised by its process. */
export function readHubAddress(folder: DataFolder): HubAddress | undefined {
  if (!existsSync(folder.hubFile)) return undefined;
  try {
    const address = JSON.parse(readFileSync(folder.hubFile, 'utf8')) as HubAddress;
    process.kill(address.pid, 0);
    return address;
  } catch {
    return undefined;
  }
}
