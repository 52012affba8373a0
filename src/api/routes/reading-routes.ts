/** Who reads what: the filter menus' names, claims and their release. A change of hands is audited, a renewal is not. */
import { FirstreadError, isStorageTrouble } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { AuditEvent } from '../../ops/audit-chain.ts';
import type { Live } from '../live.ts';
import type { ClaimOutcome, ReadingPort } from '../reading-ports.ts';
import { useOf } from '../request-guard.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';
import { claimAnswer } from '../study-answer.ts';

export interface ReadingRouteOptions {
  readonly reading: ReadingPort;
  readonly audit: Audit;
  readonly live: Live;
  readonly now: () => number;
}

/** A page renews its claim by itself; for a reader who has done nothing for so long it does not: they may have gone home. */
const IDLE_MS = 15 * 60_000;

export function readingRoutes({ reading, audit, live, now }: ReadingRouteOptions): readonly ApiRoute[] {
  const note = (call: ApiCall, event: AuditEvent, outcome: 'done' | 'refused', details?: Readonly<Record<string, string>>): void =>
    audit.record({ event, who: call.caller.name, from: call.from, outcome, studyInstanceUid: call.params['uid']!, ...(details === undefined ? {} : { details }) });

  /** A claim is a courtesy: with a full disk the study is opened without one. */
  const claim = (uid: string, by: string, takeOver: boolean): ClaimOutcome | undefined => {
    try {
      return reading.claim(uid, by, takeOver, now());
    } catch (error) {
      if (!isStorageTrouble(error)) throw error;
      return undefined;
    }
  };

  return [
    {
      method: 'GET', url: '/api/worklist/facets', access: 'view-worklist', summary: 'Sites, devices and readers to filter the list by.', answer: schemas.facetsAnswer,
      handler: () => reading.facets(now()),
    },
    {
      method: 'POST', url: '/api/studies/:uid/claim', access: 'claim', params: schemas.uidParams, body: schemas.claimBody, answer: schemas.claimAnswer,
      summary: 'Takes a study for reading, or renews that; another reader has it: 409 says who, unless takeOver is set. Not renewed by a page that nobody has used for 15 minutes.',
      handler(call) {
        const uid = call.params['uid']!;
        const takeOver = (call.body as { takeOver: boolean } | null | undefined)?.takeOver ?? false;
        const { name, usedAtMs } = call.caller;
        const isLeftAlone = useOf(call.request.headers) === 'background' && now() - usedAtMs >= IDLE_MS;
        const outcome = isLeftAlone ? undefined : claim(uid, name, takeOver);
        if (outcome === undefined) return { claim: null };
        switch (outcome.kind) {
          case 'unknown-study':
            throw new FirstreadError('not-found');
          case 'off-list':
            return { claim: null };
          case 'claimed-by-other':
            note(call, 'study-claimed', 'refused', { heldBy: outcome.claim.by });
            throw new FirstreadError('claimed-by-other', undefined, { ...outcome.claim });
          case 'claimed':
            note(call, 'study-claimed', 'done', outcome.takenFrom === undefined ? undefined : { takenFrom: outcome.takenFrom });
            live.changed(uid);
        }
        return { claim: claimAnswer(outcome.claim, name) };
      },
    },
    {
      method: 'POST', url: '/api/studies/:uid/release', access: 'claim', summary: 'Gives a study back that this person holds.',
      params: schemas.uidParams, answer: schemas.claimAnswer,
      handler(call) {
        const outcome = reading.release(call.params['uid']!, call.caller.name, now());
        if (outcome === 'unknown-study') throw new FirstreadError('not-found');
        if (outcome.released) {
          note(call, 'study-released', 'done');
          live.changed(call.params['uid']!);
        }
        return { claim: claimAnswer(outcome.claim, call.caller.name) };
      },
    },
  ];
}
