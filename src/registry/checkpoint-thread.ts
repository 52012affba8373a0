/**
 * Thread entry: moves the registry's log into its main file, beside the hub's event loop (two syncs and a few megabytes of
 * scattered writes would hold up every socket). PASSIVE waits for nobody and makes nobody wait. A thread that dies does no
 * harm: the hub's own commits checkpoint once the log has grown large (database.ts).
 *
 * The file is open only while a checkpoint runs, and none begins once the registry is closed: a thread that comes late would
 * make the file anew where it has been moved away.
 */
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { AT_WORK, CLOSED, IDLE, type CheckpointWork } from './checkpointer.ts';

const { path, state } = workerData as CheckpointWork;

/** Never created here: a file that somebody has moved away under a running hub is not replaced by an empty one. */
const location = pathToFileURL(path);
location.searchParams.set('mode', 'rw');

/** Commits that arrive meanwhile are moved by the next pass: only an empty log is written from its start again. */
const PASSES_MAX = 8;

function checkpoint(): void {
  const sqlite = new DatabaseSync(location);
  try {
    sqlite.exec('PRAGMA busy_timeout = 1000');
    sqlite.exec('PRAGMA synchronous = FULL');
    for (let pass = 0; pass < PASSES_MAX; pass += 1) {
      const row = sqlite.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
      if (row?.['log'] === row?.['checkpointed'] || Atomics.load(state, 0) === CLOSED) return;
    }
  } finally {
    sqlite.close();
  }
}

parentPort?.on('message', (wish: 'checkpoint' | 'close') => {
  if (wish === 'close') {
    parentPort?.close();
    return;
  }
  if (Atomics.compareExchange(state, 0, IDLE, AT_WORK) !== IDLE) return;
  try {
    checkpoint();
  } catch {
    // disk full or busy: the log keeps everything, and the next one tries again
  } finally {
    // Closed meanwhile (a disk that hangs is not waited for): it stays closed.
    Atomics.compareExchange(state, 0, AT_WORK, IDLE);
    Atomics.notify(state, 0);
  }
});
