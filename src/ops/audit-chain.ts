/**
 * The audit trail's chain (PURE but for the hash): each entry carries the hash of the one before it, so that a line
 * changed, removed, added or moved is found. With a key (kept outside the trail, in the site's secrets) the hash is an
 * HMAC and cannot be recomputed by whoever may only write the file. Events follow PS3.15 A.5 in spirit (who, what,
 * whom, from where, outcome), not in XML.
 */
import { createHash, createHmac } from 'node:crypto';

/** What is audited. */
export type AuditEvent =
  | 'audit-opened' | 'audit-recovered'
  | 'application-start' | 'application-stop'
  | 'sign-in' | 'sign-in-refused' | 'sign-out' | 'link-issued' | 'token-issued' | 'token-revoked' | 'user-saved' | 'password-changed' | 'session-ended' | 'locked-out'
  | 'worklist-viewed' | 'patient-viewed' | 'picture-viewed' | 'report-viewed'
  | 'study-read' | 'study-unread' | 'study-closed' | 'study-prioritised' | 'study-acknowledged'
  | 'study-claimed' | 'study-released' | 'claim-lapsed' | 'feedback-given'
  | 'request-refused' | 'association-refused' | 'instance-refused'
  | 'instances-removed' | 'export'
  | 'delivery-retried' | 'delivery-dropped' | 'quarantine-retried' | 'quarantine-dismissed' | 'family-switched'
  | 'thresholds-in-force';

export interface AuditFacts {
  readonly event: AuditEvent;
  /** Account name, AE title, or `-` where nobody is known. */
  readonly who: string;
  readonly from?: string;
  readonly outcome: 'done' | 'refused';
  readonly studyInstanceUid?: string;
  /** Report or file that was looked at. */
  readonly object?: string;
  /** Codes and settings; short. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export interface AuditEntry extends AuditFacts {
  readonly sequence: number;
  readonly at: string;
  readonly previous: string;
  readonly hash: string;
}

export const CHAIN_START = '0'.repeat(64);

export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

export const EMPTY_HEAD: ChainHead = { sequence: 0, hash: CHAIN_START };

/** The hash covers the line as it is written, without its own hash: key order is part of it. */
function hashOf(body: string, key: Uint8Array | undefined): string {
  return (key === undefined ? createHash('sha256') : createHmac('sha256', key)).update(body).digest('hex');
}

export function chainEntry(head: ChainHead, facts: AuditFacts, atMs: number, key?: Uint8Array): { line: string; head: ChainHead } {
  const sequence = head.sequence + 1;
  const body = JSON.stringify({ sequence, at: new Date(atMs).toISOString(), ...facts, previous: head.hash });
  const hash = hashOf(body, key);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}\n`, head: { sequence, hash } };
}

export type ChainVerdict =
  | { readonly intact: true; readonly head: ChainHead }
  | { readonly intact: false; readonly line: number; readonly problem: string };

/**
 * Walks a trail from `head` on. `expected`: the head noted elsewhere (audit.ts keeps it beside the trail): without it
 * lines cut off the end could not be missed.
 */
export function verifyChain(lines: Iterable<string>, options: { key?: Uint8Array; expected?: ChainHead } = {}): ChainVerdict {
  let head = EMPTY_HEAD;
  let lineNumber = 0;
  let expectedSeen = options.expected === undefined || options.expected.sequence === 0;
  for (const line of lines) {
    lineNumber += 1;
    const broken = (problem: string): ChainVerdict => ({ intact: false, line: lineNumber, problem });
    const match = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/.exec(line);
    if (match === null) return broken('not an audit entry');
    const body = `${match[1]}}`;
    let entry: { sequence?: unknown; previous?: unknown };
    try {
      entry = JSON.parse(body) as typeof entry;
    } catch {
      return broken('not an audit entry');
    }
    if (entry.sequence !== head.sequence + 1) return broken(`entry ${head.sequence + 1} is missing or out of place`);
    if (entry.previous !== head.hash) return broken('does not follow from the entry before it');
    if (hashOf(body, options.key) !== match[2]) return broken('was changed');
    head = { sequence: head.sequence + 1, hash: match[2]! };
    if (options.expected?.sequence === head.sequence) {
      if (options.expected.hash !== head.hash) return broken('differs from the noted head');
      expectedSeen = true;
    }
  }
  if (!expectedSeen) return { intact: false, line: lineNumber + 1, problem: `entries after ${head.sequence} were cut off (${options.expected!.sequence} were written)` };
  return { intact: true, head };
}
