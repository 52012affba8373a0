/** Claims one job, says so, and answers it when told to; for tests that kill and stop workers. */
import { openEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import { sampleOutcome } from './sample-jobs.ts';

const [path, leaseMs] = [process.argv[2]!, Number(process.argv[3])];
const source = openEmbeddedQueue(path, { leaseMs, maxAttempts: 3, backoffMs: [30] });
const [claimed] = await source.claim(1, 5_000);
console.log(`claimed ${claimed!.job.studyInstanceUid.replace('1.2.', '')}`);
const renewing = setInterval(() => void source.extend(claimed!), leaseMs / 4);
process.stdin.once('data', () => {
  clearInterval(renewing);
  void source.complete(claimed!, sampleOutcome('late')).then((verdict) => console.log(verdict));
});
