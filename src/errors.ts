/**
 * The catalogue of errors: code → meaning, DICOM status, A-ABORT/A-ASSOCIATE-RJ reason, HTTP status, retryable.
 * Programmer errors are asserts and end the process. Hostile or damaged input is a FirstreadError, caught once per
 * edge. Refusals that are normal business are return values. No message carries patient data.
 */
export interface ErrorEntry {
  readonly meaning: string;
  /** PS3.7 Annex C status for a C-STORE that fails so. */
  readonly dicomStatus?: number;
  readonly httpStatus?: number;
  /** Trying the same again later may work. */
  readonly retryable: boolean;
}

const entry = (meaning: string, retryable: boolean, dicomStatus?: number, httpStatus?: number): ErrorEntry => ({
  meaning,
  retryable,
  ...(dicomStatus === undefined ? {} : { dicomStatus }),
  ...(httpStatus === undefined ? {} : { httpStatus }),
});

/** Grouped by room; a room adds its own codes here. */
export const ERRORS = {
  // dicom
  'not-dicom': entry('the bytes are not a DICOM object', false, 0xc000, 415),
  'data-set-damaged': entry('the data set cannot be parsed', false, 0xc000, 422),
  'data-set-over-limit': entry('the data set exceeds a limit (depth, elements, length)', false, 0xc000, 422),
  'pixels-damaged': entry('the pixel data is damaged', false, undefined, 422),
  'pixels-over-limit': entry('the pixel data exceeds a limit', false, undefined, 422),
  'pixels-unsupported': entry('the pixel encoding is not supported', false, undefined, 422),
  'decode-timeout': entry('decoding took longer than its deadline', false, undefined, 422),
  'pictures-busy': entry('too many pictures are being made: try again in a moment', true, undefined, 503),
  // dimse
  'pdu-malformed': entry('a PDU cannot be decoded', false),
  'command-malformed': entry('a command set cannot be decoded', false, 0xc000),
  'operation-unsupported': entry('the DIMSE operation is not supported here', false, 0x0211),
  'data-set-missing': entry('C-STORE without data set', false, 0xc000),
  'peer-unreachable': entry('no connection to the peer', true),
  'peer-silent': entry('the peer did not answer in time', true),
  'association-rejected': entry('the peer rejected the association, permanently', false),
  'association-rejected-transient': entry('the peer rejected the association for now', true),
  'association-lost': entry('the association was aborted or its connection lost', true),
  'context-not-accepted': entry('the peer accepted no presentation context for this object', false),
  // intake
  'storage-full': entry('out of resources: free space is below the floor', true, 0xa700, 507),
  'storage-failed': entry('the object could not be made durable', true, 0xa700, 500),
  // Not A700H: that says "try again later", and the object will never be smaller.
  'object-too-large': entry('the object exceeds the size limit', false, 0xc000, 413),
  'sop-class-refused': entry('the SOP class is not accepted here', false, 0x0122, 415),
  'sop-instance-invalid': entry('the SOP Instance UID is not a UID', false, 0x0117, 422),
  'intake-closing': entry('the system is shutting down', true, 0xa700, 503),
  'sop-mismatch': entry('data set does not match SOP class or instance', false, 0xa900, 422),
  'study-uid-missing': entry('the object has no Study Instance UID', false, 0xa900, 422),
  // registry
  'registry-missing': entry('there is no registry here', false, undefined, 404),
  'registry-newer': entry('the registry was written by a newer version', false, undefined, 500),
  'registry-older': entry('the registry must first be opened by a hub of this version', false, undefined, 500),
  'registry-damaged': entry('the registry file is damaged', false, 0xa700, 500),
  'study-unknown': entry('no such study', false, undefined, 404),
  // queue
  'queue-unavailable': entry('the queue does not answer', true, undefined, 503),
  // reports
  'report-failed': entry('the report could not be built; it is tried again', true),
  // inference
  'instance-missing': entry('the stored instance is not there', true, undefined, 404),
  'instance-incomplete': entry('the hub answers, but the stored instance does not come whole', true),
  'hub-unreachable': entry('the hub does not answer', true),
  'model-invalid': entry('the model folder is not usable', false),
  'model-hash-mismatch': entry('the model file differs from its manifest', false),
  'model-self-test-failed': entry('the model does not reproduce its self-test', false),
  'model-output-invalid': entry('the model gave something that is no number, or no probability', false),
  'model-run-failed': entry('the execution provider failed while running a model', true),
  'model-run-stuck': entry('a model has not answered for far too long: the driver or the device hangs', true),
  'provider-unavailable': entry('the execution provider is not available', true),
  // api
  'not-signed-in': entry('sign in first: there is no session, or it has ended', false, undefined, 401),
  'link-invalid': entry('the sign-in link was used before, has expired, or is wrong', false, undefined, 401),
  'credentials-wrong': entry('the name or the password is wrong', false, undefined, 401),
  'oidc-unavailable': entry('the sign-in provider does not answer', true, undefined, 503),
  'oidc-refused': entry('the sign-in provider\'s answer was refused: begin again', false, undefined, 401),
  'oidc-no-role': entry('this account may not sign in here: it is in no group that has a role, or it was disabled', false, undefined, 403),
  'oidc-name-taken': entry('this account\'s name belongs to another user here', false, undefined, 409),
  'too-many-attempts': entry('too many failed attempts: wait and try again', true, undefined, 429),
  'not-allowed': entry('this role may not do that', false, undefined, 403),
  'cross-site': entry('the request does not come from this page', false, undefined, 403),
  'host-not-allowed': entry('this server does not answer to that host name', false, undefined, 421),
  'not-found': entry('there is no such thing here', false, undefined, 404),
  'method-not-allowed': entry('the address does not take this method', false, undefined, 405),
  'request-invalid': entry('the request is not valid', false, undefined, 400),
  'request-too-large': entry('the request body is too large', false, undefined, 413),
  'media-type-unsupported': entry('the request body has a type that is not taken here', false, undefined, 415),
  'step-refused': entry('the study cannot take that step from where it is', false, undefined, 409),
  'claimed-by-other': entry('another reader has this study open', false, undefined, 409),
  'feedback-without-finding': entry('no model has scored that here: there is nothing to agree or disagree with', false, undefined, 409),
  'views-full': entry('there is no room for another saved view: remove one first', false, undefined, 409),
  'too-many-streams': entry('too many live connections', true, undefined, 503),
  'not-acceptable': entry('none of the media types that were asked for can be given for this object', false, undefined, 406),
  'instance-removed': entry('the images of this study were removed by retention: ask the archive', false, undefined, 410),
  'request-abandoned': entry('the client went away before the answer', false, undefined, 499),
  'too-many-requests': entry('too many requests: slow down', true, undefined, 429),
  'search-too-broad': entry('the search matches too much: narrow it', false, undefined, 413),
  'store-refused': entry('this server does not store over DICOMweb: send by DICOM C-STORE', false, undefined, 405),
  'picture-invalid': entry('the picture is not a JPEG', false, undefined, 415),
  'listen-refused': entry('other hosts may listen only once users are set up', false),
  'password-weak': entry('the password is too short or too common', false, undefined, 422),
  'internal': entry('something went wrong here; the log has the request id', true, undefined, 500),
  // ops
  'audit-broken': entry('the audit trail was changed or is incomplete', false),
  // configuration and use
  'config-invalid': entry('a setting is not valid', false),
  'usage': entry('the command line is not valid', false),
  'table-invalid': entry('a table cannot be used', false),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class that edges catch. `details` are for logs: offsets, tag paths, limits; never patient data. */
export class FirstreadError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message?: string, details: Readonly<Record<string, string | number | boolean>> = {}, cause?: unknown) {
    super(message ?? ERRORS[code].meaning, cause === undefined ? undefined : { cause });
    this.name = 'FirstreadError';
    this.code = code;
    this.details = details;
  }

  get entry(): ErrorEntry {
    return ERRORS[this.code];
  }
}

/** The disk is full or fails: what is only a courtesy (a claim, when a session was last used) goes without. */
export const isStorageTrouble = (error: unknown): boolean => error instanceof FirstreadError && (error.code === 'storage-full' || error.code === 'storage-failed');
