/** A whole API around generated studies: the real server, guards, audit trail and registry; files and the other rooms are played. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { FirstreadError } from '../../src/errors.ts';
import { createAuth, hashSecret, type Auth, type AuthLimits } from '../../src/api/auth.ts';
import { createLive, type Live } from '../../src/api/live.ts';
import type { AccountsPort, FilesPort, JournalEntry, OpenedFile, Role, SessionRow, StudiesPort, TokenRow, UserRow } from '../../src/api/ports.ts';
import { buildServer, type ApiLimits, type ServerOptions } from '../../src/api/server.ts';
import { createAudit, verifyAudit, type Audit } from '../../src/ops/audit.ts';
import { createFirstreadMetrics, type FirstreadMetrics } from '../../src/ops/firstread-metrics.ts';
import { createLog } from '../../src/ops/log.ts';
import { createReadiness, type Readiness } from '../../src/ops/readiness.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { demoOperations, putMorning, type DemoOperations } from './demo-operations.ts';
import { demoRegistry, type DemoRegistry } from './demo-registry.ts';
import { demoHistory } from './demo-history.ts';
import { DEMO_CASES, DEMO_NOW_MS, demoStudy, type DemoStudy } from './demo-studies.ts';

export function memoryAccounts(): AccountsPort & { readonly sessions: Map<string, SessionRow> } {
  const users = new Map<string, UserRow>();
  const sessions = new Map<string, SessionRow>();
  const tokens = new Map<string, TokenRow>();
  return {
    sessions,
    userCount: () => users.size,
    user: (name) => users.get(name),
    userOfSubject: ({ issuer, subject }) => [...users.values()].find((user) => user.subject?.issuer === issuer && user.subject.subject === subject),
    saveUser: (user) => void users.set(user.name, { ...users.get(user.name), ...user }),
    session: (idHash) => sessions.get(idHash),
    saveSession: (session) => void sessions.set(session.idHash, session),
    removeSession: (idHash) => void sessions.delete(idHash),
    removeSessionsOf(name) {
      for (const [id, session] of sessions) if (session.name === name) sessions.delete(id);
    },
    removeSessionsBefore(lastSeenAtMs) {
      for (const [id, session] of sessions) if (session.lastSeenAtMs < lastSeenAtMs) sessions.delete(id);
    },
    token: (tokenHash) => tokens.get(tokenHash),
    saveToken: (token) => void tokens.set(token.tokenHash, token),
  };
}

/** The real list; what the other rooms would add to it (journal, reports) is played. */
function demoStudies({ registry, studies: real }: DemoRegistry): StudiesPort {
  const reports = (uid: string) => (registry.study(uid)?.state === 'delivered' ? [{ sopInstanceUid: `${uid}.77`, revision: 1, family: 'tuberculosis', kind: 'sr', fileKey: 'ab'.repeat(32), writtenAtMs: DEMO_NOW_MS }] : []);
  return {
    ...real,
    journalOf: (uid) => {
      const study = registry.study(uid);
      if (study === undefined) return [];
      const entries: JournalEntry[] = [{ atMs: study.receivedAtMs, kind: 'instanceStored', text: 'image stored' }];
      if (study.state !== 'analysing') entries.push({ atMs: study.receivedAtMs + 640, kind: 'instanceAnalysed', text: study.reason.text, facts: { outcome: 'scored', scores: study.assessment.findings.map(({ family, score, threshold, siteThreshold }) => ({ family, score, threshold, bySite: siteThreshold !== undefined })) } });
      if (study.state === 'delivered') entries.push({ atMs: study.receivedAtMs + 900, kind: 'reportsWritten', text: 'reports of revision 1 written', facts: { revision: 1 } }, { atMs: study.receivedAtMs + 1_800, kind: 'deliveriesDone', text: 'revision 1 delivered', facts: { revision: 1 } });
      if (study.readAtMs !== undefined) entries.push({ atMs: study.readAtMs, kind: 'read', text: 'read', facts: { where: 'here' }, by: study.readBy ?? '' });
      return entries;
    },
    reportsOf: reports,
    report: (uid) => {
      const owner = uid.replace(/\.77$/, '');
      const report = owner === uid ? undefined : reports(owner)[0];
      return report && { ...report, studyInstanceUid: owner };
    },
    models: () => [{ name: 'tb', version: '1.2.0', sha256: 'a1'.repeat(32), family: 'tuberculosis', threshold: 42, thresholdOrigin: { en: 'test', vi: 'để thử' }, ready: true, status: 'interim' }],
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
    makePreview: async () => {
      throw new FirstreadError('instance-missing');
    },
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
  /** As they were put in; how they stand now, the registry knows. */
  readonly studies: readonly DemoStudy[];
  readonly registry: Registry;
  readonly operations: DemoOperations;
  /** More of them, while pages are open. */
  add(...studies: readonly DemoStudy[]): void;
  readonly logLines: string[];
  readonly clock: { nowMs: number };
  /** The audit trail's entries so far. */
  auditEntries(): Promise<Record<string, unknown>[]>;
  verifyAudit(): ReturnType<typeof verifyAudit>;
  /** A session's cookie header. */
  session(role: Exclude<Role, 'worker'>, name?: string): string;
  close(): Promise<void>;
}

export interface DemoSiteOptions {
  readonly limits?: Partial<ApiLimits>;
  readonly authLimits?: Partial<AuthLimits>;
  readonly studies?: DemoStudy[];
  readonly picture?: Uint8Array;
  readonly realClock?: boolean;
  /** The week before, read. */
  readonly history?: boolean;
  readonly transport?: ServerOptions['transport'];
  readonly allowedHosts?: readonly string[];
  readonly server?: Partial<ServerOptions>;
  readonly oidc?: (parts: Pick<ServerOptions, 'auth' | 'accounts' | 'audit' | 'now'>) => NonNullable<ServerOptions['oidc']>;
}

export async function demoSite(options: DemoSiteOptions = {}): Promise<DemoSite> {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-api-'));
  const clock = { nowMs: DEMO_NOW_MS };
  const now = options.realClock ? () => Date.now() : () => clock.nowMs;
  const studies = options.studies ?? DEMO_CASES.map((one, index) => demoStudy(one, index, now()));
  const kept = demoRegistry(now);
  kept.put(options.history ? [...studies, ...demoHistory(now())] : studies);
  putMorning(kept.registry, now);
  const logLines: string[] = [];
  const log = createLog({ sink: (line) => void logLines.push(line), now, level: 'debug', process: 'test' });
  const audit = createAudit({ folder, now });
  const accounts = memoryAccounts();
  const auth = createAuth({ accounts, audit, now, ...(options.authLimits ? { limits: options.authLimits } : {}) });
  const live = createLive({ gatherMs: 20, soonMs: 20, memoryCount: 50, namedCountMax: 10 });
  const metrics = createFirstreadMetrics({ version: '0.0.0-test' });
  const readiness = createReadiness();
  const fileKeys = new Set(studies.flatMap((one) => one.images.map((image) => image.fileKey)));
  const files = memoryFiles(options.picture ?? Buffer.from([0xff, 0xd8, 0xff, 0xd9]), fileKeys);
  const operations = demoOperations(kept.registry, audit, now, () => live.everythingChanged());
  const oidc = options.oidc?.({ auth, accounts, audit, now });
  const app = await buildServer({
    studies: demoStudies(kept), reading: kept.reading, operations: operations.port, files, accounts, auth, live, audit, metrics, readiness, log, now, version: '0.0.0-test',
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.transport ? { transport: options.transport } : {}),
    ...(options.allowedHosts ? { allowedHosts: options.allowedHosts } : {}),
    ...(oidc ? { oidc } : {}),
    ...options.server,
  });
  return {
    app, auth, accounts, audit, live, metrics, readiness, files, studies, registry: kept.registry, operations, logLines, clock,
    add(...more) {
      kept.put(more);
      for (const { images } of more) for (const { fileKey } of images) fileKeys.add(fileKey);
    },
    async auditEntries() {
      audit.flush();
      const { readdirSync, readFileSync } = await import('node:fs');
      return readdirSync(folder).filter((name) => name.endsWith('.jsonl')).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>));
    },
    verifyAudit: () => verifyAudit(folder),
    session(role, name = `the-${role}`) {
      const value = auth.redeemLink(auth.issueLink({ name, role }), '127.0.0.1');
      if (accounts.session(hashSecret(value)) === undefined) throw new Error('no session was made');
      return `firstread_session=${value}`;
    },
    async close() {
      oidc?.sessions.close();
      await app.close();
      operations.close();
      kept.close();
      audit.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
