/**
 * Previews of images that have none: ineligible, failed, still waiting for a worker. Made when somebody looks, kept like
 * a worker's. Looks at the same image at once share one; what cannot be shown is remembered for a while, so that a
 * damaged film does not cost a decoding thread its deadline with every look.
 */
import { FirstreadError } from '../errors.ts';
import type { InstanceSource } from '../inference/instance-source.ts';
import type { Spool } from '../intake/spool.ts';
import type { Views } from '../view/views.ts';

export interface PreviewMakerParts {
  readonly spool: Pick<Spool, 'path' | 'byteLength' | 'exclusively'>;
  readonly previews: Pick<InstanceSource, 'putPreview'>;
  readonly views: Pick<Views, 'preview'>;
  readonly now: () => number;
}

const REMEMBERED_MS = 10 * 60_000;
const REMEMBERED_MAX = 1_000;
/** These say nothing about the picture. */
const PASSING = new Set(['pictures-busy', 'instance-missing', 'storage-failed']);

/** Resolves when the preview lies there. Rejects with `instance-missing`, `pixels-…`, `not-found` (no picture in it). */
export function createPreviewMaker({ spool, previews, views, now }: PreviewMakerParts): (fileKey: string) => Promise<void> {
  const underWay = new Map<string, Promise<void>>();
  const failed = new Map<string, { error: FirstreadError; atMs: number }>();

  const make = async (fileKey: string): Promise<void> => {
    try {
      // Not in the file's turn: a device that sends the same object again would wait for our decoder.
      const jpeg = await views.preview(spool.path('instances', fileKey));
      // In turn with retention: no picture is left behind of a film that was removed meanwhile.
      await spool.exclusively(fileKey, async () => {
        await spool.byteLength('instances', fileKey);
        await previews.putPreview(fileKey, jpeg);
      });
    } catch (error) {
      if (error instanceof FirstreadError && !PASSING.has(error.code)) {
        failed.set(fileKey, { error, atMs: now() });
        if (failed.size > REMEMBERED_MAX) failed.delete(failed.keys().next().value!);
      }
      throw error;
    }
  };

  return async (fileKey) => {
    const before = failed.get(fileKey);
    if (before !== undefined && now() - before.atMs < REMEMBERED_MS) throw before.error;
    const running = underWay.get(fileKey) ?? make(fileKey).finally(() => underWay.delete(fileKey));
    underWay.set(fileKey, running);
    return running;
  };
}
