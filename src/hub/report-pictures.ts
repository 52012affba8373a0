/**
 * The picture of a flagged finding: the preview that a worker left, with the finding drawn into it, as a Secondary
 * Capture. One for each family, whatever SOP classes its report is written in. sharp is loaded with the first picture: a
 * hub without pictures never loads it. A report does not fail with its picture: no preview (retention, a worker that
 * could not leave it), or one that cannot be read, is a report without a picture.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { PREVIEW_SIDE_MAX } from '../inference/preview-pixels.ts';
import { drawOverlay } from '../report/overlay.ts';
import type { GreyPicture } from '../report/overlay.ts';
import type { ChestReportFacts } from '../report/report-facts.ts';
import { buildVisual, PICTURE_COLUMNS_MIN } from '../report/visual.ts';
import type { VisualReport } from '../report/visual.ts';

/** As much as the API takes from a worker; a preview has a tenth of it. */
const PREVIEW_BYTES_MAX = 2 * 1024 * 1024;

/** `fileKey`: of the image that the finding lies on. Undefined where there is nothing to draw, or on. */
export async function pictureOf(previews: string, facts: ChestReportFacts, fileKey: string, onMissing: (error: unknown) => void): Promise<VisualReport | undefined> {
  const { statement } = facts;
  if (statement.kind !== 'scored' || !statement.finding.flagged) return undefined;
  const { finding } = statement;
  const image = facts.images.find(({ sopInstanceUid }) => sopInstanceUid === finding.sopInstanceUid);
  if (image?.rows === undefined || image.columns === undefined) return undefined;
  try {
    const film = await readPreview(join(previews, fileKey.slice(0, 2), `${fileKey}.jpg`));
    return buildVisual(facts, drawOverlay(film, { rows: image.rows, columns: image.columns }, finding));
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
  if (width < PICTURE_COLUMNS_MIN || !(pixels instanceof Uint8Array)) throw new FirstreadError('picture-invalid', undefined, { width, height });
  return { rows: height, columns: width, pixels };
}
