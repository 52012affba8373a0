/**
 * The three statements as content: measurement groups for a flagged finding, and the root-level Qualitative
 * Evaluations of every kind. Below the threshold and where nothing was analysed no coded finding appears at all, so
 * that nobody who searches an archive for tuberculosis meets a low score, and nobody reads "absent" into one.
 */
import assert from 'node:assert/strict';
import { reasonEntry } from '../study/reasons.ts';
import type { Box, CodedReason, Finding, FindingFamily, ModelReference, Polygon, Priority } from '../study/types.ts';
import { english } from '../study/wording.ts';
import { FRD, RADLEX, SCT, UCUM, concept, reasonConcept, withoutControls } from './coded-concepts.ts';
import type { CodedConcept } from './coded-concepts.ts';
import { REGION_POINTS_MAX, code, decimalString, image, num, text } from './content-tree.ts';
import type { ContentItem, ImageReference } from './content-tree.ts';
import type { ReportIdentity } from './identity.ts';
import type { SourceImage, UnreadImage } from './report-facts.ts';
import { tid1410PlanarRoi, tid1501WholeImage } from './templates.ts';
import type { AlgorithmIdentification, MeasuredFinding, Measurement } from './templates.ts';

/** A reader looks at a handful; the rest stay in the registry and on the page. */
export const REGIONS_MAX = 10;

interface FamilyWords {
  readonly finding: CodedConcept;
  readonly score: CodedConcept;
  readonly target: CodedConcept;
}

const FAMILIES: { readonly [family in FindingFamily]: FamilyWords } = {
  tuberculosis: { finding: SCT.pulmonaryTuberculosis, score: FRD.tuberculosisScore, target: FRD.targetTuberculosis },
  'lung nodule': { finding: SCT.solitaryNoduleOfLung, score: FRD.noduleScore, target: FRD.targetNodule },
};

const CATEGORIES: { readonly [priority in Priority]: CodedConcept } = {
  critical: RADLEX.acrCategory1,
  urgent: RADLEX.acrCategory2,
  // Undetermined sorts as urgent, so a flagged finding beside an unread image is urgent too.
  undetermined: RADLEX.acrCategory2,
  routine: RADLEX.acrCategory3,
};

export const NOTICE = 'For the order of reading only. Not a diagnosis: every image still has to be read by a person.';

export function algorithmOf(finding: Finding, decodePath: string): AlgorithmIdentification {
  const { model, threshold, siteThreshold } = finding;
  return {
    name: model.name,
    version: model.version,
    parameters: [`threshold=${decimalString(threshold)}`, ...(siteThreshold === undefined ? [] : [`threshold-origin=${thresholdOrigin(siteThreshold)}`]), `model-sha256=${model.sha256}`, `decode=${decodePath === '' ? 'not recorded' : decodePath}`],
  };
}

/** The manifest's threshold needs no word: it follows from the model's hash. A site's own does not. */
function thresholdOrigin({ id, origin, group }: NonNullable<Finding['siteThreshold']>): string {
  return withoutControls(`site ${id}${group === undefined ? '' : ` (${english(group)})`}: ${english(origin)}`);
}

/** One measurement group per region of a flagged finding; one for the whole image where no region is known. */
export function flaggedGroups(
  finding: Finding,
  decodePath: string,
  of: SourceImage,
  identity: ReportIdentity,
  visual: ImageReference | undefined,
): readonly ContentItem[] {
  assert(finding.flagged, 'only a flagged finding is written as a finding');
  const { finding: meaning, score } = FAMILIES[finding.family];
  const places = flaggedPlaces(finding, of);
  const measured = (index: number, count: number, measurements: readonly Measurement[]): MeasuredFinding => ({
    trackingIdentifier: count === 1 ? finding.family : `${finding.family} ${index + 1} of ${count}`,
    trackingUid: identity.trackingUid(index),
    finding: meaning,
    findingSite: SCT.lung,
    algorithm: algorithmOf(finding, decodePath),
    measurements,
  });
  if (places.length === 0) {
    return [tid1501WholeImage(measured(0, 1, [{ name: score, value: finding.score, unit: UCUM.score }]), of, visual)];
  }
  return places.map((place, index) => {
    const measurements: Measurement[] = [{ name: score, value: place.score, unit: UCUM.score }];
    if (index === 0 && finding.longAxisMm !== undefined && finding.longAxisMm > 0) measurements.push(longAxis(finding, finding.longAxisMm));
    return tid1410PlanarRoi(measured(index, places.length, measurements), place.points, of, visual);
  });
}

/** Millimetres from ImagerPixelSpacing are those of the detector: larger than in the patient, so the number says so. */
function longAxis(finding: Finding, lengthMm: number): Measurement {
  const value = Math.round(lengthMm * 10) / 10;
  const measurement = { name: SCT.longAxis, value, unit: UCUM.millimetre };
  return finding.longAxisAtDetector === true ? { ...measurement, method: FRD.detectorPlane } : measurement;
}

interface Place {
  readonly points: Polygon;
  readonly score: number;
}

