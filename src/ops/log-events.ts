/**
 * The numbered catalogue of what is logged, and the only fields a log line may carry. A number never changes its
 * meaning: people write alerts on it. Leaves out patient data: there is no field that could hold any, and UIDs are
 * hashed to a short reference by the logger (log.ts).
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

interface EventEntry {
  readonly id: number;
  readonly level: LogLevel;
  readonly text: string;
}

const event = (id: number, level: LogLevel, text: string): EventEntry => ({ id, level, text });

/** 1xxx process, 2xxx DICOM, 3xxx spool and registry, 4xxx queue and worker, 5xxx study, 6xxx delivery, 7xxx API. */
export const LOG_EVENTS = {
  'hub-starting': event(1001, 'info', 'hub is starting'),
  'hub-ready': event(1002, 'info', 'hub is ready'),
  'hub-stopping': event(1003, 'info', 'hub is stopping'),
  'hub-stopped': event(1004, 'info', 'hub has stopped'),
  'not-ready': event(1005, 'warn', 'a readiness check fails'),
  'ready-again': event(1006, 'info', 'a readiness check passes again'),
  'config-loaded': event(1007, 'info', 'settings were read'),
  'uncaught': event(1099, 'error', 'an error nobody caught: the process ends'),

  'listener-open': event(2001, 'info', 'DICOM listener is open'),
  'association-opened': event(2002, 'debug', 'association accepted'),
  'association-closed': event(2003, 'debug', 'association ended'),
  'association-refused': event(2004, 'warn', 'association refused'),
  'association-aborted': event(2005, 'warn', 'association aborted'),
  'protocol-violation': event(2006, 'warn', 'peer broke the upper layer protocol'),

  'instance-stored': event(3001, 'info', 'instance is durable'),
  'instance-duplicate': event(3002, 'info', 'instance was here already'),
  'instance-differs': event(3003, 'warn', 'same SOP Instance UID, other bytes'),
  'instance-refused': event(3004, 'warn', 'instance refused'),
  'storage-failed': event(3005, 'error', 'an object, a row or a report could not be written'),
  'storage-low': event(3006, 'error', 'free space is below the floor: new objects are refused'),
  'storage-recovered': event(3007, 'info', 'free space is above the floor again'),
  'retention-removed': event(3008, 'info', 'old instances were removed'),
  'reconciled': event(3009, 'info', 'outstanding work was derived again from the registry'),
  'instance-aborted': event(3011, 'info', 'instance did not come whole: what there was is forgotten'),
  'registry-migrated': event(3010, 'info', 'registry schema was migrated'),

  'queue-unreachable': event(4001, 'error', 'the queue does not answer: work waits in the registry'),
  'queue-recovered': event(4002, 'info', 'the queue answers again'),
  'worker-started': event(4003, 'info', 'worker process started'),
  'worker-ready': event(4004, 'info', 'worker has its models loaded'),
  'worker-ended': event(4005, 'warn', 'worker process ended'),
  'model-loaded': event(4006, 'info', 'model loaded and self-tested'),
  'model-refused': event(4007, 'error', 'model refused'),
  'analysis-done': event(4008, 'info', 'image analysed'),
  'analysis-failed': event(4009, 'warn', 'analysis failed, will be tried again'),
  'analysis-quarantined': event(4010, 'error', 'image set aside after too many failures'),
  'thresholds-in-force': event(4012, 'info', 'the site\'s own thresholds were read'),
  'thresholds-refused': event(4013, 'error', 'the file of the site\'s own thresholds cannot be read: what was in force stays'),
  'family-switched': event(4014, 'warn', 'a family of findings was switched off or on'),
  'model-run-stuck': event(4015, 'error', 'a run of a model hangs: its worker ends itself'),
  'answer-stale': event(4011, 'info', 'a late answer was discarded'),

  'study-assessed': event(5001, 'info', 'study assessed'),
  'study-attention': event(5002, 'warn', 'study needs a human'),
  'study-read': event(5003, 'info', 'study left the worklist'),
  'reports-written': event(5004, 'info', 'reports written'),
  'picture-missing': event(5005, 'warn', 'a report goes without the picture of its finding'),

  'delivery-sent': event(6001, 'info', 'delivered'),
  'delivery-delayed': event(6002, 'warn', 'delivery failed, will be tried again'),
  'delivery-failed': event(6003, 'error', 'delivery failed for good'),
  'delivery-dropped': event(6004, 'warn', 'deliveries were given up by a person'),

  'api-open': event(7001, 'info', 'API is open'),
  'api-request': event(7002, 'debug', 'request served'),
  'api-refused': event(7003, 'warn', 'request refused'),
  'api-error': event(7004, 'error', 'request failed inside'),
  'sign-in': event(7005, 'info', 'signed in'),
  'sign-in-refused': event(7006, 'warn', 'sign-in refused'),
  'audit-failed': event(7007, 'error', 'audit trail cannot be written: entries are kept in memory'),
  'audit-recovered': event(7008, 'info', 'audit trail is written again'),
  'oidc-away': event(7009, 'warn', 'the sign-in provider does not answer: local users go on'),
  'oidc-ready': event(7010, 'info', 'the sign-in provider answers'),
  'certificate-renewed': event(7011, 'info', 'the page\'s renewed certificate is in use'),
  'certificate-unusable': event(7012, 'error', 'the page\'s certificate on disk cannot be used: the one before goes on'),
  'pages-built': event(7013, 'info', 'the built pages are served'),
  'pages-from-sources': event(7014, 'warn', 'the pages are served from their sources, a file a module: `npm run build:pages` makes them quick on slow lines'),
} as const satisfies Record<string, EventEntry>;

