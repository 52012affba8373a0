/**
 * One job → its answer: fetch, decode, analyse (or compare two encodings), leave a preview. What the image itself is to
 * blame for is an answer (`unreadable`); everything else is thrown, and the worker decides whether to try again.
 */
import { FirstreadError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { AnalysisJob } from '../queue/job-queue.ts';
import { judgeHeader } from '../study/eligibility.ts';
import { reasonOf } from '../study/reasons.ts';
import type { ReasonCode } from '../study/reasons.ts';
import type { AnalysisOutcome } from '../study/types.ts';
import { analyseImage, modelReferences } from './analyse-image.ts';
import type { AnalysisSettings } from './analyse-image.ts';
import type { BatchRunner } from './batch-runner.ts';
import type { DecodedInstance } from './decode-frame.ts';
import type { GrayImage } from './gray-image.ts';
import type { InstanceSource } from './instance-source.ts';
import type { Picture } from './picture-work.ts';
import { encodePreview } from './preview.ts';

export interface AnswerRoom {
  readonly instances: InstanceSource;
  /** Rejects with `decode-timeout` and the like; the thread that did it is replaced. */
  readonly decode: (bytes: Uint8Array, signal: AbortSignal) => Promise<DecodedInstance>;
  readonly openPicture: (image: GrayImage) => Picture;
  readonly runner: BatchRunner;
  readonly settings: AnalysisSettings;
  readonly onPreviewFailed: (fileKey: string, error: unknown) => void;
}

/** Errors that say something of the bytes and would say it again: an answer, not a failure. */
const UNREADABLE: Partial<Record<ErrorCode, ReasonCode>> = {
  'not-dicom': 'data-set-damaged',
  'data-set-damaged': 'data-set-damaged',
  'data-set-over-limit': 'data-set-damaged',
  'pixels-damaged': 'pixels-damaged',
  'pixels-over-limit': 'pixels-over-limit',
  'pixels-unsupported': 'pixels-unsupported',
};

export async function answerJob(job: AnalysisJob, room: AnswerRoom, signal: AbortSignal): Promise<AnalysisOutcome> {
  const models = modelReferences(room.runner);
  try {
    return job.compareWithFileKey === undefined ? await answerAnalysis(job, room, signal) : await answerComparison(job.fileKey, job.compareWithFileKey, room, signal);
  } catch (error) {
    const code = error instanceof FirstreadError ? UNREADABLE[error.code] : undefined;
    if (code === undefined) throw error;
    return { kind: 'unreadable', reason: reasonOf(code), models };
  }
}

async function answerAnalysis(job: AnalysisJob, room: AnswerRoom, signal: AbortSignal): Promise<AnalysisOutcome> {
  const byHeader = judgeHeader(job.header, room.settings.eligibility);
  if (byHeader.verdict !== 'analyse') return { kind: byHeader.verdict, reason: byHeader.reason ?? reasonOf('not-an-image'), models: modelReferences(room.runner) };
  const from = performance.now();
  const bytes = await room.instances.fetch(job.fileKey, signal);
  const fetched = performance.now();
  const { image, decodePath } = await room.decode(bytes, signal);
  const earlier = { fetchMs: fetched - from, decodeMs: performance.now() - fetched };
  const picture = room.openPicture(image);
  let preview: Promise<void> | undefined;
  // While the models run there is time for the preview; and a job that is answered has its picture.
  const leavePreview = (): void => {
    preview ??= putPreview(job.fileKey, picture, room);
  };
  try {
    return await analyseImage({ picture, header: job.header, decodePath, ...(job.thresholds === undefined ? {} : { thresholds: job.thresholds }) }, room.runner, room.settings, earlier, leavePreview);
  } finally {
    leavePreview();
    await preview;
    picture.close();
  }
}

/** A page without a picture is better than a study without an answer: never rejects. */
async function putPreview(fileKey: string, picture: Picture, { instances, onPreviewFailed }: AnswerRoom): Promise<void> {
  try {
    await instances.putPreview(fileKey, await encodePreview(await picture.preview()));
  } catch (error) {
    onPreviewFailed(fileKey, error);
  }
}

async function answerComparison(fileKey: string, otherFileKey: string, room: AnswerRoom, signal: AbortSignal): Promise<AnalysisOutcome> {
  const decodeOne = async (key: string): Promise<DecodedInstance> => room.decode(await room.instances.fetch(key, signal), signal);
  const [one, other] = [await decodeOne(fileKey), await decodeOne(otherFileKey)];
  const detail = compareImages(one.image, other.image);
  return { kind: 'compared', samePixels: detail === undefined, detail: detail ?? 'every pixel is equal', models: modelReferences(room.runner) };
}

/** What differs, in words; undefined when the pictures are the same to the last bit (after Modality LUT and polarity). */
export function compareImages(a: GrayImage, b: GrayImage): string | undefined {
  if (a.width !== b.width || a.height !== b.height) return `${a.width} × ${a.height} and ${b.width} × ${b.height} pixels`;
  let differing = 0;
  let most = 0;
  for (let i = 0; i < a.pixels.length; i += 1) {
    const difference = Math.abs((a.pixels[i] ?? 0) - (b.pixels[i] ?? 0));
    if (difference === 0) continue;
    differing += 1;
    most = Math.max(most, difference);
  }
  if (differing > 0) return `${differing} pixels differ, by up to ${most}`;
  return a.maxValue === b.maxValue ? undefined : `value ranges of ${a.maxValue} and ${b.maxValue}`;
}
