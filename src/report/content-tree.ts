/**
 * Content items of a structured report (PS3.3 §C.17.3) as naturalised data sets. One function per value type; by-value
 * relationships are checked against the tables of the Comprehensive (3D) SR IODs (PS3.3 A.35.3-2, A.35.13-2), so that
 * a tree that can be built is a tree that may be stored. Leaves out: by-reference relationships, waveforms, TCOORD,
 * SCOORD3D. The templates are in templates.ts.
 */
import assert from 'node:assert/strict';
import type { NaturalisedDataSet } from '../dicom/write-part10.ts';
import { codeItem, withoutControls } from './coded-concepts.ts';
import type { CodedConcept } from './coded-concepts.ts';

export type Relationship = 'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD' | 'HAS PROPERTIES' | 'HAS ACQ CONTEXT' | 'INFERRED FROM' | 'SELECTED FROM';
export type ValueType = 'CONTAINER' | 'CODE' | 'TEXT' | 'NUM' | 'UIDREF' | 'IMAGE' | 'SCOORD';

/** An item that is not yet attached: `child.relationship` says how the parent holds it. */
export interface ContentItem {
  readonly relationship: Relationship;
  readonly valueType: ValueType;
  readonly fields: NaturalisedDataSet;
  readonly children: readonly ContentItem[];
}

export interface ImageReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** UT takes far more, but a sentence to a reader does not need it and list displays cut it. */
const TEXT_CHARACTERS_MAX = 1024;
/** DS (PS3.5 §6.2). */
const DECIMAL_STRING_CHARACTERS_MAX = 16;
/** Vertices of one region: contours are simplified before they come here; this bounds the object. */
export const REGION_POINTS_MAX = 512;

/** Parent value types and, per relationship, the children they may hold: the part of the two tables that we use. */
const MAY_HOLD: { readonly [relationship in Relationship]: { readonly from: readonly ValueType[]; readonly to: readonly ValueType[] } } = {
  CONTAINS: { from: ['CONTAINER'], to: ['CONTAINER', 'CODE', 'TEXT', 'NUM', 'UIDREF', 'IMAGE', 'SCOORD'] },
  'HAS OBS CONTEXT': { from: ['CONTAINER'], to: ['TEXT', 'CODE', 'NUM', 'UIDREF'] },
  'HAS ACQ CONTEXT': { from: ['CONTAINER', 'IMAGE'], to: ['TEXT', 'CODE', 'NUM', 'UIDREF', 'CONTAINER'] },
  'HAS CONCEPT MOD': { from: ['CONTAINER', 'CODE', 'TEXT', 'NUM', 'UIDREF', 'IMAGE', 'SCOORD'], to: ['TEXT', 'CODE'] },
  'HAS PROPERTIES': { from: ['TEXT', 'CODE', 'NUM'], to: ['CONTAINER', 'CODE', 'TEXT', 'NUM', 'UIDREF', 'IMAGE', 'SCOORD'] },
  'INFERRED FROM': { from: ['TEXT', 'CODE', 'NUM'], to: ['CONTAINER', 'CODE', 'TEXT', 'NUM', 'UIDREF', 'IMAGE', 'SCOORD'] },
  'SELECTED FROM': { from: ['SCOORD'], to: ['IMAGE'] },
};

export function container(relationship: Relationship, name: CodedConcept, children: readonly ContentItem[], templateId?: string): ContentItem {
  const template = templateId === undefined ? {} : { ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: templateId }] };
  return content(relationship, 'CONTAINER', name, { ContinuityOfContent: 'SEPARATE', ...template }, children);
}

export function code(relationship: Relationship, name: CodedConcept, value: CodedConcept, children: readonly ContentItem[] = []): ContentItem {
  return content(relationship, 'CODE', name, { ConceptCodeSequence: [codeItem(value)] }, children);
}

