/** The API and page of a hub: the Fastify app with its ports, and where it may listen. */
import type { AddressInfo } from 'node:net';
import { createAuth } from '../api/auth.ts';
import type { Live } from '../api/live.ts';
import { mayListen } from '../api/may-listen.ts';
import { buildServer } from '../api/server.ts';
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
import { createAccountsPort } from './accounts-port.ts';
import type { DataFolder } from './data-folder.ts';
import { createFilesPort } from './files-port.ts';
import { listenError } from './listen-error.ts';
import type { Secrets } from './secrets.ts';
import type { SiteModels } from './site-models.ts';
import { createStudiesPort } from './studies-port.ts';
import type { StudyEngine } from './study-engine.ts';
import type { WorkerSupervisor } from './worker-supervisor.ts';

export interface ApiSideParts {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly secrets: Secrets;
  readonly registry: Registry;
  readonly engine: StudyEngine;
  readonly spool: Spool;
  readonly caps: WaitingCaps;
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
  const verdict = mayListen(config.httpHost, { usersConfigured: accounts.userCount() > 0 });
  if (!verdict.allowed) throw new FirstreadError('config-invalid', verdict.reason);
  const sessionLifeMs = config.sessionHours * 60 * 60_000;
  const auth = createAuth({ accounts, audit, now, limits: { sessionLifeMs } });
  auth.acceptToken(secrets.localToken, { name: 'commands on this machine', role: 'admin' });
  const app = await buildServer({
    studies: createStudiesPort({ registry, engine: parts.engine, caps: parts.caps, models: parts.models, modelsReady: () => config.workers === 0 || parts.workers.readyCount() > 0 }),
    files: createFilesPort(parts.spool, parts.folder),
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
  const { port } = app.server.address() as AddressInfo;
  const host = config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost;
  const everywhere = ['0.0.0.0', '[::]'].includes(host);
  const url = `http://${everywhere ? (config.httpNames[0] ?? 'localhost') : host}:${port}`;
  log.write('api-open', { port, address: config.httpHost });
  return {
    url,
    localUrl: `http://${everywhere ? '127.0.0.1' : host}:${port}`,
    signInLink: () => `${url}/sign-in?link=${auth.issueLink({ name: 'local', role: 'admin' })}`,
    async close() {
      live.close();
      await app.close();
    },
  };
}
