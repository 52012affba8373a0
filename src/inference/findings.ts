/**
 * One network's outputs for one picture → findings in the words of the domain: calibrated score, threshold, flag, boxes,
 * region, heatmap, size in mm. PURE. Which model is asked at all is decided in analyse-image.ts.
 */
import { FirstreadError } from '../errors.ts';
import type { JudgingThreshold } from '../study/site-threshold.ts';
import type { Box, Finding, FindingFamily, ModelReference, Polygon } from '../study/types.ts';
import type { GrayImage } from './gray-image.ts';
import { insideLungs } from './lung-field.ts';
import type { LungField } from './lung-field.ts';
import { familiesOf } from './manifest-outputs.ts';
import type { ManifestOutput, ModelManifest } from './manifest-types.ts';
import { candidatesAreNumbers, decodeCandidates, imageProbability, suppressOverlaps } from './postprocess-boxes.ts';
import type { BoxesOutput, Candidate } from './postprocess-boxes.ts';
import { heatField, hotRegion, hottest, round, toHeatmap } from './postprocess-heatmap.ts';
import { PROBABILITY_TOLERANCE, activateScores, toPoints } from './postprocess-scores.ts';
import type { Placement } from './preprocess.ts';
import type { OutputArray, Outputs } from './tensors.ts';

/** "Inside the lungs" reaches so many cells of the lung mask further: nodules sit on pleura and behind the heart. */
export const LUNG_REACH_CELLS = 3;

/** One picture's share of a batch. */
export interface Prediction {
  readonly outputs: Outputs;
  /** Its place in the batch. */
  readonly at: number;
}

export interface FindingsInput {
  readonly manifest: ModelManifest;
  readonly reference: ModelReference;
  readonly prediction: Prediction;
  readonly placement: Placement;
  readonly picture: Omit<GrayImage, 'pixels'>;
  readonly lungField: LungField | undefined;
  /** A site's own thresholds, of whatever model; the manifest's where none is for this one. */
  readonly thresholds?: readonly JudgingThreshold[];
}

export function composeFindings(input: FindingsInput): readonly Finding[] {
  return familiesOf(input.manifest.outputs).map((family) => composeFinding(input, family));
}

function composeFinding(input: FindingsInput, family: FindingFamily): Finding {
  const { manifest } = input;
  const detections = manifest.outputs.filter((o): o is BoxesOutput => o.kind === 'boxes' && o.family === family);
  const candidates = detections.flatMap((o) => findCandidates(input, o));
  const heat = manifest.outputs.filter((o): o is Extract<ManifestOutput, { kind: 'heatmap' }> => o.kind === 'heatmap' && o.family === family)[0];
  const field = heat === undefined ? undefined : heatField(need(input, heat.name), input.prediction.at, heat.index ?? 0, heat.activation);
  const probability = imageScore(input, family) ?? (detections.length > 0 ? boxesScore(input, detections, candidates) : field === undefined ? Number.NaN : hottest(field));
  const score = points(probability, manifest);
  const { threshold, siteThreshold } = thresholdOf(input, family);
  const flagged = score >= threshold;
  const boxes = candidates.map((c): Box => ({ x: round(c.x), y: round(c.y), width: round(c.width), height: round(c.height), score: points(c.probability, manifest) }));
  const region = [...(field === undefined ? [] : hotRegion(field, manifest.input, input.placement, input.picture)), ...boxRegion(boxes, threshold, flagged)];
  return {
    family,
    label: family,
    score,
    threshold,
    flagged,
    boxes,
    region,
    ...(field === undefined ? {} : { heatmap: toHeatmap(field, manifest.input, input.placement) }),
    ...longAxis(boxes[0], input.picture, family),
    model: input.reference,
    ...(siteThreshold === undefined ? {} : { siteThreshold }),
    ...(manifest.shadow === true ? { shadow: true } : {}),
  };
}

function need({ manifest, prediction }: FindingsInput, name: string): OutputArray {
  const output = prediction.outputs[name];
  if (output === undefined) throw new FirstreadError('model-invalid', `${manifest.name}: the output "${name}" is missing`, { model: manifest.name });
  return output;
}

