/** What a thread's failure says of the picture that it worked on (threads/thread-pool.ts). */
import { FirstreadError } from '../errors.ts';
import type { ThreadFailures } from '../threads/thread-pool.ts';

export const PICTURE_FAILURES: ThreadFailures = {
  late: (deadlineMs) => new FirstreadError('decode-timeout', `decoding took longer than ${deadlineMs} ms`, { deadlineMs }),
  // Out of memory inside a codec and the like: the picture is to blame, not the thread.
  lost: (problem) => new FirstreadError('pixels-damaged', `decoding failed: ${problem}`),
  busy: (waitingMax) => new FirstreadError('pictures-busy', undefined, { waitingMax }),
  closed: () => new FirstreadError('decode-timeout', 'the decoding pool is closed'),
};
