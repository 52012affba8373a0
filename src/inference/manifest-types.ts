/**
 * models/<name>/model.json as a type. Validation with readable errors is in model-manifest.ts; worked examples are in
 * docs/models.md. A manifest fully describes a model: nothing in src/ knows a particular network.
 */

import type { Wording } from '../study/wording.ts';

/** What the network is for. `lung-field` finds the lungs and says whether the picture is a frontal chest at all. */
export type ModelTask = 'lung-field' | 'tuberculosis' | 'lung nodule' | 'multi-label';

export interface ManifestInput {
  /** Name of the graph's input. */
  readonly name: string;
  readonly dtype: 'uint8' | 'uint16' | 'float32';
  readonly layout: 'NCHW' | 'NHWC';
  readonly height: number;
  readonly width: number;
  /** 1 = grey; 3 = the grey plane repeated. */
  readonly channels: 1 | 3;
  /**
   * The values handed over span this range: grey 0 → range[0], grey 255 → range[1] (e.g. [0,255] for uint8 graphs that
   * normalise inside, [0,1], [-1024,1024]); then, for float32, (value - mean[c]) / std[c].
   */
  readonly range: readonly [number, number];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Which part of the film: `lung` = box of the lung field + margin (whole frame when it fails), `whole` = all of it. */
  readonly crop: 'lung' | 'whole';
  /** Margin of the lung crop as a fraction of the box, default 0.06. */
  readonly cropMargin?: number;
  /** `stretch` ignores the aspect ratio, `letterbox` pads with black. */
  readonly fit: 'stretch' | 'letterbox';
  /** Grey values are clipped to these percentiles (of the central 80 % of the region) and stretched; default [1, 99]. */
  readonly percentiles?: readonly [number, number];
}

/** One label of a classifier that is used. */
export interface ManifestLabel {
  readonly family: 'tuberculosis' | 'lung nodule';
  /** Index in the score output's last axis. */
  readonly index: number;
}

export type ManifestOutput =
  /** Image scores [N, L]; `activation` says what the graph leaves to us. */
  | { readonly kind: 'scores'; readonly name: string; readonly activation: 'none' | 'sigmoid' | 'softmax'; readonly labels: readonly ManifestLabel[] }
  /** Where: [N, 1 or L, h, w] over the input's area. */
  | { readonly kind: 'heatmap'; readonly name: string; readonly activation: 'none' | 'sigmoid'; readonly index?: number; readonly family: 'tuberculosis' | 'lung nodule' }
  /**
   * Detections. `center-heatmap`: heat [N,1,h,w] peaks, size [N,2,h,w] (width, height in input pixels), offset
   * [N,2,h,w] (dx, dy in cells, optional). `yolo`: [N, 4+L, A], four numbers (cx, cy, w, h in input pixels), then label
   * scores. `xyxy-score`: boxes [N, A, 4] with scores [N, A] or [N, A, L]. `xyxy-score-label`: [N, K, 6], four numbers,
   * score, label, as a network gives that suppresses overlaps itself; [N, K, 5] without label.
   */
  | {
      readonly kind: 'boxes';
      readonly format: 'center-heatmap' | 'yolo' | 'xyxy-score' | 'xyxy-score-label';
      /** `yolo`: [N, 4+L, A] (boxes-last, the default) or [N, A, 4+L]. */
      readonly layout?: 'boxes-last' | 'boxes-first';
      /** `yolo`: the fifth number is the score of there being anything at all, which the label's is multiplied by. */
      readonly objectness?: boolean;
      /** What the four numbers are, in their order; default cxcywh for `yolo`, xyxy for the others. Not of a center-heatmap. */
      readonly boxOrder?: 'cxcywh' | 'xyxy' | 'yxyx' | 'xywh';
      /** Of the network's input; default pixels. Not of a center-heatmap. */
      readonly boxUnit?: 'pixels' | 'fractions';
      readonly name: string;
      readonly sizeName?: string;
      readonly offsetName?: string;
      readonly scoresName?: string;
      /** `xyxy-score`: which label each of the scores [N, A] is for, [N, A], float32 or whole numbers; the others' rows are left out. */
      readonly labelsName?: string;
      readonly activation: 'none' | 'sigmoid';
      readonly family: 'tuberculosis' | 'lung nodule';
      readonly index?: number;
      readonly nmsIou: number;
      readonly maxBoxes: number;
      /** The picture's own probability is that at least one of so many best boxes is right: 1 − ∏ (1 − p). 1: the best box's. */
      readonly imageScoreBoxes?: number;
      /** Peaks outside the (dilated) lung field are dropped. */
      readonly insideLungs: boolean;
    }
  /** Lung field: mask logits or probabilities [N,1 or 2,h,w]; two channels are right and left lung. */
  | { readonly kind: 'lung-mask'; readonly name: string; readonly activation: 'none' | 'sigmoid' }
  /** Is it an upright frontal chest: [N,1]. */
  | { readonly kind: 'frontal'; readonly name: string; readonly activation: 'none' | 'sigmoid'; readonly threshold: number };

export interface ManifestThreshold {
  readonly family: 'tuberculosis' | 'lung nodule';
  /** 0–100 on the calibrated scale. */
  readonly threshold: number;
  /** Where it comes from: data, operating point, date. In one language, or in both of the page's. */
  readonly origin: Wording;
}

export interface ModelManifest {
  readonly schema: 'firstread-model/1';
  readonly name: string;
  readonly version: string;
  readonly task: ModelTask;
  /** File name inside the folder, and its SHA-256 in hex. */
  readonly file: string;
  readonly sha256: string;
  /** A half-precision twin for GPUs. */
  readonly fp16?: { readonly file: string; readonly sha256: string };
  readonly input: ManifestInput;
  readonly outputs: readonly ManifestOutput[];
  /**
   * Raw probability → 0–100, piecewise linear, ascending: [[p, points], …]. Absent: 100 × p.
   * When the image score is not an output of its own, it is the best box's score.
   */
  readonly calibration?: readonly (readonly [number, number])[];
  readonly thresholds: readonly ManifestThreshold[];
  readonly ageYears?: { readonly min?: number; readonly max?: number };
  /** Runs beside the others, recorded, never shown. */
  readonly shadow?: boolean;
  /**
   * The network's outputs for a deterministic picture (see selfTestImage in model-session): refused when they differ by more
   * than `tolerance` (absolute, on the raw first elements).
   */
  readonly selfTest?: { readonly seed: number; readonly outputs: Readonly<Record<string, readonly number[]>>; readonly tolerance: number };
  readonly provenance: {
    readonly status: 'interim' | 'released' | 'foreign';
    readonly trainedOn: readonly string[];
    readonly trainedAt: string;
    readonly licence: string;
    readonly code?: string;
  };
}