/** The probability that the network gives the picture as a whole, where it has such an output. */
function imageScore(input: FindingsInput, family: FindingFamily): number | undefined {
  for (const output of input.manifest.outputs) {
    if (output.kind !== 'scores') continue;
    const label = output.labels.find((l) => l.family === family);
    if (label === undefined) continue;
    const { data, dims } = need(input, output.name);
    const count = dims[1] ?? 1;
    const own = data.subarray(input.prediction.at * count, (input.prediction.at + 1) * count);
    return activateScores(own, output.activation)[label.index] ?? Number.NaN;
  }
  return undefined;
}

/** The picture's probability where only its boxes say it. */
function boxesScore({ prediction: { outputs, at } }: FindingsInput, detections: readonly BoxesOutput[], candidates: readonly Candidate[]): number {
  if (!detections.every((output) => candidatesAreNumbers(output, outputs, at))) return Number.NaN;
  return imageProbability(candidates, detections[0]?.imageScoreBoxes ?? 1);
}

/** A score that is no number, or no probability (a logit that nobody activated), must not pass for a low one. */
function points(probability: number, manifest: ModelManifest): number {
  const value = toPoints(probability, manifest.calibration);
  const refuse = (what: string): FirstreadError => new FirstreadError('model-output-invalid', `${manifest.name} gave a score that is ${what}`, { model: manifest.name });
  if (value === undefined) throw refuse('no number');
  if (probability < -PROBABILITY_TOLERANCE || probability > 1 + PROBABILITY_TOLERANCE) throw refuse(`no probability (${probability.toPrecision(3)}): see "activation" in its manifest`);
  return value;
}

/** Bound to the manifest's file: its half-precision twin is the same model. */
function thresholdOf({ manifest, thresholds }: FindingsInput, family: FindingFamily): Pick<Finding, 'threshold' | 'siteThreshold'> {
  const own = thresholds?.find((t) => t.family === family && t.modelSha256 === manifest.sha256);
  if (own !== undefined) return { threshold: own.threshold, siteThreshold: { id: own.id, origin: own.origin, ...(own.group === undefined ? {} : { group: own.group }) } };
  const shipped = manifest.thresholds.find((t) => t.family === family);
  if (shipped === undefined) throw new FirstreadError('model-invalid', `${manifest.name} has no threshold for ${family}`, { model: manifest.name });
  return { threshold: shipped.threshold };
}

/** In pixels of the picture, cut at its edge, gated by the lungs, overlaps suppressed, best first. */
function findCandidates(input: FindingsInput, output: BoxesOutput): readonly Candidate[] {
  const { placement, picture, lungField, manifest } = input;
  const gate = output.insideLungs && lungField?.region !== undefined ? lungField : undefined;
  const inPicture = decodeCandidates(output, input.prediction.outputs, input.prediction.at, manifest.input).flatMap((c) => {
    const left = Math.max(0, placement.originX + c.x * placement.scaleX);
    const top = Math.max(0, placement.originY + c.y * placement.scaleY);
    const right = Math.min(picture.width, placement.originX + (c.x + c.width) * placement.scaleX);
    const bottom = Math.min(picture.height, placement.originY + (c.y + c.height) * placement.scaleY);
    if (right - left <= 0 || bottom - top <= 0) return [];
    if (gate !== undefined && !insideLungs(gate, (left + right) / 2, (top + bottom) / 2, LUNG_REACH_CELLS)) return [];
    return [{ x: left, y: top, width: right - left, height: bottom - top, probability: c.probability }];
  });
  return suppressOverlaps(inPicture, output.nmsIou, output.maxBoxes);
}

/** A flag always has a place where there are boxes: at least the best one. */
function boxRegion(boxes: readonly Box[], threshold: number, flagged: boolean): readonly Polygon[] {
  if (!flagged) return [];
  const shown = boxes.filter((box, i) => i === 0 || box.score >= threshold);
  return shown.map(({ x, y, width, height }) => [[x, y], [round(x + width), y], [round(x + width), round(y + height)], [x, round(y + height)]] as const);
}

/** No spacing, or a spacing of zero, gives no millimetres. */
function longAxis(box: Box | undefined, picture: FindingsInput['picture'], family: FindingFamily): Pick<Finding, 'longAxisMm' | 'longAxisAtDetector'> {
  const [rowMm, columnMm] = picture.spacingMm ?? [0, 0];
  if (family !== 'lung nodule' || box === undefined || !(rowMm > 0) || !(columnMm > 0)) return {};
  const longAxisMm = round(Math.max(box.width * columnMm, box.height * rowMm));
  return { longAxisMm, ...(picture.spacingAtDetector === true ? { longAxisAtDetector: true } : {}) };
}
