/**
 * JSON schemas of what goes in and out. What an answer's schema does not name is not sent: a new column in the registry
 * does not leak by itself. Strings from outside have lengths.
 */
import { FILE_KEY } from './ports.ts';
import { FLAGS } from '../study/flag.ts';
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
/** study/wording.ts */
export const wording: JsonSchema = { description: 'a sentence in one language as somebody wrote it, or in both of the page\'s', anyOf: [text, object({ en: text, vi: text })] };
const oneOf = (values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });

/** PS3.5 9.1: digits and dots, at most 64. */
export const uid: JsonSchema = { type: 'string', pattern: '^[0-9.]{1,64}$' };
export const uidParams = object({ uid });
export const fileKeyParams = object({ fileKey: { type: 'string', pattern: FILE_KEY } });
const limit = (byDefault: number, maximum: number): JsonSchema => ({ type: 'integer', minimum: 1, maximum, default: byDefault });
const offset: JsonSchema = { type: 'integer', minimum: 0, maximum: 1_000_000, default: 0 };
export const languageQuery = object({ lang: oneOf(['en', 'vi']) }, ['lang']);
/** Search keys and parameters of DICOMweb: their names are attributes, so nobody can list them. */
export const anyQuery: JsonSchema = { type: 'object', additionalProperties: { anyOf: [{ type: 'string', maxLength: 4_096 }, { type: 'array', items: { type: 'string', maxLength: 4_096 }, maxItems: 64 }] } };
export const pageQuery = object({ limit: limit(100, 500), offset }, ['limit', 'offset']);
const someFlag = FLAGS.join('|');
const name: JsonSchema = { type: 'string', minLength: 1, maxLength: 200 };
const worklistFilters: Properties = {
  scope: { ...oneOf(['mine', 'unread', 'all', 'read']), description: 'mine: on the list and not held by another reader; unread (the default): on the list' },
  includeRead: { type: 'boolean', default: false, description: 'the same as scope=all' },
  search: { type: 'string', maxLength: 200, description: 'name (accents and case do not matter), patient ID, accession number, description' },
  state: { type: 'string', pattern: `^(${someFlag})(,(${someFlag})){0,3}$`, description: `comma-separated: ${FLAGS.join(', ')}` },
  finding: { ...oneOf(['tuberculosis', 'lung nodule']), description: 'flagged for this' },
  site: { ...name, description: 'institution name' },
  device: { ...name, description: 'calling AE title' },
  from: { ...epochMs, description: 'received then or later, milliseconds since 1970' },
  to: { ...epochMs, description: 'received before, milliseconds since 1970' },
  reader: { ...name, description: 'read by, or held by' },
};
export const worklistQuery = object(
  {
    limit: limit(100, 500), offset, ...worklistFilters,
    sort: { ...oneOf(['rank', 'received', 'name', 'age']), default: 'rank' },
    direction: { ...oneOf(['asc', 'desc']), description: 'default: asc by rank and name, desc by received and age; what is unknown comes last either way' },
  },
  ['limit', 'offset', ...Object.keys(worklistFilters), 'sort', 'direction'],
);
export const whyQuery = object({ a: uid, b: uid });

const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: [schema.type as string, 'null'] });

const reason = object({ code: text, text });
const model = object({ name: text, version: text, sha256: text });
const box = object({ x: number, y: number, width: number, height: number, score: number });
const notAssessed = array(object({ family: text, reason }));
const state = oneOf(['receiving', 'analysing', 'assessed', 'reported', 'delivered', 'ineligible', 'attention']);

const factNames = [
  'patientId', 'issuerOfPatientId', 'patientName', 'patientBirthDate', 'patientSex', 'accessionNumber', 'studyDate', 'studyTime', 'studyDescription', 'modality',
  'institutionName', 'institutionalDepartmentName', 'stationName', 'ward', 'callingAeTitle',
];
const facts = object({ ...Object.fromEntries(factNames.map((name) => [name, text])), characterSetGuessed: flag }, [...factNames, 'characterSetGuessed']);

export const claim = object({ by: text, sinceMs: epochMs, untilMs: { ...epochMs, description: 'lapses then, unless it is renewed' }, mine: flag });
const claimOrNull: JsonSchema = { ...claim, type: ['object', 'null'] };

