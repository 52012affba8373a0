/**
 * The structured report of one finding family of one study: Comprehensive 3D SR (or Comprehensive SR, for old PACS)
 * with root template TID 1500. Pure: the same facts give the same bytes. Limits: images, regions, points and text are
 * bounded where they are built. Leaves out: HL7 and FHIR (builders of their own, from the same facts).
 */
import assert from 'node:assert/strict';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import { writeDicom } from '../dicom/write-part10.ts';
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';
import { rootAttributes } from './content-tree.ts';
import type { ContentItem } from './content-tree.ts';
import { REPORT_SOP_CLASSES, documentHeader } from './document-header.ts';
import { reportIdentity } from './identity.ts';
import type { ReportIdentity } from './identity.ts';
import { reportKind } from './report-facts.ts';
import type { ChestReportFacts, ReportKind, SourceImage } from './report-facts.ts';
import { belowThresholdEvaluations, flaggedEvaluations, flaggedGroups, notAnalysedEvaluations, unreadImages } from './statements.ts';
import { tid1500MeasurementReport } from './templates.ts';

/** A chest study has a few images. Of a runaway (a sender in a loop) the first ones and the finding's own are named. */
export const REPORT_IMAGES_MAX = 200;

export interface ChestReport {
  readonly kind: ReportKind;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** A whole Part 10 file. */
  readonly bytes: Uint8Array;
}

export function buildChestReport(facts: ChestReportFacts): ChestReport {
  const identity = reportIdentity(facts);
  const sopClassUid = REPORT_SOP_CLASSES[facts.sopClass];
  return {
    kind: reportKind(facts.statement),
    sopClassUid,
    sopInstanceUid: identity.sopInstanceUid,
    seriesInstanceUid: identity.seriesInstanceUid,
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    bytes: writeDicom(chestReportDataSet(facts, identity), { sopClassUid, sopInstanceUid: identity.sopInstanceUid }),
  };
}

/** The report as a naturalised data set, for whoever needs it before it is bytes. */
export function chestReportDataSet(facts: ChestReportFacts, identity: ReportIdentity = reportIdentity(facts)): NaturalisedDataSet {
  assert(facts.images.length > 0, 'a report on no image');
  const bounded = { ...facts, images: namedImages(facts) };
  return { ...documentHeader(bounded, identity), ...rootAttributes(contentTree(bounded, identity)) };
}

function namedImages({ images, statement }: ChestReportFacts): readonly SourceImage[] {
  const sopInstanceUid = statement.kind === 'scored' ? statement.finding.sopInstanceUid : undefined;
  return images.filter((image, index) => index < REPORT_IMAGES_MAX || image.sopInstanceUid === sopInstanceUid);
}

function contentTree(facts: ChestReportFacts, identity: ReportIdentity): ContentItem {
  const { device, images } = facts;
  const observer = {
    uid: identity.deviceUid,
    name: `Firstread ${device.softwareVersion}`,
    manufacturer: device.manufacturer,
    modelName: 'Firstread',
    serialNumber: device.serialNumber,
  };
  return tid1500MeasurementReport({ observer, images, ...statementContent(facts, identity) });
}

function statementContent(facts: ChestReportFacts, identity: ReportIdentity): { groups: readonly ContentItem[]; evaluations: readonly ContentItem[] } {
  const { statement } = facts;
  if (statement.kind === 'not-analysed') {
    return { groups: [], evaluations: notAnalysedEvaluations(facts.family, statement.reason, facts.models) };
  }
  const { finding, decodePath } = statement;
  assert.equal(finding.family, facts.family, 'the finding is of another family');
  const unread = unreadImages(facts.unread ?? [], facts.images);
  if (!finding.flagged) return { groups: [], evaluations: belowThresholdEvaluations(finding, decodePath, unread) };
  return {
    groups: flaggedGroups(finding, decodePath, imageOf(facts, finding.sopInstanceUid), identity, facts.visual),
    evaluations: flaggedEvaluations(finding, facts.findingPriority, facts.rationale, unread),
  };
}

function imageOf({ images }: ChestReportFacts, sopInstanceUid: string): SourceImage {
  const found = images.find((image) => image.sopInstanceUid === sopInstanceUid);
  assert(found !== undefined, 'the finding lies on an image that the report does not list');
  return found;
}
