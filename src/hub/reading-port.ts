/** What readers do with the list beside reading it, as the API asks for it; the registry keeps it. */
import type { FeedbackExportRow, FeedbackRow, ReadingPort } from '../api/reading-ports.ts';
import type { Registry } from '../registry/registry.ts';

export interface ReadingPortParts {
  readonly registry: Registry;
  /** A claim that is not renewed lapses after this. */
  readonly claimMs: number;
}

/** Rows of the feedback file read at once: the event loop goes on between two portions. */
const FEEDBACK_PORTION = 500;

export function createReadingPort({ registry, claimMs }: ReadingPortParts): ReadingPort {
  return {
    facets: (nowMs) => registry.facets(nowMs),
    claim: (studyInstanceUid, by, takeOver, nowMs) => registry.claim(studyInstanceUid, by, { forMs: claimMs, takeOver }, nowMs),
    release(studyInstanceUid, by, nowMs) {
      if (registry.studyFacts(studyInstanceUid) === undefined) return 'unknown-study';
      const released = registry.release(studyInstanceUid, by, nowMs);
      return { released, claim: registry.claimOf(studyInstanceUid, nowMs) ?? null };
    },

    giveFeedback: (studyInstanceUid, verdict, by, nowMs) =>
      // In one transaction: the score is the one that is kept at this moment.
      registry.transact(() => {
        const study = registry.study(studyInstanceUid);
        if (study === undefined) return 'unknown-study';
        const finding = study.assessment.findings.find(({ family }) => family === verdict.family);
        if (finding === undefined) return 'without-finding';
        const { institutionName, callingAeTitle } = registry.studyFacts(studyInstanceUid) ?? {};
        const { model, score, threshold, flagged, sopInstanceUid } = finding;
        const feedback: FeedbackRow = {
          studyInstanceUid, sopInstanceUid, ...verdict, by, atMs: nowMs, model, score, threshold, flagged,
          ...(institutionName === undefined ? {} : { institutionName }),
          ...(callingAeTitle === undefined ? {} : { callingAeTitle }),
        };
        return { feedback, isNew: registry.addFeedback(feedback) };
      }),
    feedbackOf: (studyInstanceUid) => registry.feedbackOf(studyInstanceUid),
    *allFeedback(): Generator<readonly FeedbackExportRow[]> {
      for (let after = 0; ; ) {
        const portion = registry.feedbackAfter(after, FEEDBACK_PORTION);
        const last = portion.at(-1);
        if (last === undefined) return;
        yield portion;
        after = last.id;
      }
    },

    views: (person) => registry.views(person),
    saveView: (person, view) => registry.saveView(person, view),
    removeView: (person, name) => registry.removeView(person, name),

    priorsOf(studyInstanceUid) {
      const facts = registry.studyFacts(studyInstanceUid);
      if (facts === undefined) return [];
      return registry.priorsOf(studyInstanceUid, facts).map(({ summary, images }) => ({
        studyInstanceUid: summary.studyInstanceUid,
        receivedAtMs: summary.receivedAtMs,
        ...(summary.facts.studyDate === undefined ? {} : { studyDate: summary.facts.studyDate }),
        ...(summary.facts.studyDescription === undefined ? {} : { description: summary.facts.studyDescription }),
        state: summary.state,
        findings: summary.findings,
        attention: summary.attention ?? null,
        images,
      }));
    },
    turnaround: (fromMs, toMs) => registry.turnaround(fromMs, toMs),
  };
}
