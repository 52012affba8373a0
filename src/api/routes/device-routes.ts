/** For technologists: devices, who was turned away and why, what was set aside and what to do about it. */
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { Live } from '../live.ts';
import type { OperationsPort } from '../operations-port.ts';
import * as schemas from '../operations-schemas.ts';
import type { ApiRoute } from '../route.ts';
import { doneAnswer, uidParams } from '../schemas.ts';
import { createViewNote } from '../view-note.ts';

export interface DeviceRouteOptions {
  readonly operations: OperationsPort;
  readonly audit: Audit;
  readonly live: Live;
  readonly now: () => number;
  readonly limits: { readonly worklistAuditEveryMs: number };
}

const DAY_MS = 24 * 60 * 60_000;

export function deviceRoutes({ operations, audit, live, now, limits }: DeviceRouteOptions): readonly ApiRoute[] {
  const noteView = createViewNote(audit, now, limits.worklistAuditEveryMs);
  const page = (query: Readonly<Record<string, unknown>>): { limit: number; offset: number } => query as { limit: number; offset: number };
  return [
    {
      method: 'GET', url: '/api/operations/devices', access: 'view-devices', summary: 'Devices that have sent or tried to, their habits, and what to enter on a new one. `since`: what counts as today.',
      query: schemas.devicesQuery, answer: schemas.devicesAnswer,
      async handler(call) {
        const nowMs = now();
        return { serverNowMs: nowMs, sender: operations.senderCard(), devices: await operations.devices(Number(call.query['since'] ?? nowMs - DAY_MS), nowMs) };
      },
    },
    {
      method: 'GET', url: '/api/operations/refusals', access: 'view-devices', summary: 'Devices and objects that were refused, latest first, with the reason.',
      query: schemas.pageQuery, answer: schemas.refusalsAnswer,
      handler: (call) => ({ refusals: operations.refusals(page(call.query)) }),
    },
    {
      method: 'GET', url: '/api/operations/set-aside', access: 'view-devices', summary: 'Studies of which an image could not be analysed, or contradicts another: why, and what was tried.',
      query: schemas.pageQuery, answer: schemas.setAsideAnswer,
      handler(call) {
        noteView(call, undefined, 'set-aside');
        const { total, rows } = operations.setAside(page(call.query));
        return { serverNowMs: now(), total, studies: rows };
      },
    },
    {
      method: 'POST', url: '/api/operations/set-aside/:uid/retry', access: 'retry-quarantine', summary: 'Asks the models again about the images of a study that could not be analysed.',
      params: uidParams, answer: schemas.countAnswer,
      handler(call) {
        const studyInstanceUid = call.params['uid']!;
        const count = operations.retryStudy(studyInstanceUid, call.caller.name);
        if (count === undefined) throw new FirstreadError('not-found');
        audit.record({ event: 'quarantine-retried', who: call.caller.name, from: call.from, outcome: count > 0 ? 'done' : 'refused', studyInstanceUid, details: { count } });
        if (count === 0) throw new FirstreadError('step-refused');
        live.changed(studyInstanceUid);
        return { count };
      },
    },
    {
      method: 'POST', url: '/api/operations/set-aside/:uid/dismiss', access: 'manage-operations',
      summary: 'Takes a study from what was set aside, with a reason. It stays on the worklist until it is read or closed.',
      params: uidParams, body: schemas.dismissBody, answer: doneAnswer,
      handler(call) {
        const studyInstanceUid = call.params['uid']!;
        const { reason } = call.body as { reason: string };
        const outcome = operations.dismiss(studyInstanceUid, call.caller.name, reason);
        if (outcome === 'unknown-study') throw new FirstreadError('not-found');
        audit.record({ event: 'quarantine-dismissed', who: call.caller.name, from: call.from, outcome: outcome === 'done' ? 'done' : 'refused', studyInstanceUid, details: { reason } });
        if (outcome === 'refused') throw new FirstreadError('step-refused');
        live.changed(studyInstanceUid);
        return { done: true };
      },
    },
  ];
}