/** study/worklist-row.ts, the flag, and what readers do with the study. */
export const row = object({
  rank: { ...orNull(integer), description: '1 is read first; null for a study that has left the list' },
  studyInstanceUid: text,
  accessionNumber: text, patientId: text, patientName: text,
  flag: oneOf(FLAGS),
  state,
  priority: oneOf(['critical', 'urgent', 'routine', 'undetermined']),
  reason,
  receivedAt: text,
  findings: array(object({ label: text, family: text, score: number, threshold: number, flagged: flag, sopInstanceUid: text, model: object({ name: text, version: text }), siteThreshold: object({ id: text, group: wording }, ['group']) }, ['siteThreshold'])),
  lane: orNull(text),
  waitingMs: number,
  capMs: { type: 'number', description: 'past this wait the study outranks its class' },
  overdue: flag, overdueMs: number, breachInMs: number,
  dueAtMs: { type: ['number', 'null'], description: 'when the cap of its class is reached; null off the list' },
  estimateMs: { type: 'number', description: 'until an analysing study has its answer; absent where unknown' },
  claim: claimOrNull, feedbackCount: integer,
  institutionName: text, ward: text, callingAeTitle: text,
  revision: integer, instanceCount: integer,
  order: object({ stat: flag, statSource: text, statByPerson: flag, inpatient: flag, patientAgeYears: number }, ['statSource', 'statByPerson', 'patientAgeYears']),
  notAssessed, partlyNotAssessed: notAssessed,
  attention: orNull(reason),
  facts,
  readAt: orNull(text), readBy: orNull(text), closedAt: orNull(text), closedReason: orNull(text), reopenedReason: orNull(reason),
  updatedAt: text,
}, ['estimateMs']);
const perFlag = Object.fromEntries(FLAGS.map((one) => [one, integer]));
const counts = { ...object({ mine: integer, unread: integer, withOthers: integer, ...perFlag }), description: 'of the whole list, whatever is filtered' };
/** What everybody must know above the list: a family of findings that is switched off. */
const notices = array(object({ kind: oneOf(['family-off']), family: text, on: flag, atMs: epochMs, by: text, reason: text }));
export const worklistAnswer = object({ total: integer, counts, flagCounts: object(perFlag), serverNowMs: epochMs, livePosition: text, notices, rows: array(row) });
export const facetsAnswer = object({ sites: array(text), devices: array(text), readers: array(text) });
export const claimBody: JsonSchema = { ...object({ takeOver: { type: 'boolean', default: false } }, ['takeOver']), type: ['object', 'null'] };
export const feedbackBody = object(
  { family: oneOf(['tuberculosis', 'lung nodule']), verdict: oneOf(['agree', 'disagree']), note: { type: 'string', maxLength: 1_000 } },
  ['note'],
);
/** Up to three signs a letter where the accents come apart; put together it has at most VIEW_NAME_MAX. */
const viewName: JsonSchema = { type: 'string', minLength: 1, maxLength: 180, pattern: '^[^\\u0000-\\u001f\\u007f]*\\S[^\\u0000-\\u001f\\u007f]*$' };
export const viewParams = object({ name: viewName });
export const viewBody = object({ query: { type: 'string', maxLength: 2_000 } });
export const viewsAnswer = object({ views: array(object({ name: text, query: text, savedAtMs: epochMs })) });
const orNumber: JsonSchema = { type: ['number', 'null'] };
const spans = object({ count: integer, medianMs: orNumber, p95Ms: orNumber, maxMs: orNumber });
export const turnaroundQuery = object({ from: epochMs, to: epochMs }, ['from', 'to']);
export const turnaroundAnswer = object({
  fromMs: epochMs, toMs: epochMs, flag: spans, read: spans,
  byClass: array(object({ priority: text, flag: spans, read: spans })),
  byHour: array(object({ hour: integer, flag: spans, read: spans })),
});
export const claimAnswer = object({ claim: claimOrNull });

const heatmap = object({ columns: integer, rows: integer, area: object({ x: number, y: number, width: number, height: number }), cellsBase64: text });
const findingFields: Properties = {
  family: text, label: text, score: number, threshold: number, flagged: flag, longAxisMm: number, longAxisAtDetector: flag, model,
  boxes: array(box), region: array(array(array(number))),
  siteThreshold: object({ id: text, origin: wording, group: wording }, ['group']),
};
const findingOptional = ['longAxisMm', 'longAxisAtDetector', 'siteThreshold'];

