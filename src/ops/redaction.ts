/**
 * What a log line may say (PURE): fields are checked against the allow-list, UIDs become short references, errors are
 * reduced to class, code and stack frames. Everything else is dropped and counted, so that a slip in a caller costs a
 * field, not a patient's name. An error's free message is never written unless it is a FirstreadError's catalogue
 * meaning: parsers quote what they choke on.
 */
import { createHash } from 'node:crypto';
import { FirstreadError } from '../errors.ts';
import { LOG_FIELDS, type LogField, type LogFieldKind, type SentenceWord } from './log-events.ts';

/** Characters; an AE title has 16, a transfer syntax UID 64. */
const WORD_LENGTH_MAX = 96;
const FRAME_COUNT_MAX = 6;

/** 48 bits: enough to tell a site's studies apart, not to find one from outside. */
export function referenceOf(uid: string): string {
  return createHash('sha256').update(uid).digest('hex').slice(0, 12);
}

/** Control characters, bidirectional overrides and other invisible ones could forge or hide a line in a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, '·').slice(0, WORD_LENGTH_MAX);
}

/**
 * A sentence of our own, or of PS3.8, as a word that a log line takes ("no-worker-has-its-models-loaded-yet"). Never for
 * text that a data set, a person or a parser of data sets has had a hand in.
 */
export function sentenceAsWord(sentence: string): SentenceWord {
  return sentence.replace(/[^A-Za-z0-9_.:+/@[\]]+/g, '-').replace(/^-+|-+$/g, '') as SentenceWord;
}

function admit(kind: LogFieldKind, value: unknown): string | number | boolean | undefined {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'uid':
      return typeof value === 'string' && value !== '' ? referenceOf(value) : undefined;
    case 'word':
      // No spaces, no caret: a person's name does not fit.
      return typeof value === 'string' && /^[A-Za-z0-9_.:+/@[\]-]+$/.test(value) ? value.slice(0, WORD_LENGTH_MAX) : undefined;
    case 'route':
      // The pattern of a route (`/api/studies/:uid`), never the address that was asked for.
      return typeof value === 'string' && /^[A-Za-z0-9_.:/*-]+$/.test(value) ? value.slice(0, WORD_LENGTH_MAX) : undefined;
    case 'line':
      return typeof value === 'string' ? printable(value) : undefined;
    case 'frames':
      return typeof value === 'string' ? value : undefined;
  }
}

export interface AdmittedFields {
  readonly fields: Record<string, string | number | boolean>;
  readonly droppedFields: number;
}

export function admitFields(given: Readonly<Record<string, unknown>>): AdmittedFields {
  const fields: Record<string, string | number | boolean> = {};
  let droppedFields = 0;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (name === 'error') {
      Object.assign(fields, describeError(value));
      continue;
    }
    const kind = Object.hasOwn(LOG_FIELDS, name) ? LOG_FIELDS[name as LogField] : undefined;
    const admitted = kind === undefined || kind === 'frames' ? undefined : admit(kind, value);
    if (admitted === undefined) droppedFields += 1;
    else fields[kind === 'uid' ? name.replace(/(Uid|Sha256|Id|Key)$/, 'Ref') : name] = admitted;
  }
  return { fields, droppedFields };
}

/** Class, code, and where: `at` are function and file:line of the topmost frames of our own code. */
export function describeError(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { errorClass: typeof error };
  const { code, syscall } = error as NodeJS.ErrnoException;
  const safeCode = typeof code === 'string' ? admit('word', code) : undefined;
  const safeCall = typeof syscall === 'string' ? admit('word', syscall) : undefined;
  return {
    errorClass: String(admit('word', error.name) ?? 'Error'),
    ...(safeCode === undefined ? {} : { errorCode: String(safeCode) }),
    ...(safeCall === undefined ? {} : { syscall: String(safeCall) }),
    ...(error instanceof FirstreadError ? { meaning: error.entry.meaning } : {}),
    at: framesOf(error.stack),
  };
}

/** Only lines of the shape of a stack frame: the message above them may run over several lines. */
function framesOf(stack: string | undefined): string {
  const frames: string[] = [];
  for (const line of (stack ?? '').split('\n')) {
    const match = /^ {4}at (?:async )?(?:([\w.$<>[\] ]{1,80}) \()?(?:file:\/\/)?(?:\/|node:)([\w./:@-]+):(\d+):\d+\)?$/.exec(line);
    if (match === null) continue;
    const file = match[2]!.split('/').slice(-2).join('/');
    frames.push(`${match[1] ?? ''}@${file}:${match[3]}`);
    if (frames.length === FRAME_COUNT_MAX) break;
  }
  return frames.join(' < ');
}
