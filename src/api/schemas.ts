/**
 * JSON schemas of what goes in and out. What an answer's schema does not name is not sent: a new column in the registry
 * does not leak by itself. Strings from outside have lengths.
 */
import { FILE_KEY } from './ports.ts';
import { FLAGS } from './flag.ts';
import { PERSON_ROLES, ROLES } from './roles.ts';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly [keyword: string]: unknown;
}

type Properties = Readonly<Record<string, JsonSchema>>;

/** All properties are required but those named optional. */
export function object(properties: Properties, optional: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)), additionalProperties: false };
}
export const array = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const text: JsonSchema = { type: 'string' };
export const number: JsonSchema = { type: 'number' };
export const integer: JsonSchema = { type: 'integer' };
export const flag: JsonSchema = { type: 'boolean' };
export const epochMs: JsonSchema = { type: 'number', description: 'milliseconds since 1970-01-01T00:00:00Z' };
const oneOf = (values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });

/** PS3.5 9.1: digits and dots, at most 64. */
export const uid: JsonSchema = { type: 'string', pattern: '^[0-9.]{1,64}$' };
export const uidParams = object({ uid });
export const fileKeyParams = object({ fileKey: { type: 'string', pattern: FILE_KEY } });
const limit = (byDefault: number, maximum: number): JsonSchema => ({ type: 'integer', minimum: 1, maximum, default: byDefault });
const offset: JsonSchema = { type: 'integer', minimum: 0, maximum: 1_000_000, default: 0 };
export const pageQuery = object({ limit: limit(100, 500), offset }, ['limit', 'offset']);
export const worklistQuery = object(
  { limit: limit(100, 500), offset, includeRead: { type: 'boolean', default: false }, search: { type: 'string', maxLength: 200 } },
  ['limit', 'offset', 'includeRead', 'search'],
);
export const whyQuery = object({ a: uid, b: uid });

const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema.type as string, 'null'] });

const reason = object({ code: text, text });
const model = object({ name: text, version: text, sha256: text });
const box = object({ x: number, y: number, width: number, height: number, score: number });
const notAssessed = array(object({ family: text, reason }));
const state = oneOf(['receiving', 'analysing', 'assessed', 'reported', 'delivered', 'ineligible', 'attention']);

const factNames = [
  'patientId', 'patientName', 'patientBirthDate', 'patientSex', 'accessionNumber', 'studyDate', 'studyTime', 'studyDescription', 'modality',
  'institutionName', 'institutionalDepartmentName', 'stationName', 'callingAeTitle',
];
const facts = object({ ...Object.fromEntries(factNames.map((name) => [name, text])), characterSetGuessed: flag }, [...factNames, 'characterSetGuessed']);

/** study/worklist-row.ts and the flag. */
export const row = object({
  rank: { ...orNull(integer), description: '1 is read first; null for a study that has left the list' },
  studyInstanceUid: text,
  accessionNumber: text, patientId: text, patientName: text,
  flag: oneOf(FLAGS),
  state,
  priority: oneOf(['critical', 'urgent', 'routine', 'undetermined']),
  reason,
  receivedAt: text,
  findings: array(object({ label: text, family: text, score: number, threshold: number, flagged: flag, sopInstanceUid: text, model: object({ name: text, version: text }), siteThreshold: object({ id: text, group: text }, ['group']) }, ['siteThreshold'])),
  lane: orNull(text),
  waitingMs: number,
  capMs: { type: 'number', description: 'past this wait the study outranks its class' },
  overdue: flag, overdueMs: number, breachInMs: number,
  revision: integer, instanceCount: integer,
  order: object({ stat: flag, statSource: text, statByPerson: flag, inpatient: flag, patientAgeYears: number }, ['statSource', 'statByPerson', 'patientAgeYears']),
  notAssessed,
  attention: orNull(reason),
  facts,
  readAt: orNull(text), readBy: orNull(text), closedAt: orNull(text), closedReason: orNull(text), reopenedReason: orNull(reason),
  updatedAt: text,
});
const flagCounts = object(Object.fromEntries(FLAGS.map((name) => [name, integer])));
export const worklistAnswer = object({ total: integer, flagCounts, serverNowMs: epochMs, livePosition: text, rows: array(row) }, ['flagCounts']);