const image = object(
  {
    sopInstanceUid: text, fileKey: text, contentSha256: text, byteLength: number, receivedAtMs: epochMs, callingAeTitle: text, hasPixels: flag,
    status: oneOf(['pending', 'scored', 'ineligible', 'unreadable', 'conflict', 'variant']),
    reason: orNull(reason),
    modality: text, viewPosition: text, bodyPartExamined: text, seriesDescription: text, manufacturer: text, stationName: text, transferSyntaxUid: text,
    columns: integer, rows: integer,
    findings: array(object({ ...findingFields, heatmap }, [...findingOptional, 'heatmap'])), notAssessed, remarks: array(reason), decodePath: text,
    timings: object({ fetchMs: number, decodeMs: number, preprocessMs: number, inferenceMs: number, totalMs: number }),
  },
  ['modality', 'viewPosition', 'bodyPartExamined', 'seriesDescription', 'manufacturer', 'stationName', 'columns', 'rows', 'decodePath', 'timings'],
);
export const delivery = object(
  { id: text, studyInstanceUid: text, destination: text, kind: text, state: oneOf(['pending', 'sent', 'verified', 'failed', 'dropped']), attempts: integer, updatedAtMs: epochMs, nextAttemptAtMs: epochMs, error: text, errorCode: text },
  ['nextAttemptAtMs', 'error', 'errorCode'],
);
const feedback = object(
  { family: text, verdict: oneOf(['agree', 'disagree']), note: text, by: text, atMs: epochMs, mine: flag, model, score: number, threshold: number, flagged: flag },
  ['note'],
);
export const feedbackGivenAnswer = object({ feedback });
const prior = object(
  {
    studyInstanceUid: text, receivedAtMs: epochMs, studyDate: text, description: text, flag: oneOf(FLAGS),
    images: array(object({ sopInstanceUid: text, fileKey: text, hasPixels: flag, viewPosition: text, removed: flag }, ['viewPosition'])),
  },
  ['studyDate', 'description'],
);
const journalFactFields: Properties = {
  outcome: text, scores: array(object({ family: text, score: number, threshold: number, bySite: flag })), switchedOff: array(text), reason,
  samePicture: flag, attempts: integer, revision: integer, stat: flag, where: text, words: text,
};
const journalFacts = object(journalFactFields, Object.keys(journalFactFields));
export const studyAnswer = object({
  serverNowMs: epochMs,
  viewerUrl: { type: ['string', 'null'], description: 'opens the study in the site\'s own viewer' },
  row,
  assessment: object({ findings: array(object({ ...findingFields, sopInstanceUid: text }, findingOptional)), notAssessed }),
  images: array(image),
  journal: array(object({ atMs: epochMs, kind: text, text, by: text, facts: journalFacts }, ['by', 'facts'])),
  reports: array(object({ sopInstanceUid: text, revision: integer, family: text, kind: text, writtenAtMs: epochMs })),
  deliveries: array(delivery),
  feedback: { ...array(feedback), description: 'the latest of each person and family, newest first' },
  priors: { ...array(prior), description: 'other studies of the same patient, newest first' },
});

const orderFacts = object({
  rank: integer, priority: text, lane: text, waitingMs: number, capMs: number, overdueMs: number, reason, inpatient: flag, patientAgeYears: number,
}, ['patientAgeYears']);
export const whyAnswer = object({ above: uid, below: uid, code: text, stepMs: number, facts: object({ above: orderFacts, below: orderFacts }), explanation: text });
export const modelsAnswer = object({
  models: array(object({
    name: text, version: text, sha256: text, family: text, threshold: number, thresholdOrigin: wording, ready: flag, status: text, thresholdRemark: wording,
    siteThreshold: object({ id: text, manifestThreshold: number, groups: array(object({ group: wording, threshold: number })) }),
  }, ['status', 'siteThreshold', 'thresholdRemark'])),
});

export const prioritiseBody = object({ stat: flag });
export const closeBody = object({ reason: { type: 'string', minLength: 3, maxLength: 200, pattern: '\\S' } });
export const signInBody = object({ name: { type: 'string', minLength: 1, maxLength: 64 }, password: { type: 'string', minLength: 1, maxLength: 256 } });
export const linkBody = object({ name: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' }, role: oneOf(PERSON_ROLES) });
export const linkAnswer = object({ path: text });
/** A link that lost its end in a mail is refused as a link, with words, not as a request. */
export const linkQuery = object({ link: { type: 'string', maxLength: 200 } });
export const sessionAnswer = object({ signedIn: flag, name: text, role: oneOf(ROLES), permissions: array(text), usersConfigured: flag, version: text, hasPassword: flag, passwordLengthMin: integer, oidc: object({ name: text, available: flag }) }, ['name', 'role', 'hasPassword', 'passwordLengthMin', 'oidc']);
export const doneAnswer = object({ done: flag });
export const signOutAnswer = object({ done: flag, next: text }, ['next']);
const passwordText: JsonSchema = { type: 'string', minLength: 1, maxLength: 256 };
export const passwordBody = object({ before: passwordText, after: passwordText });
export const readyAnswer = object({ ready: flag, checks: array(object({ name: text, ok: flag, required: flag, reason: text }, ['reason'])) });
export const errorAnswer = object({
  error: object({ code: text, message: text, detail: text, requestId: text, claim: { ...claim, description: 'with claimed-by-other: who holds it' } }, ['detail', 'claim']),
});
