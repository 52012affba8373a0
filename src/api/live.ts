/**
 * The live feed: "these studies changed", never what they contain (the page asks for that with its own rights).
 * Changes are gathered: the first goes out at once, those of the next moments together, so that a burst of 10,000
 * images costs a page a few messages. A film's arrival alone is no news that hurries: it waits for its moment, so that
 * the flag that follows soon after does not have to. A ring remembers the last ones for a page that was away for a while.
 */
import { randomBytes } from 'node:crypto';

export interface LiveMessage {
  /** `<feed>-<sequence>`; the feed's name changes with each start of the hub. */
  readonly id: string;
  readonly studyInstanceUids: readonly string[];
  /** More changed than are named: look at everything again. */
  readonly all: boolean;
}

export interface Live {
  /** A study's row changed. `soon`: it may wait for the next message, or `soonMs`. */
  changed(studyInstanceUid: string, when?: 'at-once' | 'soon'): void;
  /** Something that every page shows changed (a model was switched off): look at everything again. */
  everythingChanged(): void;
  /** `missed`: messages after `lastId`, oldest first; undefined where the page was away for too long, or the hub was started anew. */
  subscribe(lastId: string | undefined, send: (message: LiveMessage) => void): { readonly missed: readonly LiveMessage[] | undefined; readonly unsubscribe: () => void };
  /** Where a page that loads everything now would go on from. */
  position(): string;
  close(): void;
}

export interface LiveLimits {
  readonly gatherMs: number;
  /** A change that may wait: longer than an image usually takes to its flag, so that the two go out together. */
  readonly soonMs: number;
  /** Messages remembered: about two minutes of a busy hub. */
  readonly memoryCount: number;
  /** Studies named in one message. */
  readonly namedCountMax: number;
}

export const LIVE_LIMITS: LiveLimits = { gatherMs: 250, soonMs: 2_000, memoryCount: 500, namedCountMax: 50 };

export function createLive(limits: LiveLimits = LIVE_LIMITS): Live {
  const feed = randomBytes(6).toString('hex');
  const memory: LiveMessage[] = [];
  const listeners = new Set<(message: LiveMessage) => void>();
  let sequence = 0;
  let gathered = new Set<string>();
  let everything = false;
  let timer: NodeJS.Timeout | undefined;
  /** The last message is so fresh that the next one waits for the timer. */
  let justSent = false;

  const send = (): void => {
    const all = everything || gathered.size > limits.namedCountMax;
    everything = false;
    sequence += 1;
    const message: LiveMessage = { id: `${feed}-${sequence}`, studyInstanceUids: all ? [] : [...gathered], all };
    gathered = new Set();
    justSent = true;
    clearTimeout(timer);
    timer = setTimeout(settle, limits.gatherMs);
    memory.push(message);
    if (memory.length > limits.memoryCount) memory.shift();
    for (const listener of listeners) listener(message);
  };

  const settle = (): void => {
    timer = undefined;
    justSent = false;
    if (gathered.size > 0 || everything) send();
  };

  return {
    changed(studyInstanceUid, when = 'at-once') {
      if (gathered.size <= limits.namedCountMax) gathered.add(studyInstanceUid);
      if (justSent) return;
      if (when === 'at-once') send();
      else timer ??= setTimeout(settle, limits.soonMs);
    },
    everythingChanged() {
      everything = true;
      if (!justSent) send();
    },
    subscribe(lastId, listener) {
      listeners.add(listener);
      return { missed: missedSince(lastId), unsubscribe: () => void listeners.delete(listener) };
    },
    position: () => `${feed}-${sequence}`,
    close() {
      clearTimeout(timer);
      listeners.clear();
    },
  };

  function missedSince(lastId: string | undefined): readonly LiveMessage[] | undefined {
    if (lastId === undefined) return [];
    const match = /^([0-9a-f]{12})-(\d{1,15})$/.exec(lastId);
    if (match === null || match[1] !== feed) return undefined;
    const last = Number(match[2]);
    const oldest = sequence - memory.length;
    return last < oldest || last > sequence ? undefined : memory.slice(last - oldest);
  }
}
