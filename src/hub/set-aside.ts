/** Studies that were set aside, as the operations page shows them: which image, why, how often it was tried, by whom again. */
import type { SetAsideImage, SetAsideRow } from '../api/operations-port.ts';
import type { JournalEntry, Registry } from '../registry/registry.ts';
import { reasonOf } from '../study/reasons.ts';
import { flaggedFindings } from '../study/assessment.ts';
import type { StudyEvent } from '../study/events.ts';
import type { Study, StudyInstance } from '../study/types.ts';

export function setAsideRow(registry: Pick<Registry, 'study' | 'studyFacts' | 'events' | 'instancesOf'>, studyInstanceUid: string): SetAsideRow | undefined {
  const study = registry.study(studyInstanceUid);
  if (study?.attention === undefined) return undefined;
  const facts = registry.studyFacts(studyInstanceUid) ?? {};
  const journal = registry.events(studyInstanceUid);
  const origins = new Map(registry.instancesOf(studyInstanceUid).map(({ sopInstanceUid, contentSha256, origin }) => [`${sopInstanceUid} ${contentSha256}`, origin.callingAeTitle]));
  const retried = journal.findLast(({ event }) => event.kind === 'retried')?.event;
  return {
    studyInstanceUid,
    patientName: facts.patientName ?? '',
    patientId: facts.patientId ?? '',
    accessionNumber: facts.accessionNumber ?? '',
    receivedAtMs: study.receivedAtMs,
    sinceMs: study.attentionAtMs ?? study.updatedAtMs,
    reason: study.attention,
    flagged: flaggedFindings(study.assessment).length > 0,
    canRetry: retryable(study).length > 0,
    ...(retried?.kind === 'retried' ? { retriedBy: retried.by } : {}),
    images: study.instances.filter(isTrouble).map((instance) => describe(instance, journal, origins.get(`${instance.sopInstanceUid} ${instance.contentSha256}`) ?? '')),
  };
}

/** A conflict is for a human to compare: asking the models again changes nothing. */
export const retryable = (study: Study): readonly StudyInstance[] => study.instances.filter(({ status }) => status === 'unreadable');

const isTrouble = ({ status }: StudyInstance): boolean => status === 'unreadable' || status === 'conflict';

function describe(instance: StudyInstance, journal: readonly JournalEntry[], callingAeTitle: string): SetAsideImage {
  const { sopInstanceUid, status, reason = reasonOf('quarantined'), receivedAtMs } = instance;
  const last = journal.findLast(({ event }) => isVerdictOn(instance, event))?.event;
  return {
    sopInstanceUid, status, reason, receivedAtMs, callingAeTitle,
    // Stored and nothing since: the header alone said that there is nothing to try.
    attempts: last?.kind === 'analysisFailed' ? last.attempts : last?.kind === 'instanceStored' ? 0 : 1,
    ...(last?.kind === 'analysisFailed' ? { error: last.error } : {}),
  };
}

/** Whatever could have set this very image aside; the latest counts, since images are analysed again. */
function isVerdictOn(instance: StudyInstance, event: StudyEvent): boolean {
  if (event.kind !== 'instanceStored' && event.kind !== 'instanceAnalysed' && event.kind !== 'analysisFailed') return false;
  const of = event.kind === 'instanceStored' ? event.instance : event;
  return of.sopInstanceUid === instance.sopInstanceUid && of.contentSha256 === instance.contentSha256;
}
