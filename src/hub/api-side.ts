/** The API and page of a hub: the Fastify app with its ports, and where it may listen. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { createAuth } from '../api/auth.ts';
import type { Live } from '../api/live.ts';
import { mayListen } from '../api/may-listen.ts';
import type { OperationsPort } from '../api/operations-port.ts';
import { API_LIMITS, buildServer } from '../api/server.ts';
import type { Config } from '../config/config.ts';
import { FirstreadError } from '../errors.ts';
import type { Spool } from '../intake/spool.ts';
import type { Audit } from '../ops/audit.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import type { Readiness } from '../ops/readiness.ts';
import type { Registry } from '../registry/registry.ts';
import type { WaitingCaps } from '../study/worklist-order.ts';
import { FIRSTREAD_VERSION } from '../version.ts';
import { createViews } from '../view/views.ts';
import { followAccountChanges } from './account-changes.ts';
import { createAccountsPort } from './accounts-port.ts';
import type { AnalysisPace } from './analysis-pace.ts';
import { startClaimSweep } from './claim-sweep.ts';
import type { DataFolder } from './data-folder.ts';
import { createDicomWebPort } from './dicomweb-port.ts';
import { createFilesPort } from './files-port.ts';
import { listenError } from './listen-error.ts';
import { createReadingPort } from './reading-port.ts';
import type { Secrets } from './secrets.ts';
import type { SiteModels } from './site-models.ts';
import { followCertificate, openOidc, transportOf } from './sign-in-side.ts';
import { createStudiesPort } from './studies-port.ts';
import type { StudyEngine } from './study-engine.ts';
import type { WorkerSupervisor } from './worker-supervisor.ts';

const LOCAL_CONNECTION_COUNT_MAX = 100;

export interface ApiSideParts {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly secrets: Secrets;
  readonly registry: Registry;
  readonly engine: StudyEngine;
  readonly operations: OperationsPort;
  readonly spool: Spool;
  readonly caps: WaitingCaps;
  readonly pace: AnalysisPace;
  readonly models: SiteModels;
  readonly workers: WorkerSupervisor;
  readonly live: Live;
  readonly audit: Audit;
  readonly metrics: FirstreadMetrics;
  readonly readiness: Readiness;
  readonly log: Log;
  readonly now: () => number;
}

export interface ApiSide {
  readonly url: string;
  /** As reached from this machine. */
  readonly localUrl: string;
  signInLink(): string;
  close(): Promise<void>;
}

export async function startApi(parts: ApiSideParts): Promise<ApiSide> {
  const { config, registry, live, audit, metrics, readiness, log, now, secrets } = parts;
  const accounts = createAccountsPort(registry, now);
  const verdict = mayListen(config.httpHost, { usersConfigured: accounts.userCount() > 0 || config.oidcIssuer !== '' });
  if (!verdict.allowed) throw new FirstreadError('config-invalid', verdict.reason);
  const sessionLifeMs = config.sessionHours * 60 * 60_000;
  const auth = createAuth({ accounts, audit, now, limits: { sessionLifeMs, passwordLengthMin: config.passwordLengthMin } });
  auth.acceptToken(secrets.localToken, { name: 'commands on this machine', role: 'admin' });
  const unfollowAccounts = followAccountChanges(registry, audit, log);
  const transport = transportOf(config);
  const oidc = openOidc({ config, auth, accounts, audit, log, now });
  const views = createViews();
  const app = await buildServer({
    transport,
    ...(oidc === undefined ? {} : { oidc }),
    studies: createStudiesPort({ registry, engine: parts.engine, caps: parts.caps, pace: parts.pace, models: parts.models, modelsReady: () => config.workers === 0 || parts.workers.readyCount() > 0 }),
    reading: createReadingPort({ registry, claimMs: config.claimMinutes * 60_000 }),
    operations: parts.operations,
    files: createFilesPort(parts.spool, parts.folder, views, now),
    dicomWebOrigins: config.dicomWebOrigins,
    viewerUrl: config.viewerUrl,
    dicomWeb: createDicomWebPort({ registry, spool: parts.spool, views }),
    accounts,
    auth,
    live,
    audit,
    metrics,
    readiness,
    log,
    now,
    version: FIRSTREAD_VERSION,
    // Under the address it listens on it is reached too.
    allowedHosts: [...config.httpNames, config.httpHost],
    sessionLifeMs,
  });
  try {
    await app.listen({ host: config.httpHost, port: config.httpPort });
  } catch (error) {
    throw listenError(error, { host: config.httpHost, port: config.httpPort, flag: 'http' });
  }
  const sweep = startClaimSweep({ registry, live, audit, log, now });
  const { port } = app.server.address() as AddressInfo;
  const host = config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost;
  const everywhere = ['0.0.0.0', '[::]'].includes(host);
  // A certificate is made out to a name, not to the address that is listened on.
  const named = everywhere || transport.tls !== undefined ? (config.httpNames[0] ?? (everywhere ? 'localhost' : host)) : host;
  const url = `${transport.tls === undefined ? 'http' : 'https'}://${named}:${port}`;
  const unfollow = followCertificate(config, app.server as unknown as TlsServer, log);
  const local = transport.tls === undefined ? undefined : await listenLocally(app.routing);
  log.write('api-open', { port, address: config.httpHost, tls: transport.tls !== undefined });
  return {
    url,
    localUrl: local?.url ?? `http://${everywhere ? '127.0.0.1' : host}:${port}`,
    signInLink: () => `${url}/sign-in?link=${auth.issueLink({ name: 'local', role: 'admin' })}`,
    async close() {
      sweep.stop();
      live.close();
      oidc?.sessions.close();
      unfollow();
      unfollowAccounts();
      await local?.close();
      await app.close();
      await views.close();
    },
  };
}

/** Commands on this machine need no certificate that fits 127.0.0.1: with TLS they have a door of their own. */
async function listenLocally(handle: RequestListener): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer({ headersTimeout: API_LIMITS.headersTimeoutMs, requestTimeout: API_LIMITS.requestTimeoutMs, keepAliveTimeout: API_LIMITS.keepAliveTimeoutMs }, handle);
  server.maxConnections = LOCAL_CONNECTION_COUNT_MAX;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
