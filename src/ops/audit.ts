/**
 * The audit trail on disk: one append-only JSONL file per month, chained across months (audit-chain.ts), and `head.json`
 * beside it, which notes how far it went. An entry that cannot be written (disk full) waits in memory, in order, and
 * readiness says so: a radiologist's view is never refused because of the trail.
 * Leaves out: shipping to a syslog collector (PS3.15 A.5.3), which tails the files.
 */
import { closeSync, existsSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRefusalFlood } from './refusal-flood.ts';
import { chainEntry, EMPTY_HEAD, verifyChain, type AuditFacts, type ChainHead, type ChainVerdict } from './audit-chain.ts';

export interface Audit {
  record(facts: AuditFacts): void;
  /** False while entries wait in memory. */
  healthy(): boolean;
  /** Writes what waits and syncs; called every second by a timer, and at the end. */
  flush(): void;
  head(): ChainHead;
  close(): void;
}

export interface AuditOptions {
  readonly folder: string;
  readonly now: () => number;
  /** 32 bytes from the site's secrets. */
  readonly key?: Uint8Array;
  readonly limits?: Partial<AuditLimits>;
}

export interface AuditLimits {
  /** Entries kept while the disk refuses; beyond it the oldest waiting are dropped and counted in the next entry. */
  readonly waitingCountMax: number;
  /** Characters of any one text in an entry: `who` may come from a peer. */
  readonly textLengthMax: number;
  readonly syncEveryMs: number;
}

export const AUDIT_LIMITS: AuditLimits = { waitingCountMax: 10_000, textLengthMax: 256, syncEveryMs: 1_000 };

const MONTH_FILE = /^audit-\d{4}-\d{2}\.jsonl$/;

export function createAudit(options: AuditOptions): Audit {
  const limits = { ...AUDIT_LIMITS, ...options.limits };
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const found = findHead(options.folder);
  let head = found.head;
  let open: { name: string; fd: number } | undefined;
  let newestName = monthFiles(options.folder).at(-1) ?? '';
  let dirty = false;
  let failing = false;
  let dropped = 0;
  const waiting: { facts: AuditFacts; atMs: number }[] = [];

  /** Forgotten first: were its number closed a second time, a socket or the registry that has it by then would be closed. */
  const closeOpen = (): void => {
    const old = open;
    open = undefined;
    if (old !== undefined) closeSync(old.fd);
  };

  const writeOne = (facts: AuditFacts, atMs: number): void => {
    const month = `audit-${new Date(atMs).toISOString().slice(0, 7)}.jsonl`;
    // A clock that was set back goes on in the newest file: the files' order is the chain's order.
    const name = month < newestName ? newestName : month;
    if (open?.name !== name) {
      closeOpen();
      open = { name, fd: openSync(join(options.folder, name), 'a', 0o600) };
      newestName = name;
    }
    const next = chainEntry(head, facts, atMs, options.key);
    const bytes = Buffer.from(next.line);
    const written = writeSync(open.fd, bytes);
    if (written !== bytes.length) {
      closeOpen();
      dropTornTail(join(options.folder, name));
      throw new Error('short write');
    }
    head = next.head;
    dirty = true;
  };

  const drain = (): void => {
    try {
      while (waiting.length > 0) {
        if (dropped > 0) {
          writeOne({ event: 'audit-recovered', who: '-', outcome: 'done', details: { droppedCount: dropped } }, waiting[0]!.atMs);
          dropped = 0;
        }
        writeOne(waiting[0]!.facts, waiting[0]!.atMs);
        waiting.shift();
      }
      failing = false;
    } catch {
      failing = true;
    }
  };

  const enqueue = (facts: AuditFacts): void => {
    waiting.push({ facts: shorten(facts, limits.textLengthMax), atMs: options.now() });
    if (waiting.length <= limits.waitingCountMax) return;
    waiting.shift();
    dropped += 1;
  };
  const flood = createRefusalFlood(enqueue);

  const audit: Audit = {
    record(facts) {
      if (!flood.admit(facts, options.now())) return;
      enqueue(facts);
      drain();
    },
    healthy: () => !failing,
    flush() {
      flood.close(options.now());
      drain();
      if (!dirty || open === undefined) return;
      try {
        fdatasyncSync(open.fd);
        noteHead(options.folder, head);
        dirty = false;
      } catch {
        failing = true;
      }
    },
    head: () => head,
    close() {
      clearInterval(timer);
      flood.close(options.now(), true);
      audit.flush();
      closeOpen();
    },
  };
  const timer = setInterval(() => audit.flush(), limits.syncEveryMs);
  timer.unref();
  if (found.tornBytes > 0) audit.record({ event: 'audit-recovered', who: '-', outcome: 'done', details: { tornBytes: found.tornBytes } });
  return audit;
}

/** Checks the whole trail of a folder. Run beside a running hub it may lag by what is being written just now. */
export function verifyAudit(folder: string, key?: Uint8Array): ChainVerdict {
  const noted = readNotedHead(folder);
  return verifyChain(allLines(folder), { ...(key === undefined ? {} : { key }), ...(noted === undefined ? {} : { expected: noted }) });
}

function monthFiles(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => MONTH_FILE.test(name)).sort() : [];
}

function* allLines(folder: string): Generator<string> {
  for (const name of monthFiles(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    // A last line without its line feed is being written or was torn by a crash: never acknowledged, not an entry.
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) if (line !== '') yield line;
  }
}

/** Where to go on: after the last whole line. What a crash tore was never synced; it is cut, and said. */
function findHead(folder: string): { head: ChainHead; tornBytes: number } {
  let tornBytes = 0;
  for (const name of monthFiles(folder).reverse()) {
    tornBytes += dropTornTail(join(folder, name));
    const last = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').at(-1);
    if (last === undefined || last === '') continue;
    try {
      const { sequence, hash } = JSON.parse(last) as { sequence: number; hash: string };
      return { head: { sequence, hash }, tornBytes };
    } catch {
      // Damaged: the chain goes on from the noted head, and verification shows the break.
      return { head: readNotedHead(folder) ?? EMPTY_HEAD, tornBytes };
    }
  }
  return { head: readNotedHead(folder) ?? EMPTY_HEAD, tornBytes };
}

function dropTornTail(path: string): number {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end === bytes.length) return 0;
  truncateSync(path, end);
  return bytes.length - end;
}

function noteHead(folder: string, head: ChainHead): void {
  const path = join(folder, 'head.json');
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(fd, JSON.stringify(head));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
}

function readNotedHead(folder: string): ChainHead | undefined {
  try {
    const { sequence, hash } = JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8')) as ChainHead;
    return Number.isInteger(sequence) && typeof hash === 'string' ? { sequence, hash } : undefined;
  } catch {
    return undefined;
  }
}

function shorten(facts: AuditFacts, lengthMax: number): AuditFacts {
  const cut = (text: string): string => (text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text);
  return JSON.parse(JSON.stringify(facts), (_key, value: unknown) => (typeof value === 'string' ? cut(value) : value)) as AuditFacts;
}
