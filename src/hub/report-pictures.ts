/**
 * The picture of a flagged finding: the preview that a worker left, with the finding drawn into it, as a Secondary
 * Capture. One for each family, whatever SOP classes its report is written in. sharp is loaded with the first picture: a
 * hub without pictures never loads it. It decodes beside the event loop; drawing and encoding are the report thread's. A
 * report does not fail with its picture: no preview (retention, a worker that could not leave it), one that cannot be
 * read, or a thread that dies over it, is a report without a picture.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { PREVIEW_SIDE_MAX } from '../inference/preview-pixels.ts';
import type { GreyPicture } from '../report/overlay.ts';
import type { ChestReportFacts } from '../report/report-facts.ts';
import type { ReportBuilder } from './report-builder.ts';
import type { BuiltDocument } from './report-task.ts';

/** As much as the API takes from a worker; a preview has a tenth of it. */
const PREVIEW_BYTES_MAX = 2 * 1024 * 1024;

export interface PictureParts {
  readonly builder: Pick<ReportBuilder, 'picture'>;
  /** The folder of the pictures that workers leave. */
  readonly previews: string;
  readonly onMissing: (error: unknown) => void;
}

/** `fileKey`: of the image that the finding lies on. Undefined where there is nothing to draw, or on. */
export async function pictureOf({ builder, previews, onMissing }: PictureParts, facts: ChestReportFacts, fileKey: string): Promise<BuiltDocument | undefined> {
  const { statement } = facts;
  if (statement.kind !== 'scored' || !statement.finding.flagged) return undefined;
  const image = facts.images.find(({ sopInstanceUid }) => sopInstanceUid === statement.finding.sopInstanceUid);
  if (image?.rows === undefined || image.columns === undefined) return undefined;
  try {
    const film = await readPreview(join(previews, fileKey.slice(0, 2), `${fileKey}.jpg`));
    return await builder.picture(facts, film, { rows: image.rows, columns: image.columns });
  } catch (error) {
    onMissing(error);
    return undefined;
  }
}

async function readPreview(path: string): Promise<GreyPicture> {
  const { size } = await stat(path);
  if (size > PREVIEW_BYTES_MAX) throw new FirstreadError('picture-invalid', undefined, { byteLength: size });
  const { decodePicture } = await import('../inference/decode-picture.ts');
  const { width, height, pixels } = (await decodePicture(await readFile(path), { pixelCountMax: PREVIEW_SIDE_MAX * PREVIEW_SIDE_MAX })).image;
  if (!(pixels instanceof Uint8Array)) throw new FirstreadError('picture-invalid', undefined, { width, height });
  return { rows: height, columns: width, pixels };
}
