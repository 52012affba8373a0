/** For operators: what is on its way to which destination, and trying again or giving up. */
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { Live } from '../live.ts';
import type { DeliveriesQuery, OperationsPort, WhichDeliveries } from '../operations-port.ts';
import * as schemas from '../operations-schemas.ts';
import type { ApiRoute } from '../route.ts';

export interface DeliveryRouteOptions {
  readonly operations: OperationsPort;
  readonly audit: Audit;
  readonly live: Live;
  readonly now: () => number;
}

export function deliveryRoutes({ operations, audit, live, now }: DeliveryRouteOptions): readonly ApiRoute[] {
  const whichOf = (body: unknown): WhichDeliveries => {
    const { id, destination } = body as { id?: string; destination?: string };
    return id === undefined ? { destination: destination! } : { id };
  };
  const namedIn = (which: WhichDeliveries): Record<string, string> => ('id' in which ? { deliveryId: which.id } : { destination: which.destination });
  return [
    {
      method: 'GET', url: '/api/operations/deliveries', access: 'view-operations', summary: 'Destinations, and deliveries of one state, the latest change first.',
      query: schemas.deliveriesQuery, answer: schemas.deliveriesAnswer,
      handler(call) {
        const nowMs = now();
        return { serverNowMs: nowMs, destinations: operations.destinations(nowMs), deliveries: operations.deliveries(call.query as unknown as DeliveriesQuery) };
      },
    },
    {
      method: 'POST', url: '/api/operations/deliveries/retry', access: 'manage-operations', summary: 'Tries a delivery, or all of a destination that have not arrived, again at once.',
      body: schemas.retryBody, answer: schemas.countAnswer,
      handler(call) {
        const which = whichOf(call.body);
        const count = operations.retryDeliveries(which, now());
        audit.record({ event: 'delivery-retried', who: call.caller.name, from: call.from, outcome: count > 0 ? 'done' : 'refused', details: { ...namedIn(which), count } });
        if (count === 0) throw new FirstreadError('not-found');
        return { count };
      },
    },
    {
      method: 'POST', url: '/api/operations/deliveries/drop', access: 'manage-operations',
      summary: 'Gives up a delivery, or all of a destination that have not arrived, with a reason. The reports and images stay here.',
      body: schemas.dropBody, answer: schemas.countAnswer,
      async handler(call) {
        const which = whichOf(call.body);
        const { reason } = call.body as { reason: string };
        const studies = await operations.dropDeliveries(which, call.caller.name, reason, now());
        audit.record({
          event: 'delivery-dropped', who: call.caller.name, from: call.from, outcome: studies.length > 0 ? 'done' : 'refused',
          ...('id' in which && studies[0] !== undefined ? { studyInstanceUid: studies[0] } : {}),
          details: { ...namedIn(which), count: studies.length, reason },
        });
        if (studies.length === 0) throw new FirstreadError('not-found');
        for (const uid of new Set(studies)) live.changed(uid);
        return { count: studies.length };
      },
    },
  ];
}
