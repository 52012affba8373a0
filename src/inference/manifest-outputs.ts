/**
 * The `outputs` part of a manifest: five kinds, each with its own keys. Pure. The meaning of every key is in
 * manifest-types.ts; shapes are compared with the network in model-folder.ts.
 */
import { describe, isObject, join } from './manifest-fields.ts';
import type { FieldReader, Json } from './manifest-fields.ts';
import type { ManifestLabel, ManifestOutput, ModelTask } from './manifest-types.ts';

export const FAMILIES = ['tuberculosis', 'lung nodule'] as const;
const KINDS = ['scores', 'heatmap', 'boxes', 'lung-mask', 'frontal'] as const;
const BOX_FORMATS = ['center-heatmap', 'yolo', 'xyxy-score', 'xyxy-score-label'] as const;
const LAYOUTS = ['boxes-last', 'boxes-first'] as const;
const BOX_ORDERS = ['cxcywh', 'xyxy', 'yxyx', 'xywh'] as const;
const BOX_UNITS = ['pixels', 'fractions'] as const;
/** Keys that say something of these formats only. */
const FORMATS_WITH: Readonly<Record<string, readonly BoxesOutput['format'][]>> = {
  layout: ['yolo'],
  objectness: ['yolo'],
  labelsName: ['xyxy-score'],
  boxOrder: ['yolo', 'xyxy-score', 'xyxy-score-label'],
  boxUnit: ['yolo', 'xyxy-score', 'xyxy-score-label'],
};
/** A page and a report show at most so many candidates. */
export const BOX_COUNT_MAX = 50;
const LABEL_INDEX_MAX = 9999;

type BoxesOutput = Extract<ManifestOutput, { kind: 'boxes' }>;

export function readOutputs(read: FieldReader, root: Json): readonly ManifestOutput[] {
  const remedy = 'list what the network gives out, e.g. [{"kind": "scores", "name": "logits", "activation": "sigmoid", "labels": [{"family": "tuberculosis", "index": 3}]}]';
  const entries = read.list(root, '', 'outputs', remedy, 16);
  if (Array.isArray(root['outputs']) && entries.length === 0) read.complain('outputs', 'is empty', remedy);
  return entries.flatMap((entry, i) => {
    const at = `outputs[${i}]`;
    if (!isObject(entry)) {
      read.complain(at, `must be an object, found ${describe(entry)}`, remedy);
      return [];
    }
    return [readOutput(read, entry, at)];
  });
}

function readOutput(read: FieldReader, from: Json, at: string): ManifestOutput {
  const kind = read.oneOf(from, at, 'kind', KINDS);
  const name = read.text(from, at, 'name', 'write the name of the graph\'s output');
  switch (kind) {
    case 'scores':
      read.onlyKeys(from, at, ['kind', 'name', 'activation', 'labels']);
      return { kind, name, activation: read.oneOf(from, at, 'activation', ['none', 'sigmoid', 'softmax']), labels: readLabels(read, from, at) };
    case 'heatmap':
      read.onlyKeys(from, at, ['kind', 'name', 'activation', 'family', 'index']);
      return { kind, name, activation: readActivation(read, from, at), family: read.oneOf(from, at, 'family', FAMILIES), ...readIndex(read, from, at) };
    case 'boxes':
      return readBoxes(read, from, at, name);
    case 'lung-mask':
      read.onlyKeys(from, at, ['kind', 'name', 'activation']);
      return { kind, name, activation: readActivation(read, from, at) };
    case 'frontal':
      read.onlyKeys(from, at, ['kind', 'name', 'activation', 'threshold']);
      return { kind, name, activation: readActivation(read, from, at), threshold: read.real(from, at, 'threshold', 0, 1) };
  }
}

function readActivation(read: FieldReader, from: Json, at: string): 'none' | 'sigmoid' {
  return read.oneOf(from, at, 'activation', ['none', 'sigmoid']);
}

function readIndex(read: FieldReader, from: Json, at: string): { index?: number } {
  return from['index'] === undefined ? {} : { index: read.integer(from, at, 'index', 0, LABEL_INDEX_MAX) };
}

function readLabels(read: FieldReader, from: Json, at: string): readonly ManifestLabel[] {
  const remedy = 'name the used labels, e.g. [{"family": "tuberculosis", "index": 3}]';
  const entries = read.list(from, at, 'labels', remedy, 16);
  if (Array.isArray(from['labels']) && entries.length === 0) read.complain(join(at, 'labels'), 'is empty', remedy);
  const labels = entries.flatMap((entry, i) => {
    const here = `${join(at, 'labels')}[${i}]`;
    if (!isObject(entry)) {
      read.complain(here, `must be an object, found ${describe(entry)}`, remedy);
      return [];
    }
    read.onlyKeys(entry, here, ['family', 'index']);
    return [{ family: read.oneOf(entry, here, 'family', FAMILIES), index: read.integer(entry, here, 'index', 0, LABEL_INDEX_MAX) }];
  });
  if (new Set(labels.map((l) => l.family)).size < labels.length) {
    read.complain(join(at, 'labels'), 'names the same family twice', 'use one index for each family');
  }
  return labels;
}

