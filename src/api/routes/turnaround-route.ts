/** How long films wait here, for those who run the place: numbers of many studies, of no patient. */
import { FirstreadError } from '../../errors.ts';
import type { ReadingPort } from '../reading-ports.ts';
import type { ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

const DAY_MS = 86_400_000;
const DAYS_DEFAULT = 7;
/** A year, and the same month of the year before. */
const DAYS_MAX = 400;

export function turnaroundRoute({ reading, now }: { readonly reading: ReadingPort; readonly now: () => number }): ApiRoute {
  return {
    method: 'GET', url: '/api/turnaround', access: 'view-devices', query: schemas.turnaroundQuery, answer: schemas.turnaroundAnswer,
    summary: 'Arrival to flag and arrival to reading: median, 95th percentile and maximum, by class and by hour of arrival.',
    async handler(call) {
      const toMs = call.query['to'] === undefined ? now() + 1 : Number(call.query['to']);
      const fromMs = call.query['from'] === undefined ? toMs - DAYS_DEFAULT * DAY_MS : Number(call.query['from']);
      if (fromMs > toMs || toMs - fromMs > DAYS_MAX * DAY_MS) throw new FirstreadError('request-invalid');
      return { fromMs, toMs, ...(await reading.turnaround(fromMs, toMs)) };
    },
  };
}
