import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import { TEST_LIMITS, describeConformance } from './conformance.ts';

describeConformance('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'firstread-queue-'));
  const path = join(folder, 'queue.sqlite');
  const opened = [openEmbeddedQueue(path, TEST_LIMITS)];
  return {
    hub: opened[0]!,
    openSource() {
      const source = openEmbeddedQueue(path, TEST_LIMITS);
      opened.push(source);
      return source;
    },
    async close() {
      for (const each of opened) await each.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