export type LogEvent = keyof typeof LOG_EVENTS;

/**
 * The allow-list. `word`: letters, digits and a few signs, for codes and versions. `line`: printable text written by
 * us or by a device's configuration (AE titles). `uid`: hashed before it is written. `number`, `boolean`: as they are.
 */
export const LOG_FIELDS = {
  // who and where: machines, never patients
  callingAeTitle: 'line', calledAeTitle: 'line', remoteAddress: 'word', host: 'word', port: 'number', destination: 'word',
  user: 'word', role: 'word', process: 'word', pid: 'number', thread: 'number', address: 'word',
  // what: references that lead nowhere without the registry
  studyInstanceUid: 'uid', seriesInstanceUid: 'uid', sopInstanceUid: 'uid', fileKey: 'uid', contentSha256: 'uid',
  jobId: 'uid', deliveryId: 'word', requestId: 'word', associationId: 'word',
  sopClassUid: 'word', transferSyntaxUid: 'word', modality: 'word',
  // how it went
  code: 'word', reason: 'word', state: 'word', priority: 'word', kind: 'word', check: 'word', stage: 'word',
  method: 'word', route: 'route', httpStatus: 'number', dicomStatus: 'word', errorCode: 'word', errorClass: 'word', syscall: 'word', at: 'frames',
  signal: 'word', exitCode: 'number', attempt: 'number', attempts: 'number', revision: 'number', retryable: 'boolean',
  flagged: 'boolean', stat: 'boolean', tls: 'boolean',
  // how much and how long
  count: 'number', instanceCount: 'number', associationCount: 'number', queueDepth: 'number', byteLength: 'number',
  freeBytes: 'number', totalBytes: 'number', droppedFields: 'number', schemaVersion: 'number',
  durationMs: 'number', queueWaitMs: 'number', fetchMs: 'number', decodeMs: 'number', preprocessMs: 'number',
  inferenceMs: 'number', totalMs: 'number', nextAttemptInMs: 'number', rssMb: 'number',
  // which build and model
  version: 'word', nodeVersion: 'word', timeZone: 'word', model: 'word', modelVersion: 'word', modelSha256: 'word', provider: 'word', batch: 'number',
} as const;

export type LogField = keyof typeof LOG_FIELDS;
export type LogFieldKind = (typeof LOG_FIELDS)[LogField];
declare const sentence: unique symbol;
/** A sentence as a word that a line takes: only `sentenceAsWord` (redaction.ts) makes one. */
export type SentenceWord = string & { readonly [sentence]: true };

/**
 * What a line may give as its reason. A sentence as it stands would be dropped for its spaces, and an operator would look for
 * the reason in vain; so a plain string does not compile here: it is one of these words, or goes through `sentenceAsWord`.
 */
export type LogReason =
  | SentenceWord
  | 'account-changes' | 'claims' | 'close-by-rule' | 'family-switch' | 'gauges' | 'orphans-adopted' | 'refusal-not-recorded'
  | 'retention' | 'sign-in-sessions' | 'studies-backfill' | 'sweep' | 'tls-failed' | 'not-built' | 'sources-differ';

type LogValue<F extends LogField> = F extends 'reason' ? LogReason : string | number | boolean;
export type LogFields = { readonly [F in LogField]?: LogValue<F> | undefined } & { readonly error?: unknown };
