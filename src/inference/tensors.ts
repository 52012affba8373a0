/**
 * What goes into a network and what comes out, as plain arrays. PURE: apart from the sessions, so that those who only
 * count and copy do not load onnxruntime.
 */
import type { ManifestInput } from './manifest-types.ts';

export type InputArray = Uint8Array | Uint16Array | Float32Array;

export interface OutputArray {
  readonly data: Float32Array;
  /** The first axis is the batch. */
  readonly dims: readonly number[];
}
export type Outputs = Readonly<Record<string, OutputArray>>;

export function makeInputArray(dtype: ManifestInput['dtype'], length: number, shared = false): InputArray {
  const bytes = length * (dtype === 'uint8' ? 1 : dtype === 'uint16' ? 2 : 4);
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  return dtype === 'uint8' ? new Uint8Array(buffer) : dtype === 'uint16' ? new Uint16Array(buffer) : new Float32Array(buffer);
}
