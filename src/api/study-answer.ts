/** A study as its row and its detail view show it (PURE): from the words of the domain to the answer's fields. */
import type { Finding, FindingFamily } from '../study/types.ts';
import { flagOf, shownFindings } from '../study/flag.ts';
import type { ListedStudy, StoredImage } from './ports.ts';
import type { Claim, FeedbackRow, Prior, ReadingRow } from './reading-ports.ts';

/** The row of `firstread worklist --json` and what a glance needs besides. */
export const rowAnswer = (row: ReadingRow, who: string): object => ({ ...row, flag: flagOf(row), claim: claimAnswer(row.claim, who) });

export const claimAnswer = (claim: Claim | null, who: string): (Claim & { readonly mine: boolean }) | null => claim && { ...claim, mine: claim.by === who };

export const feedbackAnswer = ({ note, ...feedback }: FeedbackRow, who: string): object => ({ ...feedback, ...(note === '' ? {} : { note }), mine: feedback.by === who });

/** Another study of the patient at a glance; its scores are its own page's matter. */
export const priorAnswer = (prior: Prior): object => ({ ...prior, flag: flagOf(prior) });

export function imageAnswer({ study }: ListedStudy, image: StoredImage): object {
  const instance = study.instances.find((one) => one.sopInstanceUid === image.sopInstanceUid && one.contentSha256 === image.contentSha256);
  const { header } = image;
  return {
    sopInstanceUid: image.sopInstanceUid,
    fileKey: image.fileKey,
    contentSha256: image.contentSha256,
    byteLength: image.byteLength,
    receivedAtMs: image.receivedAtMs,
    callingAeTitle: image.callingAeTitle,
    hasPixels: instance?.hasPixels ?? header.hasPixelData,
    status: instance?.status ?? 'pending',
    reason: instance?.reason ?? null,
    modality: header.modality,
    viewPosition: header.viewPosition,
    bodyPartExamined: header.bodyPartExamined,
    seriesDescription: header.seriesDescription,
    manufacturer: header.manufacturer,
    stationName: header.stationName,
    transferSyntaxUid: header.transferSyntaxUid,
    // Overlay coordinates are pixels of the decoded image; the header's size stands in until there is one.
    rows: instance?.image?.rows ?? header.rows,
    columns: instance?.image?.columns ?? header.columns,
    findings: shownFindings(instance?.findings ?? []).map((finding) => ({ ...findingAnswer(finding), ...heatOf(finding) })),
    notAssessed: instance?.notAssessed ?? [],
    remarks: instance?.remarks ?? [],
    decodePath: instance?.decodePath,
    timings: instance?.timings,
  };
}

/** The best finding of each family over all images, each with its model and the image it comes from. */
export function assessmentAnswer({ study }: ListedStudy): object {
  return {
    findings: shownFindings(study.assessment.findings).map((finding) => ({ ...findingAnswer(finding), sopInstanceUid: finding.sopInstanceUid })),
    notAssessed: study.assessment.notAssessed,
  };
}

/** Of a flagged finding only: heat on a film below the threshold would be read as a finding. */
const heatOf = ({ flagged, heatmap }: Finding): Pick<Finding, 'heatmap'> => (flagged && heatmap !== undefined ? { heatmap } : {});

function findingAnswer(finding: Finding): Omit<Finding, 'heatmap' | 'shadow' | 'label'> & { label: FindingFamily } {
  const { heatmap: _heatmap, shadow: _shadow, ...shown } = finding;
  return shown;
}
