/** A report thread whose first one gets into trouble with its first task; those after it are sound. */
import { existsSync, writeFileSync } from 'node:fs';
import { answerTasks } from '../../src/threads/thread-pool.ts';

const { trouble, mark } = JSON.parse(process.env['TROUBLED_REPORT_THREAD']!) as { trouble: 'dies' | 'hangs'; mark: string };

if (existsSync(mark)) await import('../../src/hub/report-thread.ts');
else {
  writeFileSync(mark, '');
  answerTasks(async () => {
    if (trouble === 'dies') process.exit(1);
    for (;;);
  }, () => []);
}
