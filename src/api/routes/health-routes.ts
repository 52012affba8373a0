/** Is it alive, is it ready, how is it doing. Without patient data, so without sign-in (metrics: this machine, or a token). */
import type { Metrics } from '../../ops/metrics.ts';
import type { Readiness } from '../../ops/readiness.ts';
import type { ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

export function healthRoutes(metrics: Metrics, readiness: Readiness): readonly ApiRoute[] {
  return [
    {
      method: 'GET', url: '/healthz', access: 'public', summary: 'Answers while the process lives.', answer: { mediaType: 'text/plain' },
      handler: (call) => call.reply.header('content-type', 'text/plain; charset=utf-8').send('ok\n'),
    },
    {
      method: 'GET', url: '/readyz', access: 'public', summary: '200 once listener, worker and models are ready; else 503, with the reasons.', answer: schemas.readyAnswer,
      handler(call) {
        const report = readiness.report();
        call.reply.code(report.ready ? 200 : 503);
        return report;
      },
    },
    {
      method: 'GET', url: '/metrics', access: 'metrics', summary: 'Prometheus text exposition: from this machine, or with an operator\'s token.', answer: { mediaType: 'text/plain' },
      handler: (call) => call.reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(metrics.render()),
    },
  ];
}
