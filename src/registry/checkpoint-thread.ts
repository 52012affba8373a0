/**
 * Thread entry: moves the registry's log into its main file, beside the hub's event loop (two syncs and a few megabytes of
 * scattered writes would hold up every socket). PASSIVE waits for nobody and makes nobody wait. A thread that dies does no
 * harm: the hub's own commits checkpoint once the log has grown large (database.ts).
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const sqlite = new DatabaseSync(String(workerData));
sqlite.exec('PRAGMA busy_timeout = 1000');
sqlite.exec('PRAGMA synchronous = FULL');

/** Commits that arrive meanwhile are moved by the next pass: only an empty log is written from its start again. */
const PASSES_MAX = 8;

function checkpoint(): void {
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const row = sqlite.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    if (row?.['log'] === row?.['checkpointed']) return;
  }
}

parentPort?.on('message', (wish: 'checkpoint' | 'close') => {
  try {
    if (wish === 'checkpoint') checkpoint();
  } catch {
    // disk full or busy: the log keeps everything, and the next one tries again
  }
  if (wish === 'close') {
    sqlite.close();
    parentPort?.close();
  }
});
