/** A whole API around generated studies, in memory: the real server, guards and audit trail; only the registry is played. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { createAuth, hashSecret, type Auth, type AuthLimits } from '../../src/api/auth.ts';
import { createLive, type Live } from '../../src/api/live.ts';
import type { AccountsPort, FilesPort, JournalEntry, OpenedFile, Role, SessionRow, StudiesPort, TokenRow, UserRow } from '../../src/api/ports.ts';
import { buildServer, type ApiLimits } from '../../src/api/server.ts';
import { createAudit, verifyAudit, type Audit } from '../../src/ops/audit.ts';
import { createFirstreadMetrics, type FirstreadMetrics } from '../../src/ops/firstread-metrics.ts';
import { createLog } from '../../src/ops/log.ts';
import { createReadiness, type Readiness } from '../../src/ops/readiness.ts';
import { foldForSearch } from '../../src/dicom/search-fold.ts';
import { explainOrder } from '../../src/study/explain-order.ts';
import { DEFAULT_CAPS_MINUTES, isOnWorklist, rankWorklist, type RankedStudy } from '../../src/study/worklist-order.ts';
import { summarise, toWorklistRow, type StudySummary, type WorklistRow } from '../../src/study/worklist-row.ts';
import { DEMO_CASES, DEMO_NOW_MS, demoStudy, type DemoStudy } from './demo-studies.ts';

export function memoryAccounts(): AccountsPort & { readonly sessions: Map<string, SessionRow> } {
  const users = new Map<string, UserRow>();
  const sessions = new Map<string, SessionRow>();
  const tokens = new Map<string, TokenRow>();
  return {
    sessions,
    userCount: () => users.size,
    user: (name) => users.get(name),
    saveUser: (user) => void users.set(user.name, user),
    session: (idHash) => sessions.get(idHash),
    saveSession: (session) => void sessions.set(session.idHash, session),
    removeSession: (idHash) => void sessions.delete(idHash),
    removeSessionsBefore(lastSeenAtMs) {
      for (const [id, session] of sessions) if (session.lastSeenAtMs < lastSeenAtMs) sessions.delete(id);
    },
    token: (tokenHash) => tokens.get(tokenHash),
    saveToken: (token) => void tokens.set(token.tokenHash, token),
  };
}

export function memoryStudies(studies: DemoStudy[], now: () => number): StudiesPort {
  const ranking = (): RankedStudy<StudySummary>[] => rankWorklist(studies.map((one) => summarise(one.study, one.images.length, one.facts)), DEFAULT_CAPS_MINUTES, now());
  const rows = (): WorklistRow[] => {
    const ranked = ranking();
    const done = studies.filter((one) => !isOnWorklist(one.study));
    return [...ranked.map((one) => toWorklistRow(one.study, one)), ...done.map((one) => toWorklistRow(summarise(one.study, one.images.length, one.facts), undefined))];
  };
  const find = (uid: string): DemoStudy | undefined => studies.find((one) => one.study.studyInstanceUid === uid);
  const change = (uid: string, part: object): void => {
    const at = studies.findIndex((one) => one.study.studyInstanceUid === uid);
    const { readAtMs: _r, readBy: _b, ...study } = studies[at]!.study;
    studies[at] = { ...studies[at]!, study: { ...study, ...part } };
  };
  return {
    worklist({ limit, offset, includeRead, search }) {
      const found = rows().filter((row) => (includeRead || row.rank !== null) && (search === undefined || foldForSearch(JSON.stringify(row.facts)).includes(foldForSearch(search))));
      return { total: found.length, rows: found.slice(offset, offset + limit) };
    },
    study(uid) {
      const row = rows().find((one) => one.studyInstanceUid === uid);
      return row && { row, study: find(uid)!.study };
    },
    imagesOf: (uid) => find(uid)?.images ?? [],
    studyOfFile: (fileKey) => studies.find((one) => one.images.some((image) => image.fileKey === fileKey))?.study.studyInstanceUid,
    journalOf: (uid) => {
      const one = find(uid);
      if (one === undefined) return [];
      const { study } = one;
      const entries: JournalEntry[] = [{ atMs: study.receivedAtMs, kind: 'instanceStored', text: 'image stored' }];
      if (study.state !== 'analysing') entries.push({ atMs: study.receivedAtMs + 640, kind: 'instanceAnalysed', text: study.reason.text });
      if (study.state === 'delivered') entries.push({ atMs: study.receivedAtMs + 900, kind: 'reportsWritten', text: 'reports of revision 1 written' }, { atMs: study.receivedAtMs + 1_800, kind: 'deliveriesDone', text: 'revision 1 delivered' });
      if (study.readAtMs !== undefined) entries.push({ atMs: study.readAtMs, kind: 'read', text: 'read', by: study.readBy ?? '' });
      return entries;
    },
    reportsOf: (uid) => (find(uid)?.study.state === 'delivered' ? [{ sopInstanceUid: `${uid}.77`, revision: 1, family: 'tuberculosis', kind: 'sr', fileKey: 'ab'.repeat(32), writtenAtMs: DEMO_NOW_MS }] : []),
    report: (uid) => {
      const owner = studies.find((one) => `${one.study.studyInstanceUid}.77` === uid);
      return owner && { sopInstanceUid: uid, revision: 1, family: 'tuberculosis', kind: 'sr', fileKey: 'ab'.repeat(32), writtenAtMs: DEMO_NOW_MS, studyInstanceUid: owner.study.studyInstanceUid };
    },
    deliveries: ({ studyInstanceUid }) => studies
      .filter((one) => one.study.state === 'delivered' && (studyInstanceUid === undefined || one.study.studyInstanceUid === studyInstanceUid))
      .map((one, index) => ({ id: `d${index}`, studyInstanceUid: one.study.studyInstanceUid, destination: 'pacs', kind: 'report', state: 'sent', attempts: 1, updatedAtMs: one.study.updatedAtMs })),
    refusals: () => [{ callingAeTitle: 'STRANGER', calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.9', code: 'calling-ae-unknown', text: 'calling AE title is not on the list', firstAtMs: DEMO_NOW_MS, lastAtMs: DEMO_NOW_MS, attemptCount: 3 }],
    devices: () => [{ callingAeTitle: 'XR_ROOM_1', calledAeTitle: 'FIRSTREAD', remoteAddress: '10.0.0.5', firstSeenAtMs: DEMO_NOW_MS, lastSeenAtMs: DEMO_NOW_MS, associationCount: 3, instanceCount: 12, byteCount: 1e8, recentInstanceCount: 12 }],
    models: () => [{ name: 'tb', version: '1.2.0', sha256: 'a1'.repeat(32), family: 'tuberculosis', threshold: 42, thresholdOrigin: 'test', ready: true, status: 'interim' }],
    explainOrder(a, b) {
      const two = ranking().filter((one) => one.study.studyInstanceUid === a || one.study.studyInstanceUid === b);
      return two.length < 2 ? undefined : { above: two[0]!.study.studyInstanceUid, below: two[1]!.study.studyInstanceUid, explanation: explainOrder(two[0]!, two[1]!) };
    },
    async act(uid, action, by, nowMs) {
      if (find(uid) === undefined) return 'unknown-study';
      const kept = find(uid)!.study;
      if (action.kind === 'read') change(uid, { readAtMs: nowMs, readBy: by });
      else if (action.kind === 'unread') change(uid, {});
      else if (action.kind === 'prioritise') change(uid, { order: { ...kept.order, stat: action.stat } });
      else if (action.kind === 'close') change(uid, { closedAtMs: nowMs, closedReason: action.reason });
      else if (kept.attention === undefined) return 'refused';
      return 'done';
    },
  };
}

const opened = (bytes: Uint8Array): OpenedFile => ({ stream: Readable.from([Buffer.from(bytes)]), byteLength: bytes.length });

export function memoryFiles(picture: Uint8Array, knownFileKeys: ReadonlySet<string>): FilesPort & { readonly previews: Map<string, Uint8Array> } {
  const previews = new Map<string, Uint8Array>();
  return {
    previews,
    openInstance: async (fileKey) => (knownFileKeys.has(fileKey) ? opened(Buffer.from('part10 bytes')) : undefined),
    openReport: async () => opened(Buffer.from('sr bytes')),
    openPreview: async (fileKey) => (previews.has(fileKey) ? opened(previews.get(fileKey)!) : knownFileKeys.has(fileKey) ? opened(picture) : undefined),
    writePreview: async (fileKey, jpeg) => void previews.set(fileKey, jpeg),
  };
}

/** Drawn, not photographed: two lungs, ribs, a heart. */
export async function drawnChest(): Promise<Uint8Array> {
  const ribs = Array.from({ length: 8 }, (_, i) => {
    const y = 190 + i * 72;
    return `<path d="M430 ${y} C 330 ${y - 50}, 170 ${y - 20}, 120 ${y + 90}" /><path d="M448 ${y} C 548 ${y - 50}, 708 ${y - 20}, 758 ${y + 90}" />`;
  }).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="878" height="1024"><defs><filter id="b"><feGaussianBlur stdDeviation="14"/></filter><filter id="s"><feGaussianBlur stdDeviation="5"/></filter></defs>
    <rect width="878" height="1024" fill="#0a0a0a"/><path d="M90 1024 C 60 600, 40 330, 200 190 C 320 90, 370 120, 380 20 L 500 20 C 508 120, 560 90, 680 190 C 840 330, 818 600, 790 1024 Z" fill="#8c8c8c" filter="url(#b)"/>
    <path d="M392 190 C 300 130, 170 280, 140 520 C 120 690, 130 800, 170 812 C 280 770, 370 790, 388 760 C 400 560, 400 330, 392 190 Z" fill="#1d1d1d" filter="url(#b)"/>
    <path d="M486 190 C 578 130, 708 280, 738 520 C 758 690, 748 830, 708 842 C 620 800, 600 780, 560 740 C 500 640, 486 430, 486 190 Z" fill="#1b1b1b" filter="url(#b)"/>
    <path d="M400 430 C 380 560, 360 700, 420 780 C 520 800, 640 790, 628 720 C 590 600, 510 560, 492 430 Z" fill="#b5b5b5" filter="url(#b)"/><rect x="418" y="20" width="42" height="900" fill="#c4c4c4" opacity=".55" filter="url(#s)"/>
    <g fill="none" stroke="#cfcfcf" stroke-width="17" opacity=".30" filter="url(#s)">${ribs}</g><path d="M110 170 C 240 120, 340 150, 420 205 M768 170 C 638 120, 538 150, 458 205" fill="none" stroke="#dcdcdc" stroke-width="24" opacity=".5" filter="url(#s)"/>
    <ellipse cx="605" cy="265" rx="66" ry="80" fill="#9a9a9a" opacity=".55" filter="url(#b)"/><circle cx="289" cy="464" r="31" fill="#a8a8a8" opacity=".7" filter="url(#s)"/></svg>`;
  return sharp(Buffer.from(svg)).greyscale().jpeg({ quality: 85 }).toBuffer();
}

export interface DemoSite {
  readonly app: Awaited<ReturnType<typeof buildServer>>;
  readonly auth: Auth;
  readonly accounts: ReturnType<typeof memoryAccounts>;
  readonly audit: Audit;
  readonly live: Live;
  readonly metrics: FirstreadMetrics;
  readonly readiness: Readiness;
  readonly files: ReturnType<typeof memoryFiles>;
  readonly studies: DemoStudy[];
  readonly logLines: string[];
  readonly clock: { nowMs: number };
  /** The audit trail's entries so far. */
  auditEntries(): Promise<Record<string, unknown>[]>;
  verifyAudit(): ReturnType<typeof verifyAudit>;
  /** A session's cookie header. */
  session(role: Exclude<Role, 'worker'>): string;
  close(): Promise<void>;
}

export interface DemoSiteOptions {
  readonly limits?: Partial<ApiLimits>;
  readonly authLimits?: Partial<AuthLimits>;
  readonly studies?: DemoStudy[];
  readonly picture?: Uint8Array;
  readonly realClock?: boolean;
}

export async function demoSite(options: DemoSiteOptions = {}): Promise<DemoSite> {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-api-'));
  const clock = { nowMs: DEMO_NOW_MS };
  const now = options.realClock ? () => Date.now() : () => clock.nowMs;
  const studies = options.studies ?? DEMO_CASES.map((one, index) => demoStudy(one, index, now()));
  const logLines: string[] = [];
  const log = createLog({ sink: (line) => void logLines.push(line), now, level: 'debug', process: 'test' });
  const audit = createAudit({ folder, now });
  const accounts = memoryAccounts();
  const auth = createAuth({ accounts, audit, now, ...(options.authLimits ? { limits: options.authLimits } : {}) });
  const live = createLive({ gatherMs: 20, soonMs: 20, memoryCount: 50, namedCountMax: 10 });
  const metrics = createFirstreadMetrics({ version: '0.0.0-test' });
  const readiness = createReadiness();
  const files = memoryFiles(options.picture ?? Buffer.from([0xff, 0xd8, 0xff, 0xd9]), new Set(studies.flatMap((one) => one.images.map((image) => image.fileKey))));
  const app = await buildServer({
    studies: memoryStudies(studies, now), files, accounts, auth, live, audit, metrics, readiness, log, now, version: '0.0.0-test',
    ...(options.limits ? { limits: options.limits } : {}),
  });
  return {
    app, auth, accounts, audit, live, metrics, readiness, files, studies, logLines, clock,
    async auditEntries() {
      audit.flush();
      const { readdirSync, readFileSync } = await import('node:fs');
      return readdirSync(folder).filter((name) => name.endsWith('.jsonl')).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>));
    },
    verifyAudit: () => verifyAudit(folder),
    session(role) {
      const value = auth.redeemLink(auth.issueLink({ name: `the-${role}`, role }), '127.0.0.1');
      if (accounts.session(hashSecret(value)) === undefined) throw new Error('no session was made');
      return `firstread_session=${value}`;
    },
    async close() {
      await app.close();
      audit.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
