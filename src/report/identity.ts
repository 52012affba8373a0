/**
 * Who a report is: its UIDs as hashes of what it stands on (study, family, revision, image bytes, models, settings)
 * and of the answer itself. A retry finds the same UIDs, so that neither the registry nor a PACS ever holds a second
 * report of the same thing; another answer (analysed at last, after a failure that was already reported) never hides
 * behind a UID that a PACS has seen.
 */
import { uidFromHash } from '../dicom/uid.ts';
import type { ModelReference } from '../study/types.ts';
import type { ChestReportFacts, Statement } from './report-facts.ts';

export interface ReportIdentity {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** Of the algorithm: changes whenever a model does. */
  readonly deviceUid: string;
  /** The nth tracked region of this report. */
  trackingUid(index: number): string;
}

export function reportIdentity(facts: ChestReportFacts): ReportIdentity {
  const standsOn = [
    facts.studyInstanceUid,
    facts.family,
    String(facts.revision),
    facts.configurationSha256,
    ...facts.images.map((image) => `${image.sopInstanceUid} ${image.contentSha256}`).sort(),
    ...facts.models.map((model) => model.sha256).sort(),
    ...answer(facts.statement),
    ...(facts.unread ?? []).map(({ sopInstanceUid, reason }) => `unread ${sopInstanceUid} ${reason.code}`).sort(),
  ];
  return {
    // Both SOP classes of one report may lie in one archive: two objects, two UIDs; what they speak of is the same.
    sopInstanceUid: uidFromHash('firstread report', facts.sopClass, ...standsOn),
    seriesInstanceUid: uidFromHash('firstread report series', facts.sopClass, ...standsOn),
    deviceUid: deviceUid(facts.device.serialNumber, facts.models),
    trackingUid: (index) => uidFromHash('firstread region', String(index), ...standsOn),
  };
}

/** The DeviceUID of one installation with one set of models. */
export function deviceUid(serialNumber: string, models: readonly ModelReference[]): string {
  return uidFromHash('firstread device', serialNumber, ...models.map((model) => model.sha256).sort());
}

function answer(statement: Statement): readonly string[] {
  if (statement.kind === 'not-analysed') return ['not analysed', statement.reason.code];
  const { sopInstanceUid, score, threshold } = statement.finding;
  return ['scored', sopInstanceUid, String(score), String(threshold)];
}
