/**
 * PORTS of the API: just what the routes need from the registry, the spool and the live feed, so that the server can
 * be built in a test from plain objects. The hub composes the real ones; nothing here knows SQLite or a path.
 */
import type { Readable } from 'node:stream';
import type { CodedReason, FindingFamily, InstanceHeader, ModelReference, Study } from '../study/types.ts';
import type { OrderReason } from '../study/explain-order.ts';
import type { Flag } from '../study/flag.ts';
import type { Wording } from '../study/wording.ts';
import type { ReadingRow } from './reading-ports.ts';

export interface WorklistQuery {
  readonly limit: number;
  readonly offset: number;
  /** `mine`: on the list and not held by another reader. `all`: those off the list follow the ranked ones. */
  readonly scope: 'mine' | 'unread' | 'all' | 'read';
  /** Name (accents and case do not matter), patient ID or accession number. */
  readonly search?: string;
  readonly flags?: readonly Flag[];
  /** Flagged for this. */
  readonly finding?: FindingFamily;
  readonly site?: string;
  readonly device?: string;
  /** On arrival; `toMs` itself is outside. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Read by, or held by. */
  readonly reader?: string;
  readonly sort: 'rank' | 'received' | 'name' | 'age';
  /** Default: ascending by rank and name, descending by arrival and age. */
  readonly direction?: 'asc' | 'desc';
}

/** Of the whole list, whatever is filtered. */
export interface WorklistCounts extends Readonly<Record<Flag, number>> {
  readonly mine: number;
  readonly unread: number;
  readonly withOthers: number;
}

export interface WorklistPage {
  /** Of everything that matches, not only of this page. */
  readonly total: number;
  readonly rows: readonly ReadingRow[];
  readonly counts: WorklistCounts;
}

/** A study at its place on the list, and whole. */
export interface ListedStudy {
  readonly row: ReadingRow;
  readonly study: Study;
}

/** One stored image, as the detail view needs it. */
export interface StoredImage {
  readonly sopInstanceUid: string;
  readonly contentSha256: string;
  readonly fileKey: string;
  readonly byteLength: number;
  readonly receivedAtMs: number;
  readonly callingAeTitle: string;
  readonly header: InstanceHeader;
}

export interface JournalEntry {
  readonly atMs: number;
  /** The event's kind, e.g. `instanceStored`, `read`. */
  readonly kind: string;
  /** One plain line without patient data. */
  readonly text: string;
  readonly by?: string;
  /** What the line says, for a page in another language. */
  readonly facts?: JournalFacts;
}

export interface JournalFacts {
  /** Of an analysis: scored, compared, ineligible, unreadable. */
  readonly outcome?: string;
  readonly scores?: readonly { readonly family: FindingFamily; readonly score: number; readonly threshold: number; readonly bySite: boolean }[];
  /** Not assessed because the model was switched off. */
  readonly switchedOff?: readonly FindingFamily[];
  readonly reason?: CodedReason;
  readonly samePicture?: boolean;
  readonly attempts?: number;
  readonly revision?: number;
  readonly stat?: boolean;
  /** By whom or what it was read: here, final-report, rule. */
  readonly where?: string;
  /** What a person wrote. */
  readonly words?: string;
}

export interface DeliveryRow {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly destination: string;
  /** What is sent: `report`, `original` or `message`. */
  readonly kind: string;
  readonly state: 'pending' | 'sent' | 'verified' | 'failed' | 'dropped';
  readonly attempts: number;
  readonly updatedAtMs: number;
  readonly nextAttemptAtMs?: number;
  readonly error?: string;
  /** The same in a word: the page says it in its reader's language. */
  readonly errorCode?: string;
}

export interface ReportRow {
  readonly sopInstanceUid: string;
  readonly revision: number;
  readonly family: FindingFamily | string;
  /** `sr`, `sr-comprehensive`, `secondary-capture` (the picture of a flagged finding). */
  readonly kind: string;
  readonly fileKey: string;
  readonly writtenAtMs: number;
}

/** Who was turned away, at the network's door or for what they sent; the same attempt again only counts up. */
export interface RefusalRow {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly code: string;
  /** What happened and what to change on the device. */
  readonly text: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly attemptCount: number;
}

export interface DeviceRow {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  readonly associationCount: number;
  readonly instanceCount: number;
  readonly byteCount: number;
  /** Instances since the time asked for. */
  readonly recentInstanceCount: number;
}

