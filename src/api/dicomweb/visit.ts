/**
 * What every DICOMweb request goes through: is the caller not too fast, is there such a thing, is it noted that this
 * person looked at this patient. Another study's series or image under this study's address is not there.
 */
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import { createRequestRate } from '../request-rate.ts';
import type { ApiCall } from '../route.ts';
import type { DicomObject, DicomStudy, DicomWebPort } from './port.ts';

export interface DicomWebLimits {
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Answers on their way at once, of one caller and of all. */
  readonly answersPerCallerMax: number;
  readonly answersMax: number;
  /** The same person looking at the same study again within this time is one look. */
  readonly lookEveryMs: number;
}

export const DICOM_WEB_LIMITS: DicomWebLimits = { requestsPerSecond: 100, requestBurst: 500, answersPerCallerMax: 32, answersMax: 128, lookEveryMs: 60 * 60_000 };

const REMEMBERED_LOOKS_MAX = 10_000;

export interface Visit {
  /** Counts the request; for each request once, before anything else. */
  enter(call: ApiCall): void;
  /** The objects under the address's study, series, instance that are still there; at least one. */
  objects(call: ApiCall): readonly DicomObject[];
  object(call: ApiCall): DicomObject;
  /** The study itself, removed objects and all. */
  study(call: ApiCall): DicomStudy;
  noteSearch(call: ApiCall, byPatient: boolean): void;
  /** Aborts when the client goes away. */
  signal(call: ApiCall): AbortSignal;
}

export function createVisit({ port, audit, now, limits }: { readonly port: DicomWebPort; readonly audit: Audit; readonly now: () => number; readonly limits: DicomWebLimits }): Visit {
  const rate = createRequestRate({ perSecond: limits.requestsPerSecond, burst: limits.requestBurst, callersMax: 10_000 });
  const looks = new Map<string, number>();
  const underWay = new Map<string, number>();
  let allUnderWay = 0;

  /** True the first time within the window. */
  const isNews = (key: string): boolean => {
    if (now() - (looks.get(key) ?? -Infinity) < limits.lookEveryMs) return false;
    looks.delete(key);
    looks.set(key, now());
    if (looks.size > REMEMBERED_LOOKS_MAX) looks.delete(looks.keys().next().value!);
    return true;
  };

  const noteLook = (call: ApiCall, { studyInstanceUid }: DicomStudy): void => {
    if (!isNews(`${call.caller.key} ${studyInstanceUid}`)) return;
    audit.record({ event: 'patient-viewed', who: call.caller.name, from: call.from, outcome: 'done', studyInstanceUid, details: { over: 'DICOMweb' } });
  };

  const visit: Visit = {
    enter(call) {
      const { key } = call.caller;
      if (!rate.take(key, now())) throw new FirstreadError('too-many-requests');
      const mine = underWay.get(key) ?? 0;
      if (mine >= limits.answersPerCallerMax || allUnderWay >= limits.answersMax) throw new FirstreadError('too-many-requests');
      underWay.set(key, mine + 1);
      allUnderWay += 1;
      call.reply.raw.once('close', () => {
        allUnderWay -= 1;
        const left = (underWay.get(key) ?? 1) - 1;
        if (left === 0) underWay.delete(key);
        else underWay.set(key, left);
      });
    },
    study(call) {
      const study = port.study(call.params['study']!);
      if (study === undefined) throw new FirstreadError('not-found');
      noteLook(call, study);
      return study;
    },
    objects(call) {
      const { series, instance } = call.params;
      const study = port.study(call.params['study']!);
      const named = (study?.objects ?? []).filter((one) => (series === undefined || one.seriesInstanceUid === series) && (instance === undefined || one.sopInstanceUid === instance));
      if (named.length === 0) throw new FirstreadError('not-found');
      noteLook(call, study!);
      const there = named.filter(({ removed }) => !removed);
      if (there.length === 0) throw new FirstreadError('instance-removed');
      return there;
    },
    object: (call) => visit.objects(call)[0]!,
    noteSearch(call, byPatient) {
      if (isNews(`${call.caller.key} search ${byPatient}`)) {
        audit.record({ event: 'worklist-viewed', who: call.caller.name, from: call.from, outcome: 'done', details: { over: 'DICOMweb', ...(byPatient ? { searched: true } : {}) } });
      }
    },
    signal(call) {
      const abandoned = new AbortController();
      call.reply.raw.once('close', () => {
        if (!call.reply.raw.writableFinished) abandoned.abort(new FirstreadError('request-abandoned'));
      });
      return abandoned.signal;
    },
  };
  return visit;
}
