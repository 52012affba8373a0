/** What readers do with the list, beside reading it: claims. The registry keeps it, the API asks for it here. */
import type { ReadingPort } from '../api/reading-ports.ts';
import type { Registry } from '../registry/registry.ts';

export interface ReadingPortParts {
  readonly registry: Registry;
  /** A claim that is not renewed lapses after this. */
  readonly claimMs: number;
}

export function createReadingPort({ registry, claimMs }: ReadingPortParts): ReadingPort {
  return {
    facets: (nowMs) => registry.facets(nowMs),
    claim: (studyInstanceUid, by, takeOver, nowMs) => registry.claim(studyInstanceUid, by, { forMs: claimMs, takeOver }, nowMs),
    release(studyInstanceUid, by, nowMs) {
      if (registry.studyFacts(studyInstanceUid) === undefined) return 'unknown-study';
      const released = registry.release(studyInstanceUid, by, nowMs);
      return { released, claim: registry.claimOf(studyInstanceUid, nowMs) ?? null };
    },
  };
}
