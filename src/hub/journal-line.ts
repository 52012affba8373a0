/**
 * A step of a study as a line of its journal: in English, and as facts from which the page makes the same line in another
 * language. Without patient data. PURE.
 */
import type { JournalEntry, JournalFacts } from '../api/ports.ts';
import { scoreAndThreshold } from '../study/assessment.ts';
import type { StudyEvent } from '../study/events.ts';

export function journalLine(event: StudyEvent): Omit<JournalEntry, 'atMs'> {
  const { kind } = event;
  switch (event.kind) {
    case 'instanceStored': {
      const { reason } = event.instance.header;
      return { kind, text: `image stored${reason === undefined ? '' : `: ${reason.text}`}`, ...(reason === undefined ? {} : { facts: { reason } }) };
    }
    case 'instanceCompared':
      return { kind, text: event.samePixels ? 'same picture in another encoding' : 'another picture under the same identifier', facts: { samePicture: event.samePixels } };
    case 'instanceAnalysed':
      return { kind, ...outcomeLine(event) };
    case 'analysisFailed':
      return { kind, text: `set aside after ${event.attempts} tries`, facts: { attempts: event.attempts } };
    case 'retried':
      return { kind, text: 'to be tried again', by: event.by };
    case 'reportsWritten':
      return { kind, text: `reports of revision ${event.revision} written`, facts: { revision: event.revision } };
    case 'deliveriesDone': {
      const facts = { revision: event.revision };
      return event.nothingArrived === true ? { kind: 'deliveriesDropped', text: `nothing of revision ${event.revision} was delivered: dropped by hand`, facts } : { kind, text: `revision ${event.revision} delivered`, facts };
    }
    case 'prioritised':
      return { kind, text: event.stat ? 'marked STAT' : 'no longer STAT', by: event.by, facts: { stat: event.stat } };
    case 'read':
      return { kind, text: `read (${event.where})`, by: event.by, facts: { where: event.where } };
    case 'unread':
      return { kind, text: 'put back on the list', by: event.by };
    case 'closed':
      return { kind, text: `closed: ${event.reason}`, by: event.by, facts: { words: event.reason } };
    case 'acknowledged':
      return { kind, text: `attention acknowledged${event.reason === undefined ? '' : `: ${event.reason}`}`, by: event.by, ...(event.reason === undefined ? {} : { facts: { words: event.reason } }) };
    case 'announced':
      return { kind, text: 'order known' };
  }
}

function outcomeLine({ outcome }: Extract<StudyEvent, { kind: 'instanceAnalysed' }>): { readonly text: string; readonly facts: JournalFacts } {
  if (outcome.kind === 'scored') {
    const shown = outcome.findings.filter(({ shadow }) => shadow !== true);
    const switchedOff = outcome.notAssessed.filter(({ reason }) => reason.code === 'model-off');
    const scores = shown.map((finding) => `${finding.label} ${scoreAndThreshold(finding)}`);
    const off = switchedOff.map(({ family, reason }) => `${family} not assessed (${reason.text})`);
    return {
      text: `analysed: ${[...scores, ...off].join(', ') || 'no model was asked'}`,
      facts: {
        outcome: outcome.kind,
        scores: shown.map(({ family, score, threshold, siteThreshold }) => ({ family, score, threshold, bySite: siteThreshold !== undefined })),
        switchedOff: switchedOff.map(({ family }) => family),
      },
    };
  }
  if (outcome.kind === 'compared') return { text: 'compared with the first one', facts: { outcome: outcome.kind } };
  return { text: `${outcome.kind === 'ineligible' ? 'not analysed' : 'could not be analysed'}: ${outcome.reason.text}`, facts: { outcome: outcome.kind, reason: outcome.reason } };
}
