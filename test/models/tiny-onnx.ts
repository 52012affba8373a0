/**
 * Writes small ONNX networks (opset 13) for tests, so that no binary of anybody's is committed. Only the parts of
 * onnx.proto that these networks need: float32, int64, uint8 and bool tensors; int, float, ints, tensor and graph attributes.
 */
const FLOAT = 1;
const UINT8 = 2;
const UINT16 = 4;
const INT64 = 7;
const BOOL = 9;
export const ELEMENT_TYPE = { float32: FLOAT, uint8: UINT8, uint16: UINT16, int64: INT64, bool: BOOL } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

const number = (field: number, value: number | bigint): Buffer => Buffer.from([...varint(field << 3), ...varint(value)]);
const bytes = (field: number, value: Uint8Array | string): Buffer => {
  const payload = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(payload.length)]), payload]);
};
const float = (field: number, value: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeFloatLE(value);
  return Buffer.concat([Buffer.from(varint((field << 3) | 5)), payload]);
};

export interface TinyTensor {
  readonly dims: readonly number[];
  readonly type: 'float32' | 'int64';
  readonly values: readonly number[];
}

export interface TinyNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[] | { readonly float: number } | TinyTensor | TinyGraph>>;
}

export interface TinyValue {
  readonly name: string;
  readonly type: ElementType;
  /** A string is a free dimension, e.g. 'N'. */
  readonly shape: readonly (number | string)[];
}

export interface TinyGraph {
  readonly inputs: readonly TinyValue[];
  readonly outputs: readonly TinyValue[];
  readonly nodes: readonly TinyNode[];
  readonly constants?: Readonly<Record<string, TinyTensor>>;
}

function tensor(value: TinyTensor, name = ''): Buffer {
  const raw = value.type === 'float32' ? new Float32Array(value.values) : BigInt64Array.from(value.values, (v) => BigInt(v));
  return Buffer.concat([
    ...value.dims.map((d) => number(1, d)),
    number(2, ELEMENT_TYPE[value.type]),
    ...(name === '' ? [] : [bytes(8, name)]),
    bytes(9, new Uint8Array(raw.buffer)),
  ]);
}

function attribute(name: string, value: NonNullable<TinyNode['attributes']>[string]): Buffer {
  if (typeof value === 'number') return Buffer.concat([bytes(1, name), number(3, value), number(20, 2)]);
  if ('float' in value) return Buffer.concat([bytes(1, name), float(2, value.float), number(20, 1)]);
  if ('dims' in value) return Buffer.concat([bytes(1, name), bytes(5, tensor(value)), number(20, 4)]);
  if ('nodes' in value) return Buffer.concat([bytes(1, name), bytes(6, graphBytes(value)), number(20, 5)]);
  return Buffer.concat([bytes(1, name), ...value.map((v) => number(8, v)), number(20, 7)]);
}

function node(value: TinyNode): Buffer {
  return Buffer.concat([
    ...value.inputs.map((name) => bytes(1, name)),
    ...value.outputs.map((name) => bytes(2, name)),
    bytes(4, value.op),
    ...Object.entries(value.attributes ?? {}).map(([name, v]) => bytes(5, attribute(name, v))),
  ]);
}

function valueInfo(value: TinyValue): Buffer {
  const dims = value.shape.map((d) => bytes(1, typeof d === 'number' ? number(1, d) : bytes(2, d)));
  const tensorType = Buffer.concat([number(1, ELEMENT_TYPE[value.type]), bytes(2, Buffer.concat(dims))]);
  return Buffer.concat([bytes(1, value.name), bytes(2, bytes(1, tensorType))]);
}

function graphBytes(graph: TinyGraph): Buffer {
  return Buffer.concat([
    ...graph.nodes.map((n) => bytes(1, node(n))),
    bytes(2, 'tiny'),
    ...Object.entries(graph.constants ?? {}).map(([name, t]) => bytes(5, tensor(t, name))),
    ...graph.inputs.map((v) => bytes(11, valueInfo(v))),
    ...graph.outputs.map((v) => bytes(12, valueInfo(v))),
  ]);
}

/** The bytes of a model.onnx. */
export function writeTinyOnnx(graph: TinyGraph): Buffer {
  return Buffer.concat([number(1, 8), bytes(2, 'firstread-tests'), bytes(7, graphBytes(graph)), bytes(8, number(2, 13))]);
}