const findingFields: Properties = {
  family: text, label: text, score: number, threshold: number, flagged: flag, longAxisMm: number, longAxisAtDetector: flag, model,
  boxes: array(box), region: array(array(array(number))),
  siteThreshold: object({ id: text, origin: text, group: text }, ['group']),
};
const findingOptional = ['longAxisMm', 'longAxisAtDetector', 'siteThreshold'];

const image = object(
  {
    sopInstanceUid: text, fileKey: text, contentSha256: text, byteLength: number, receivedAtMs: epochMs, callingAeTitle: text, hasPixels: flag,
    status: oneOf(['pending', 'scored', 'ineligible', 'unreadable', 'conflict', 'variant']),
    reason: orNull(reason),
    modality: text, viewPosition: text, bodyPartExamined: text, seriesDescription: text, manufacturer: text, stationName: text, transferSyntaxUid: text,
    columns: integer, rows: integer,
    findings: array(object(findingFields, findingOptional)), notAssessed, remarks: array(reason), decodePath: text,
    timings: object({ fetchMs: number, decodeMs: number, preprocessMs: number, inferenceMs: number, totalMs: number }),
  },
  ['modality', 'viewPosition', 'bodyPartExamined', 'seriesDescription', 'manufacturer', 'stationName', 'columns', 'rows', 'decodePath', 'timings'],
);
export const delivery = object(
  { id: text, studyInstanceUid: text, destination: text, kind: text, state: oneOf(['pending', 'sent', 'verified', 'failed']), attempts: integer, updatedAtMs: epochMs, nextAttemptAtMs: epochMs, error: text },
  ['nextAttemptAtMs', 'error'],
);
export const studyAnswer = object({
  serverNowMs: epochMs,
  row,
  assessment: object({ findings: array(object({ ...findingFields, sopInstanceUid: text }, findingOptional)), notAssessed }),
  images: array(image),
  journal: array(object({ atMs: epochMs, kind: text, text, by: text }, ['by'])),
  reports: array(object({ sopInstanceUid: text, revision: integer, family: text, kind: text, writtenAtMs: epochMs })),
  deliveries: array(delivery),
});

export const whyAnswer = object({ above: text, below: text, explanation: text });
export const refusalsAnswer = object({
  refusals: array(object({ callingAeTitle: text, calledAeTitle: text, remoteAddress: text, code: text, text, firstAtMs: epochMs, lastAtMs: epochMs, attemptCount: integer })),
});
export const devicesAnswer = object({
  devices: array(object({
    callingAeTitle: text, calledAeTitle: text, remoteAddress: text, firstSeenAtMs: epochMs, lastSeenAtMs: epochMs,
    associationCount: integer, instanceCount: integer, byteCount: number, recentInstanceCount: integer,
  })),
});
export const deliveriesAnswer = object({ deliveries: array(delivery) });
export const modelsAnswer = object({
  models: array(object({
    name: text, version: text, sha256: text, family: text, threshold: number, thresholdOrigin: text, ready: flag, status: text, thresholdRemark: text,
    siteThreshold: object({ id: text, manifestThreshold: number, groups: array(object({ group: text, threshold: number })) }),
  }, ['status', 'siteThreshold', 'thresholdRemark'])),
});

export const prioritiseBody = object({ stat: flag });
export const closeBody = object({ reason: { type: 'string', minLength: 3, maxLength: 200, pattern: '\\S' } });
export const signInBody = object({ name: { type: 'string', minLength: 1, maxLength: 64 }, password: { type: 'string', minLength: 1, maxLength: 256 } });
export const linkBody = object({ name: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' }, role: oneOf(PERSON_ROLES) });
export const linkAnswer = object({ path: text });
export const linkQuery = object({ link: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' } });
export const sessionAnswer = object({ signedIn: flag, name: text, role: oneOf(ROLES), permissions: array(text), usersConfigured: flag, version: text }, ['name', 'role']);
export const doneAnswer = object({ done: flag });
export const readyAnswer = object({ ready: flag, checks: array(object({ name: text, ok: flag, required: flag, reason: text }, ['reason'])) });
export const errorAnswer = object({ error: object({ code: text, message: text, detail: text, requestId: text }, ['detail']) });
