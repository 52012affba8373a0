/** JSON schemas of the operations page: what goes in and out. As in schemas.ts: what is not named here is not sent. */
import { CARD_PICTURE } from './operations-port.ts';
import { array, delivery, epochMs, flag, integer, number, object, text, wording, type JsonSchema } from './schemas.ts';

const oneOf = (values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });
const optional = (properties: Readonly<Record<string, JsonSchema>>, ...names: string[]): JsonSchema => object(properties, names);
const count: JsonSchema = { type: 'integer', minimum: 0 };
const reason = object({ code: text, text });
const page: Readonly<Record<string, JsonSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
  offset: { type: 'integer', minimum: 0, maximum: 1_000_000, default: 0 },
};
export const FAMILIES: readonly string[] = ['tuberculosis', 'lung nodule'];
/** As for closing a study: a word that says nothing is not a reason. */
const why: JsonSchema = { type: 'string', minLength: 3, maxLength: 200, pattern: '\\S' };

export const devicesQuery = optional({ since: { ...epochMs, minimum: 0, maximum: 8.64e15 } }, 'since');
export const devicesAnswer = object({
  serverNowMs: epochMs,
  sender: object({ aeTitle: text, addresses: array(text), port: integer, tls: oneOf(['off', 'on', 'with-client-certificate']), anyDevice: flag, anyCalledAeTitle: flag }),
  devices: array(optional({
    callingAeTitle: text, calledAeTitle: text, remoteAddress: text, firstSeenAtMs: epochMs, lastSeenAtMs: epochMs, lastImageAtMs: epochMs,
    associationCount: integer, instanceCount: integer, byteCount: number, recentInstanceCount: integer, usualGapMs: number, silent: flag,
  }, 'lastImageAtMs', 'usualGapMs')),
});
export const pageQuery = object(page, ['limit', 'offset']);
export const refusalsAnswer = object({
  refusals: array(object({
    callingAeTitle: text, calledAeTitle: text, remoteAddress: text,
    code: { type: 'string', description: 'what to change follows from it; the operations page says it in the reader\'s language' },
    text, firstAtMs: epochMs, lastAtMs: epochMs, attemptCount: integer,
  })),
});

const boardDelivery: JsonSchema = (() => {
  const { properties, required } = delivery as { properties: Record<string, JsonSchema>; required: string[] };
  return { ...delivery, properties: { ...properties, accessionNumber: text, createdAtMs: epochMs }, required: [...required, 'accessionNumber', 'createdAtMs'] };
})();
const destinationName: JsonSchema = { type: 'string', minLength: 1, maxLength: 64 };
export const deliveriesQuery = optional(
  { state: { ...oneOf(['pending', 'sent', 'verified', 'failed', 'dropped']), default: 'failed' }, destination: destinationName, ...page },
  'state', 'destination', 'limit', 'offset',
);
export const deliveriesAnswer = object({
  serverNowMs: epochMs,
  destinations: array(optional({
    name: text, kind: oneOf(['dimse', 'folder', 'removed']), where: text, pendingCount: count, failedCount: count, sentCount: count, lastSentAtMs: epochMs,
    state: oneOf(['idle', 'sending', 'resting', 'removed']), restsUntilMs: epochMs, problem: reason,
  }, 'lastSentAtMs', 'restsUntilMs', 'problem')),
  deliveries: array(boardDelivery),
});
/** One of the two. */
const which: Readonly<Record<string, JsonSchema>> = { id: { type: 'string', pattern: '^[0-9]{1,15}$' }, destination: destinationName };
const oneOfTheTwo = { oneOf: [{ required: ['id'] }, { required: ['destination'] }] };
export const retryBody: JsonSchema = { ...object(which, ['id', 'destination']), ...oneOfTheTwo };
export const dropBody: JsonSchema = { ...object({ ...which, reason: why }, ['id', 'destination']), ...oneOfTheTwo };
export const countAnswer = object({ count });

export const setAsideAnswer = object({
  serverNowMs: epochMs,
  total: count,
  studies: array(optional({
    studyInstanceUid: text, patientName: text, patientId: text, accessionNumber: text, receivedAtMs: epochMs, sinceMs: epochMs, reason, flagged: flag, canRetry: flag, retriedBy: text,
    images: array(optional({
      sopInstanceUid: text, status: oneOf(['pending', 'scored', 'ineligible', 'unreadable', 'conflict', 'variant']), reason, attempts: integer, error: text, receivedAtMs: epochMs, callingAeTitle: text,
    }, 'error')),
  }, 'retriedBy')),
});
export const dismissBody = object({ reason: why });

const familySwitch: Readonly<Record<string, JsonSchema>> = { on: flag, atMs: epochMs, by: text, reason: text };
export const notices = array(object({ kind: oneOf(['family-off']), family: text, ...familySwitch }));
export const modelsAnswer = object({
  serverNowMs: epochMs,
  models: array(optional({
    name: text, version: text, sha256: text, task: text, status: text, shadow: flag, trainedAt: text, licence: text, hasCard: flag, ready: flag, whyNotReady: text,
    families: array(optional({
      family: text, threshold: number, thresholdOrigin: wording, on: flag, thresholdRemark: wording,
      siteThreshold: object({ id: text, manifestThreshold: number, groups: array(object({ group: wording, threshold: number })) }),
    }, 'siteThreshold', 'thresholdRemark')),
  }, 'status', 'whyNotReady')),
  families: array(object({ family: text, on: flag, switches: array(object(familySwitch)) })),
});
export const modelParams = object({ sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' } });
export const cardPictureParams = object({ sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' }, name: { type: 'string', pattern: CARD_PICTURE } });
export const cardAnswer = object({ markdown: text, language: oneOf(['en', 'vi']) });
export const switchBody = object({ family: oneOf(FAMILIES), on: flag, reason: why });

export const systemAnswer = object({
  serverNowMs: epochMs, startedAtMs: epochMs, ready: flag,
  checks: array(optional({ name: text, ok: flag, required: flag, reason: text }, 'reason')),
  versions: { type: 'object', additionalProperties: { type: 'string' } },
  disk: object({ freeBytes: number, totalBytes: number, floorBytes: number, storedBytes: number, bytesPerDay: number }),
  queue: object({ kind: oneOf(['embedded', 'redis']), healthy: flag, waiting: count, active: count, delayed: count }),
  workers: optional({
    wanted: count, problem: text,
    rows: array(object({ pid: integer, ready: flag, provider: text, models: array(text), imagesPerMinute: number, answeredCount: integer, rssBytes: number })),
  }, 'problem'),
  audit: object({ entryCount: integer, healthy: flag }),
  retention: object({ days: number }),
});
