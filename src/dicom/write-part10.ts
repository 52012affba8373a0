/**
 * Writing data sets and files, through dcmjs (dictionary and encoder), always in ISO_IR 192 (UTF-8). Takes dcmjs's
 * "naturalised" form: { PatientID: 'x', PatientName: 'A^B', SomeSequence: [{ … }] }; '' is a present, empty value,
 * undefined is left out. A keyword that the dictionary does not have is a mistake in our code, not a silent omission.
 */
import assert from 'node:assert';
// @ts-ignore dcmjs has no types of its own
import dcmjs from 'dcmjs';
import { encodeFileMeta } from './part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntaxes.ts';

export type NaturalisedValue = string | number | boolean | null | undefined | ArrayBuffer | Uint8Array | NaturalisedDataSet | readonly NaturalisedValue[];
export interface NaturalisedDataSet {
  readonly [keyword: string]: NaturalisedValue;
}

export interface WriteOptions {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Explicit VR Little Endian unless told otherwise. Encapsulated pixel data is given as an array of fragments. */
  readonly transferSyntaxUid?: string;
  readonly sourceAeTitle?: string;
}

interface DictionaryEntry {
  readonly tag: string;
  readonly vr: string;
}

interface DcmjsData {
  readonly DicomMetaDictionary: { readonly nameMap: Readonly<Record<string, DictionaryEntry | undefined>>; readonly dictionary: Readonly<Record<string, DictionaryEntry | undefined>>; denaturalizeDataset(dataSet: object): object };
  readonly DicomMessage: { write(dataSet: object, stream: object, transferSyntaxUid: string, options: object): void };
  readonly WriteBufferStream: new (sizeBytes: number, littleEndian: boolean) => { getBuffer(): ArrayBuffer };
}

const { DicomMetaDictionary, DicomMessage, WriteBufferStream } = (dcmjs as { data: DcmjsData }).data;
// Its warnings would go to standard output, with values in them.
(dcmjs as { log: { setLevel(level: string): void } }).log.setLevel('silent');

export function dictionaryEntry(keyword: string): DictionaryEntry | undefined {
  return DicomMetaDictionary.nameMap[keyword];
}

/** By tag as `(0010,0010)`; dcmjs's own marks where the standard leaves a choice: xs, ox, lt, up, na. */
export function dictionaryVr(tag: string): string | undefined {
  return DicomMetaDictionary.dictionary[tag]?.vr;
}

const isPlain = (value: NaturalisedValue): value is NaturalisedDataSet =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ArrayBuffer) && !ArrayBuffer.isView(value);

/** A copy without undefined, with exact byte buffers: dcmjs would write a view's whole underlying buffer. */
function prepared(dataSet: NaturalisedDataSet): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  const vrMap: Record<string, string> = {};
  for (const [keyword, value] of Object.entries(dataSet)) {
    if (value === undefined) continue;
    const entry = dictionaryEntry(keyword);
    assert(keyword.startsWith('_') || entry !== undefined, `unknown keyword ${keyword}`);
    // The dictionary leaves some VRs open: "xs" is US or SS, "ox" is OB or OW.
    if (entry?.vr === 'xs') vrMap[keyword] = [value].flat().some((number) => Number(number) < 0) ? 'SS' : 'US';
    if (entry?.vr === 'ox') vrMap[keyword] = 'OW';
    if (keyword !== '_vrMap') copy[keyword] = preparedValue(value);
  }
  return { ...copy, _vrMap: { ...vrMap, ...(dataSet['_vrMap'] as object | undefined) } };
}

function preparedValue(value: NaturalisedValue): unknown {
  if (value instanceof Uint8Array) return value.slice().buffer;
  if (Array.isArray(value)) return value.map((entry) => preparedValue(entry as NaturalisedValue));
  return isPlain(value) ? prepared(value) : value;
}

/**
 * The data set's bytes alone, without preamble and meta information. Lengths are not checked here (dcmjs would put the
 * value into its error): whoever copies a foreign value cuts it, as patient-study-module.ts does.
 */
export function writeDataSet(dataSet: NaturalisedDataSet, transferSyntaxUid: string = EXPLICIT_VR_LITTLE_ENDIAN): Uint8Array {
  const stream = new WriteBufferStream(4096, true);
  const complete = prepared({ ...dataSet, SpecificCharacterSet: 'ISO_IR 192' });
  DicomMessage.write(DicomMetaDictionary.denaturalizeDataset(complete), stream, transferSyntaxUid, { fragmentMultiframe: false, allowInvalidVRLength: true });
  return new Uint8Array(stream.getBuffer());
}

/** A whole file. */
export function writeDicom(dataSet: NaturalisedDataSet, options: WriteOptions): Uint8Array {
  const transferSyntaxUid = options.transferSyntaxUid ?? EXPLICIT_VR_LITTLE_ENDIAN;
  const meta = encodeFileMeta({ ...options, transferSyntaxUid });
  const body = writeDataSet({ ...dataSet, SOPClassUID: options.sopClassUid, SOPInstanceUID: options.sopInstanceUid }, transferSyntaxUid);
  const file = new Uint8Array(meta.length + body.length);
  file.set(meta);
  file.set(body, meta.length);
  return file;
}
