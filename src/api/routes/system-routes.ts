/** For operators: the machine itself. Readiness in codes, which the page puts into words. */
import type { Readiness } from '../../ops/readiness.ts';
import type { OperationsPort } from '../operations-port.ts';
import { systemAnswer } from '../operations-schemas.ts';
import type { ApiRoute } from '../route.ts';

export function systemRoutes(operations: OperationsPort, readiness: Readiness, now: () => number): readonly ApiRoute[] {
  return [
    {
      method: 'GET', url: '/api/operations/system', access: 'view-operations', summary: 'Readiness, disk and how long it lasts, queue, workers, versions, audit trail.', answer: systemAnswer,
      async handler() {
        const nowMs = now();
        const { ready, checks } = readiness.report();
        return { serverNowMs: nowMs, ready, checks, ...(await operations.system(nowMs)) };
      },
    },
  ];
}
