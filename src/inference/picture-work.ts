/**
 * PORT: the work on a picture's pixels that is neither decoding nor inference: tensors for the networks, the preview,
 * whether it is blank. Two adapters: in this thread (here), and in threads that keep the pixels (picture-threads.ts).
 */
import type { GrayImage } from './gray-image.ts';
import type { ManifestInput } from './manifest-types.ts';
import { preprocess } from './preprocess.ts';
import type { PreparedInput, Rect } from './preprocess.ts';
import { isBlank, renderPreview } from './preview-pixels.ts';
import type { PreviewPixels } from './preview-pixels.ts';

export interface Picture {
  /** Everything but the pixels. */
  readonly size: Omit<GrayImage, 'pixels'>;
  isBlank(): Promise<boolean>;
  prepare(input: ManifestInput, region: Rect): Promise<PreparedInput>;
  preview(): Promise<PreviewPixels>;
  /** The pixels may go. */
  close(): void;
}

export function pictureHere(image: GrayImage): Picture {
  const { pixels: _, ...size } = image;
  return {
    size,
    isBlank: async () => isBlank(image),
    prepare: async (input, region) => preprocess(image, input, region),
    preview: async () => renderPreview(image),
    close: () => undefined,
  };
}
