/** The body of one decoding thread (decode-pool.ts): takes bytes, answers with a picture or a coded failure. */
import { decodeInstance, type DecodeOptions } from './decode-frame.ts';
import { answerTasks } from '../threads/thread-pool.ts';

export interface DecodeRequest {
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
}

answerTasks(
  ({ bytes, options }: DecodeRequest) => decodeInstance(bytes, options),
  ({ image, stored }) => [image.pixels.buffer, ...(stored === undefined ? [] : [stored.values.buffer])],
);
