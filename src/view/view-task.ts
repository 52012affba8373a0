/** What is asked of a viewing thread, and what it answers. */
import type { FirstreadError } from '../errors.ts';
import type { RenderedPixels, RenderWish } from './render.ts';
import type { StoredFrames } from './stored-file.ts';

export type ViewTask =
  | { readonly kind: 'describe'; readonly path: string }
  | { readonly kind: 'native-frame'; readonly path: string; readonly frame: number }
  | { readonly kind: 'value'; readonly path: string; readonly element: string }
  | { readonly kind: 'render'; readonly path: string; readonly frame: number; readonly wish: RenderWish }
  | { readonly kind: 'preview'; readonly path: string };

export interface ObjectDescription {
  readonly transferSyntaxUid: string;
  /** DICOM JSON Model, as text; addresses of bulk data begin with BULK_DATA_MARK. */
  readonly json: string;
  readonly frames?: StoredFrames;
  /** There is pixel data, and this is wrong with it. */
  readonly framesProblem?: FirstreadError['code'];
}

export type ViewAnswer =
  | { readonly kind: 'description'; readonly description: ObjectDescription }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pixels'; readonly pixels: RenderedPixels };

/** Stands for "the address of this instance's bulk data": the thread does not know under which name it is reached. */
export const BULK_DATA_MARK = 'firstread-bulk-data:';