export function text(relationship: Relationship, name: CodedConcept, value: string, children: readonly ContentItem[] = []): ContentItem {
  assert(value.trim() !== '', 'a TEXT item needs text');
  return content(relationship, 'TEXT', name, { TextValue: printable(value) }, children);
}

export function uidref(relationship: Relationship, name: CodedConcept, uid: string): ContentItem {
  assert(/^[0-9.]{1,64}$/.test(uid), 'not a UID');
  return content(relationship, 'UIDREF', name, { UID: uid }, []);
}

export function num(relationship: Relationship, name: CodedConcept, value: number, unit: CodedConcept, children: readonly ContentItem[] = []): ContentItem {
  return content(relationship, 'NUM', name, { MeasuredValueSequence: [{ NumericValue: decimalString(value), MeasurementUnitsCodeSequence: [codeItem(unit)] }] }, children);
}

export function image(relationship: Relationship, reference: ImageReference, name?: CodedConcept): ContentItem {
  return content(relationship, 'IMAGE', name, { ReferencedSOPSequence: [sopReference(reference)] }, []);
}

/** A closed polygon: the first point is repeated as the last. Pixel coordinates, 0\0 is the corner of the first pixel. */
export function polygon(relationship: Relationship, name: CodedConcept, points: readonly (readonly [number, number])[], of: ImageReference): ContentItem {
  assert(points.length >= 3 && points.length <= REGION_POINTS_MAX, `a region of ${points.length} points`);
  const closed = [...points, points[0]!];
  return content(relationship, 'SCOORD', name, { GraphicType: 'POLYLINE', GraphicData: closed.flatMap(([x, y]) => [x, y]) }, [image('SELECTED FROM', of)]);
}

export function sopReference(reference: ImageReference): NaturalisedDataSet {
  return { ReferencedSOPClassUID: reference.sopClassUid, ReferencedSOPInstanceUID: reference.sopInstanceUid };
}

/** The tree as nested data sets; the root's own attributes stand in the document itself, without a relationship. */
export function rootAttributes(root: ContentItem): NaturalisedDataSet {
  assert.equal(root.valueType, 'CONTAINER');
  return { ValueType: root.valueType, ...root.fields, ...contentSequence(root) };
}

/**
 * Shortest decimal within DS's 16 characters, without an exponent that a reader would stumble on. What does not fit is
 * cut, not rounded: a score just below its threshold must not be written as the threshold.
 */
export function decimalString(value: number): string {
  assert(Number.isFinite(value) && Math.abs(value) < 1e9, `not a plain number: ${value}`);
  const exact = String(value);
  if (exact.length <= DECIMAL_STRING_CHARACTERS_MAX && !exact.includes('e')) return exact;
  return String(Math.trunc(value * 10_000) / 10_000);
}

/** Without control characters (they are not text to a reader, and ESC would start a character set), cut to the limit. */
function printable(value: string): string {
  const clean = withoutControls(value.normalize('NFC'));
  return clean.length <= TEXT_CHARACTERS_MAX ? clean : `${clean.slice(0, TEXT_CHARACTERS_MAX - 1)}…`;
}

function content(relationship: Relationship, valueType: ValueType, name: CodedConcept | undefined, fields: NaturalisedDataSet, children: readonly ContentItem[]): ContentItem {
  for (const child of children) {
    const rule = MAY_HOLD[child.relationship];
    assert(rule.from.includes(valueType) && rule.to.includes(child.valueType), `${valueType} ${child.relationship} ${child.valueType} is not allowed`);
  }
  const named = name === undefined ? {} : { ConceptNameCodeSequence: [codeItem(name)] };
  return { relationship, valueType, fields: { ...named, ...fields }, children };
}

function contentSequence(parent: ContentItem): NaturalisedDataSet {
  if (parent.children.length === 0) return {};
  const items = parent.children.map((child) => ({
    RelationshipType: child.relationship,
    ValueType: child.valueType,
    ...child.fields,
    ...contentSequence(child),
  }));
  return { ContentSequence: items };
}