/** Boxes above the threshold where the model boxes, best first; else the contours, largest first, with the image's score. */
function flaggedPlaces(finding: Finding, of: SourceImage): readonly Place[] {
  const boxes = finding.boxes.filter((box) => box.score >= finding.threshold).toSorted((a, b) => b.score - a.score);
  const candidates: readonly Place[] =
    boxes.length > 0
      ? boxes.map((box) => ({ points: corners(box), score: box.score }))
      : finding.region.toSorted((a, b) => area(b) - area(a)).map((points) => ({ points, score: finding.score }));
  return candidates
    .map(({ points, score }) => ({ points: insideImage(points, of), score }))
    .filter(({ points }) => points.length >= 3 && area(points) > 0)
    .slice(0, REGIONS_MAX);
}

function corners({ x, y, width, height }: Box): Polygon {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}

/** Clipped to the image's edges and thinned to the limit; a sixteenth of a pixel is finer than any contour. */
function insideImage(points: Polygon, { rows, columns }: SourceImage): Polygon {
  const step = Math.ceil(points.length / REGION_POINTS_MAX);
  const clip = (value: number, max: number | undefined): number => Math.round(Math.min(Math.max(value, 0), max ?? Infinity) * 16) / 16;
  return points
    .filter(([x, y], index) => index % step === 0 && Number.isFinite(x) && Number.isFinite(y))
    .map(([x, y]) => [clip(x, columns), clip(y, rows)] as const);
}

/** Shoelace formula. */
function area(points: Polygon): number {
  let doubled = 0;
  points.forEach(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length]!;
    doubled += x * nextY - nextX * y;
  });
  return Math.abs(doubled) / 2;
}

/** Root-level Qualitative Evaluations: CODE and TEXT stand alone here, since SR → ORU converters forward only those. */
export function flaggedEvaluations(finding: Finding, priority: Priority, rationale: string, unread: readonly ContentItem[]): readonly ContentItem[] {
  return [
    code('CONTAINS', FRD.screeningResult, FRD.flagged),
    code('CONTAINS', FRD.readingPriority, CATEGORIES[priority]),
    text('CONTAINS', FRD.priorityRationale, withoutControls(rationale) || scoreSentence(finding)),
    text('CONTAINS', FRD.scoreStatement, scoreSentence(finding)),
    ...unread,
    text('CONTAINS', FRD.notice, NOTICE),
  ];
}

export function belowThresholdEvaluations(finding: Finding, decodePath: string, unread: readonly ContentItem[]): readonly ContentItem[] {
  assert(!finding.flagged, 'a flagged finding is not below the threshold');
  const { score, target } = FAMILIES[finding.family];
  const algorithm = algorithmOf(finding, decodePath);
  // Beside the sentence, for machines; PixelMed remarks that TID 1500 does not foresee them, which an extensible template allows.
  const numbers = [
    num('HAS PROPERTIES', score, finding.score, UCUM.score),
    num('HAS PROPERTIES', FRD.threshold, finding.threshold, UCUM.score),
  ];
  return [
    code('CONTAINS', FRD.screeningTarget, target),
    code('CONTAINS', FRD.screeningResult, FRD.belowThreshold, numbers),
    text('CONTAINS', FRD.scoreStatement, scoreSentence(finding)),
    text('CONTAINS', FRD.algorithm, [`${algorithm.name} ${algorithm.version}`, ...algorithm.parameters].join('; ')),
    ...unread,
    text('CONTAINS', FRD.notice, NOTICE),
  ];
}

/**
 * The films that the score does not speak for, each with its reason. Not "AI screening result = not analysed": that is the
 * whole report's, and there is one. The reason is the item's own value, so that a converter which drops the image keeps it.
 */
export function unreadImages(unread: readonly UnreadImage[], images: readonly SourceImage[]): readonly ContentItem[] {
  return unread.flatMap(({ sopInstanceUid, reason }) => {
    const of = images.find((each) => each.sopInstanceUid === sopInstanceUid);
    return of === undefined ? [] : [code('CONTAINS', FRD.imageNotAnalysed, reasonConcept(reason.code, reason.text), [image('HAS PROPERTIES', of)])];
  });
}

export function notAnalysedEvaluations(family: FindingFamily, reason: CodedReason, models: readonly ModelReference[]): readonly ContentItem[] {
  // CID 6135 and RADLEX where they say the same (study/reasons.ts); the private code always stands beside.
  const standard = reasonEntry(reason.code)?.standard;
  return [
    code('CONTAINS', FRD.screeningTarget, FAMILIES[family].target),
    code('CONTAINS', FRD.screeningResult, FRD.notAnalysed),
    ...(standard === undefined ? [] : [code('CONTAINS', FRD.notAnalysedReason, concept(standard.value, standard.scheme, standard.meaning))]),
    code('CONTAINS', FRD.notAnalysedRule, reasonConcept(reason.code, reason.text)),
    text('CONTAINS', FRD.priorityRationale, withoutControls(reason.text) || reason.code),
    ...models.map((model) => text('CONTAINS', FRD.algorithm, `${model.name} ${model.version}; model-sha256=${model.sha256}`)),
    text('CONTAINS', FRD.notice, NOTICE),
  ];
}

function scoreSentence({ score, threshold, siteThreshold, model }: Finding): string {
  return `Score ${decimalString(score)} of 100, ${siteThreshold === undefined ? '' : 'site '}threshold ${decimalString(threshold)}, ${model.name} ${model.version}`;
}
