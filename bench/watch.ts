/**
 * Watches a hub from outside: its registry's journal, read-only, every 2 ms (a commit is seen 1 ms late on average, and
 * as soon as any reader of the list would see it), and its live feed, as a page would hear it.
 */
import { DatabaseSync } from 'node:sqlite';
import type { StudyEvent } from '../src/study/events.ts';
import type { StageTimings } from '../src/study/types.ts';
import { clockMs } from './send-film.ts';

const POLL_MS = 2;

/** When what was seen of one study; `…AtMs` of `journal` are the hub's own clock at the start of its commit. */
export interface Seen {
  storedJournalAtMs?: number;
  flaggedJournalAtMs?: number;
  /** In the registry: any reader of the list has it. */
  flaggedAtMs?: number;
  /** A page was told by the live feed. */
  toldAtMs?: number;
  reportedAtMs?: number;
  deliveredAtMs?: number;
  timings?: StageTimings;
  outcomeKind?: string;
}

export interface Watch {
  of(studyInstanceUid: string): Seen;
  flaggedCount(): number;
  /** When the images were flagged, in order. */
  readonly flaggedAtMs: readonly number[];
  /** Resolves when `done` holds for the study. */
  until(studyInstanceUid: string, done: (seen: Seen) => boolean, waitMs?: number): Promise<Seen>;
  /** Resolves when `done` holds; asked after every change. */
  untilTrue(done: () => boolean, waitMs?: number): Promise<void>;
  close(): void;
}

export interface WatchedHub {
  readonly registryPath: string;
  readonly httpUrl: string;
  readonly token: string;
}

const WAIT_MS = 120_000;

export async function watchHub({ registryPath, httpUrl, token }: WatchedHub): Promise<Watch> {
  const database = new DatabaseSync(registryPath, { readOnly: true });
  const version = database.prepare('PRAGMA data_version');
  const news = database.prepare('SELECT id, study_uid, at_ms, event_json FROM study_events WHERE id > ? ORDER BY id');
  const studies = new Map<string, Seen>();
  const flaggedAtMs: number[] = [];
  const waiting = new Set<() => void>();
  let lastVersion = -1;
  let lastId = 0;

  const seen = (studyInstanceUid: string): Seen => {
    let one = studies.get(studyInstanceUid);
    if (one === undefined) studies.set(studyInstanceUid, (one = {}));
    return one;
  };

  function look(): void {
    const now = (version.get() as { data_version: number }).data_version;
    if (now === lastVersion) return;
    lastVersion = now;
    const rows = news.all(lastId) as { id: number; study_uid: string; at_ms: number; event_json: string }[];
    const atMs = clockMs();
    for (const row of rows) {
      lastId = row.id;
      note(seen(row.study_uid), JSON.parse(row.event_json) as StudyEvent, row.at_ms, atMs);
    }
    for (const ask of [...waiting]) ask();
  }

  function note(one: Seen, event: StudyEvent, journalAtMs: number, atMs: number): void {
    switch (event.kind) {
      case 'instanceStored':
        one.storedJournalAtMs ??= journalAtMs;
        return;
      case 'instanceAnalysed':
      case 'analysisFailed':
        one.flaggedAtMs = atMs;
        one.flaggedJournalAtMs = journalAtMs;
        if (event.kind === 'instanceAnalysed') {
          one.outcomeKind = event.outcome.kind;
          if (event.outcome.timings !== undefined) one.timings = event.outcome.timings;
        }
        flaggedAtMs.push(atMs);
        return;
      case 'reportsWritten':
        one.reportedAtMs = atMs;
        return;
      case 'deliveriesDone':
        one.deliveredAtMs = atMs;
    }
  }

  const ticker = setInterval(look, POLL_MS);
  const feed = new AbortController();
  const answer = await fetch(`${httpUrl}/api/live`, { headers: { authorization: `Bearer ${token}` }, signal: feed.signal });
  if (!answer.ok || answer.body === null) throw new Error(`the live feed answered ${answer.status}`);
  void listen(answer.body, (studyInstanceUids) => {
    look();
    const atMs = clockMs();
    for (const uid of studyInstanceUids ?? studies.keys()) {
      const one = seen(uid);
      if (one.flaggedAtMs !== undefined) one.toldAtMs ??= atMs;
    }
    for (const ask of [...waiting]) ask();
  }).catch((error: unknown) => {
    if (!feed.signal.aborted) throw error;
  });

  const untilTrue = (done: () => boolean, waitMs = WAIT_MS): Promise<void> =>
    new Promise((resolve, reject) => {
      const ask = (): void => {
        if (!done()) return;
        clearTimeout(timer);
        waiting.delete(ask);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(ask);
        reject(new Error('the hub did not get there in time'));
      }, waitMs);
      waiting.add(ask);
      ask();
    });

  return {
    of: seen,
    flaggedCount: () => flaggedAtMs.length,
    flaggedAtMs,
    untilTrue,
    async until(studyInstanceUid, done, waitMs) {
      await untilTrue(() => done(seen(studyInstanceUid)), waitMs);
      return seen(studyInstanceUid);
    },
    close() {
      clearInterval(ticker);
      feed.abort();
      database.close();
    },
  };
}

/** Server-sent events; `undefined` stands for "look at everything". */
async function listen(body: ReadableStream<Uint8Array>, onChanged: (studyInstanceUids: readonly string[] | undefined) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      if (!/^event: changed$/m.test(event)) continue;
      const { studyInstanceUids, all } = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}') as { studyInstanceUids: string[]; all: boolean };
      onChanged(all ? undefined : studyInstanceUids);
    }
  }
}