export interface ModelRow extends ModelReference {
  readonly family: FindingFamily;
  /** 0–100. */
  readonly threshold: number;
  readonly thresholdOrigin: Wording;
  /** Only where the site's own threshold is in force. */
  readonly siteThreshold?: { readonly id: string; readonly manifestThreshold: number; readonly groups: readonly { readonly group: Wording; readonly threshold: number }[] };
  /** What somebody should know of the threshold, e.g. that the site's own is ignored because it is for another file. */
  readonly thresholdRemark?: Wording;
  readonly ready: boolean;
  /** "interim", "validated" …: what the card says. */
  readonly status?: string;
}

/** What a reader or operator does to a study. The hub turns it into a StudyEvent. */
export type ReaderAction =
  | { readonly kind: 'read' }
  | { readonly kind: 'unread' }
  | { readonly kind: 'prioritise'; readonly stat: boolean }
  | { readonly kind: 'close'; readonly reason: string }
  | { readonly kind: 'acknowledge' };

export type ActOutcome = 'done' | 'unknown-study' | 'refused';

/** Studies: questions (synchronous: SQLite on the same machine) and the few things a person may do. */
export interface StudiesPort {
  /** `who` asks: `mine` and the counts depend on it. */
  worklist(query: WorklistQuery, who: string, nowMs: number): WorklistPage;
  study(studyInstanceUid: string, nowMs: number): ListedStudy | undefined;
  imagesOf(studyInstanceUid: string): readonly StoredImage[];
  /** Whose picture is this? The study of a stored file, so that a view can be audited. */
  studyOfFile(fileKey: string): string | undefined;
  journalOf(studyInstanceUid: string): readonly JournalEntry[];
  reportsOf(studyInstanceUid: string): readonly ReportRow[];
  report(sopInstanceUid: string): (ReportRow & { readonly studyInstanceUid: string }) | undefined;
  deliveriesOf(studyInstanceUid: string): readonly DeliveryRow[];
  models(): readonly ModelRow[];
  /** Why one of two studies stands above the other; undefined where one of them is not on the list. */
  explainOrder(a: string, b: string, nowMs: number): OrderReason | undefined;
  /** 'refused' where the study machine has no such step from where the study is. */
  act(studyInstanceUid: string, action: ReaderAction, by: string, nowMs: number): ActOutcome | Promise<ActOutcome>;
}

export interface OpenedFile {
  readonly stream: Readable;
  readonly byteLength: number;
}

/** Files by key; `undefined` where there is none. Keys were checked against `FILE_KEY` before they come here. */
export interface FilesPort {
  openInstance(fileKey: string): Promise<OpenedFile | undefined>;
  openReport(fileKey: string): Promise<OpenedFile | undefined>;
  openPreview(fileKey: string): Promise<OpenedFile | undefined>;
  /** Makes the preview that no worker has made. Rejects with `instance-missing`, `pixels-…`; `not-found` where there is no picture. */
  makePreview(fileKey: string): Promise<void>;
  /** Atomic and idempotent. */
  writePreview(fileKey: string, jpeg: Uint8Array): Promise<void>;
}

/** A file key is a hash: no path can be spelled with it. */
export const FILE_KEY = '^[0-9a-f]{64}$';

export interface UserRow {
  readonly name: string;
  readonly role: Role;
  /** `scrypt$N$r$p$salt$hash`, see api/passwords.ts. Absent: signs in elsewhere. */
  readonly passwordHash?: string;
  /** Of an OpenID Connect provider: the account this user is, whatever its name becomes there. */
  readonly subject?: OidcSubject;
  readonly disabled?: boolean;
}

export interface OidcSubject {
  readonly issuer: string;
  readonly subject: string;
}

export interface SessionRow {
  /** SHA-256 of the cookie's value: a copy of the registry opens no session. */
  readonly idHash: string;
  readonly name: string;
  readonly role: Role;
  /** How and from where it began. */
  readonly by: 'password' | 'link' | 'oidc';
  readonly from: string;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
}

export interface TokenRow {
  /** SHA-256 of the token (256 random bits, so no slow hash is needed). */
  readonly tokenHash: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
}

export type Role = 'reader' | 'technologist' | 'operator' | 'admin' | 'worker';

/** Users, sessions and tokens. Synchronous, like the registry. */
export interface AccountsPort {
  userCount(): number;
  user(name: string): UserRow | undefined;
  userOfSubject(subject: OidcSubject): UserRow | undefined;
  /** What is absent stays as it was. Whoever has a new password or was disabled is out: the sessions end. */
  saveUser(user: UserRow): void;
  session(idHash: string): SessionRow | undefined;
  saveSession(session: SessionRow): void;
  removeSession(idHash: string): void;
  removeSessionsOf(name: string): void;
  /** Sessions last seen before. */
  removeSessionsBefore(lastSeenAtMs: number): void;
  token(tokenHash: string): TokenRow | undefined;
  saveToken(token: TokenRow): void;
}