function readBoxes(read: FieldReader, from: Json, at: string, name: string): BoxesOutput {
  read.onlyKeys(from, at, ['kind', 'format', 'name', 'layout', 'objectness', 'boxOrder', 'boxUnit', 'sizeName', 'offsetName', 'scoresName', 'labelsName', 'activation', 'family', 'index', 'nmsIou', 'maxBoxes', 'imageScoreBoxes', 'insideLungs']);
  const format = read.oneOf(from, at, 'format', BOX_FORMATS);
  const optional = <K extends string, T>(key: K, value: () => T): { [key in K]?: T } => (from[key] === undefined ? {} : { [key]: value() }) as { [key in K]?: T };
  const optionalName = <K extends string>(key: K): { [key in K]?: string } => optional(key, () => read.text(from, at, key, 'write the name of the graph\'s output'));
  const boxes: BoxesOutput = {
    kind: 'boxes',
    format,
    name,
    ...optional('layout', () => read.oneOf(from, at, 'layout', LAYOUTS)),
    ...optional('objectness', () => read.boolean(from, at, 'objectness', false)),
    ...optional('boxOrder', () => read.oneOf(from, at, 'boxOrder', BOX_ORDERS)),
    ...optional('boxUnit', () => read.oneOf(from, at, 'boxUnit', BOX_UNITS)),
    ...optionalName('sizeName'),
    ...optionalName('offsetName'),
    ...optionalName('scoresName'),
    ...optionalName('labelsName'),
    activation: readActivation(read, from, at),
    family: read.oneOf(from, at, 'family', FAMILIES),
    ...readIndex(read, from, at),
    nmsIou: read.real(from, at, 'nmsIou', 0, 1),
    maxBoxes: read.integer(from, at, 'maxBoxes', 1, BOX_COUNT_MAX),
    ...optional('imageScoreBoxes', () => read.integer(from, at, 'imageScoreBoxes', 1, BOX_COUNT_MAX)),
    insideLungs: read.boolean(from, at, 'insideLungs', false),
  };
  judgeBoxes(read, boxes, at);
  return boxes;
}

/** Keys that belong together, and such as say nothing of this format. */
function judgeBoxes(read: FieldReader, boxes: BoxesOutput, at: string): void {
  const { format } = boxes;
  if (format === 'center-heatmap' && boxes.sizeName === undefined) {
    read.complain(join(at, 'sizeName'), 'is missing', 'a center-heatmap needs the name of the output that holds width and height');
  }
  if (format === 'xyxy-score' && boxes.scoresName === undefined) {
    read.complain(join(at, 'scoresName'), 'is missing', 'an xyxy-score detector needs the name of the output that holds the scores');
  }
  for (const [key, formats] of Object.entries(FORMATS_WITH)) {
    if (key in boxes && !formats.includes(format)) read.complain(join(at, key), `says nothing of the format "${format}"`, `remove it, or correct "format": it belongs to ${formats.map((f) => `"${f}"`).join(', ')}`);
  }
  if (boxes.activation === 'sigmoid' && (format === 'xyxy-score-label' || boxes.labelsName !== undefined)) {
    read.complain(join(at, 'activation'), 'is "sigmoid", but a network that has chosen the label of each box gives probabilities, and an empty row would become 50 %', 'write "none"');
  }
}

/** Outputs that fit together with the task: a lung-field model finds lungs, the others find findings. */
export function judgeOutputs(read: FieldReader, task: ModelTask, outputs: readonly ManifestOutput[]): void {
  const kinds = outputs.map((o) => o.kind);
  if (task === 'lung-field') {
    if (!kinds.includes('lung-mask')) read.complain('outputs', 'have no lung-mask', 'a lung-field model must name the output that is its mask');
    const other = outputs.find((o) => o.kind !== 'lung-mask' && o.kind !== 'frontal');
    if (other !== undefined) read.complain('outputs', `have the kind ${other.kind}`, 'a lung-field model gives lung-mask and frontal only');
    return;
  }
  const lung = outputs.find((o) => o.kind === 'lung-mask' || o.kind === 'frontal');
  if (lung !== undefined) read.complain('outputs', `have the kind ${lung.kind}`, 'only a model with "task": "lung-field" has it');
  const families = familiesOf(outputs);
  if (task !== 'multi-label' && (families.length !== 1 || families[0] !== task)) {
    read.complain('task', `is "${task}", but the outputs are for ${families.join(', ') || 'nothing'}`, 'let the families of the outputs agree with the task, or write "multi-label"');
  }
}

/** The families that these outputs answer for, each once. */
export function familiesOf(outputs: readonly ManifestOutput[]): readonly (typeof FAMILIES)[number][] {
  const found = new Set<(typeof FAMILIES)[number]>();
  for (const output of outputs) {
    if (output.kind === 'scores') for (const label of output.labels) found.add(label.family);
    if (output.kind === 'heatmap' || output.kind === 'boxes') found.add(output.family);
  }
  return FAMILIES.filter((family) => found.has(family));
}
