/** What comes out of the queue goes into the registry; what cannot go in holds up nothing else. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startOutcomePump } from '../../src/hub/outcome-pump.ts';
import type { StudyEngine } from '../../src/hub/study-engine.ts';
import type { JobEnd } from '../../src/queue/job-queue.ts';

const ended = (jobId: string): JobEnd => ({
  kind: 'quarantined',
  job: { jobId, studyInstanceUid: `study of ${jobId}`, sopInstanceUid: jobId, contentSha256: 'c', fileKey: 'f', header: {} as never, rank: 0, enqueuedAtMs: 0 },
  error: 'e',
  attempts: 3,
} as unknown as JobEnd);

test('an answer that the registry refuses stays in the queue; the others are taken and acknowledged', async () => {
  const open = new Map(['good-1', 'poison', 'good-2'].map((jobId) => [jobId, ended(jobId)]));
  const troubles: unknown[] = [];
  const taken: string[] = [];
  const pump = startOutcomePump({
    queue: {
      ended: async () => [...open.values()],
      acknowledge: async (jobIds: readonly string[]) => jobIds.forEach((jobId) => open.delete(jobId)),
      onEnded: () => undefined,
    } as never,
    engine: {
      applySoon: async (studyInstanceUid: string) => {
        if (studyInstanceUid.includes('poison')) throw new Error('refused');
      },
    } as unknown as StudyEngine,
    withhold: (outcome) => outcome,
    onOutcome: ({ job }) => taken.push(job.jobId),
    onTrouble: (error) => troubles.push(error),
  });
  while (open.size > 1) await turn();
  await pump.stop();
  expect(taken).toEqual(['good-1', 'good-2']);
  expect([...open.keys()]).toEqual(['poison']);
  expect(troubles).toHaveLength(1);
});
