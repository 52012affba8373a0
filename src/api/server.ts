/**
 * The API and the page: a Fastify app as a function of its options, the same in tests and in production. Order of the
 * guards: host name, then who it is, then what they may do, then where the request comes from; only then is a body read.
 */
import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { FirstreadError } from '../errors.ts';
import type { Audit } from '../ops/audit.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import type { Readiness } from '../ops/readiness.ts';
import type { Auth, Caller } from './auth.ts';
import { AUTH_LIMITS } from './auth.ts';
import { compressTexts } from './compression.ts';
import { createCookie, isSecure } from './cookies.ts';
import { addErrorHandling } from './error-answers.ts';
import type { Live } from './live.ts';
import { isLoopback } from './may-listen.ts';
import type { Oidc } from './oidc.ts';
import type { OidcSessions } from './oidc-sessions.ts';
import { openApiOf } from './openapi.ts';
import type { OperationsPort } from './operations-port.ts';
import { servePages, type PageFolders } from './page-folder.ts';
import type { AccountsPort, FilesPort, StudiesPort } from './ports.ts';
import type { ReadingPort } from './reading-ports.ts';
import { bearerToken, comesFromOurPage, hasTwoHosts, isHostAllowed, LOCAL_HOSTS, securityHeaders, useOf } from './request-guard.ts';
import { answerPreflights, dicomWebRoutes, foreignPages, refuseStoring } from './dicomweb/register.ts';
import type { DicomWebPort } from './dicomweb/port.ts';
import type { DicomWebLimits } from './dicomweb/visit.ts';
import { mayDo } from './roles.ts';
import { answerSchema, type Access, type ApiCall, type ApiRoute } from './route.ts';
import { feedbackRoutes } from './routes/feedback-routes.ts';
import { healthRoutes } from './routes/health-routes.ts';
import { internalRoutes } from './routes/internal-routes.ts';
import { liveRoute } from './routes/live-route.ts';
import { deliveryRoutes } from './routes/delivery-routes.ts';
import { deviceRoutes } from './routes/device-routes.ts';
import { modelRoutes } from './routes/model-routes.ts';
import { systemRoutes } from './routes/system-routes.ts';
import { oidcRoutes } from './routes/oidc-routes.ts';
import { readingRoutes } from './routes/reading-routes.ts';
import { reportPageRoute } from './routes/report-page-route.ts';
import { sessionRoutes } from './routes/session-routes.ts';
import { studyRoutes } from './routes/study-routes.ts';
import { turnaroundRoute } from './routes/turnaround-route.ts';
import { viewRoutes } from './routes/view-routes.ts';
import { serveViewer } from './viewer-folder.ts';

export interface ApiLimits {
  /** JSON bodies: the largest is a reason of 200 characters. */
  readonly bodyBytesMax: number;
  readonly previewBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly connectionCountMax: number;
  readonly worklistAuditEveryMs: number;
  readonly heartbeatMs: number;
  readonly streamCountMax: number;
  readonly streamsPerCallerMax: number;
  readonly backlogBytesMax: number;
}

export const API_LIMITS: ApiLimits = {
  bodyBytesMax: 64 * 1024,
  previewBytesMax: 2 * 1024 * 1024,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 15_000,
  connectionCountMax: 1_000,
  worklistAuditEveryMs: 10 * 60_000,
  heartbeatMs: 15_000,
  streamCountMax: 200,
  streamsPerCallerMax: 12,
  backlogBytesMax: 256 * 1024,
};

/** How the page is reached. */
export interface Transport {
  /** PEM; present: the server speaks TLS only. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
  readonly alwaysSecureCookies: boolean;
  /** RFC 6797, where reached over https; 0: not sent. */
  readonly hstsSeconds: number;
}

const PLAIN_TRANSPORT: Transport = { tls: undefined, trustedProxies: [], alwaysSecureCookies: false, hstsSeconds: 0 };

export interface ServerOptions {
  readonly studies: StudiesPort;
  readonly operations: OperationsPort;
  readonly reading: ReadingPort;
  readonly files: FilesPort;
  /** Absent: the service is not there. */
  readonly dicomWeb?: DicomWebPort;
  /** Sites whose pages may read over DICOMweb, with a token. */
  readonly dicomWebOrigins?: readonly string[];
  /** Template of the link into the site's own viewer. */
  readonly viewerUrl?: string;
  readonly dicomWebLimits?: Partial<DicomWebLimits>;
  readonly accounts: AccountsPort;
  readonly auth: Auth;
  readonly live: Live;
  readonly audit: Audit;
  readonly metrics: FirstreadMetrics;
  readonly readiness: Readiness;
  readonly log: Log;
  readonly now: () => number;
  readonly version: string;
  /** Names under which the page is reached, besides this machine's own. */
  readonly allowedHosts?: readonly string[];
  readonly transport?: Partial<Transport>;
  readonly oidc?: { readonly provider: Oidc; readonly sessions: OidcSessions };
  readonly limits?: Partial<ApiLimits>;
  /** Must be what `auth` was made with. */
  readonly sessionLifeMs?: number;
  /** For tests. */
  readonly pages?: PageFolders;
}

export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const limits = { ...API_LIMITS, ...options.limits };
  const { auth, log, metrics } = options;
  const transport = { ...PLAIN_TRANSPORT, ...options.transport };
  const sessionCookie = createCookie({ name: 'firstread_session', sameSite: 'Strict', alwaysSecure: transport.alwaysSecureCookies });
  const sessionLifeMs = options.sessionLifeMs ?? AUTH_LIMITS.sessionLifeMs;
  const allowedHosts = [...LOCAL_HOSTS, ...(options.allowedHosts ?? []).map((name) => name.toLowerCase())];
  const callers = new WeakMap<FastifyRequest, Caller>();

  const connectionLimits = { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs) };
  const app: FastifyInstance = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    // Node looks every so often for connections past their time; its own 30 s would make any shorter limit a long one.
    ...(transport.tls === undefined ? { http: connectionLimits } : { https: { ...connectionLimits, minVersion: 'TLSv1.2', ...transport.tls } as unknown as null }),
    // X-Forwarded-* are believed from these only; without them an address is the socket's.
    trustProxy: transport.trustedProxies.length === 0 ? false : [...transport.trustedProxies],
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    genReqId: () => randomBytes(6).toString('hex'),
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true, allErrors: false } },
  });
  app.server.maxConnections = limits.connectionCountMax;
  addErrorHandling(app, { log, audit: options.audit, metrics, now: options.now, whoIs: (request) => callers.get(request)?.name });

  const identify = (request: FastifyRequest, use: 'active' | 'background'): Caller | undefined => {
    const token = bearerToken(request.headers.authorization);
    if (token !== undefined) return auth.callerOfToken(token, request.ip);
    const cookie = sessionCookie.read(request);
    return cookie === undefined ? undefined : auth.callerOfCookie(cookie, use);
  };

  const admit = (request: FastifyRequest, access: Access): void => {
    const changes = request.method !== 'GET';
    if (access === 'public') {
      // Signing in and out change something too: no other site may do it for a person.
      if (changes && !comesFromOurPage(request.headers, request)) throw new FirstreadError('cross-site');
      return;
    }
    if (access === 'metrics' && isLoopback(request.ip) && request.headers['x-forwarded-for'] === undefined && request.headers['forwarded'] === undefined) return;
    // The page says which requests it makes by itself: they do not keep a session alive. A live feed never does.
    const caller = identify(request, request.routeOptions.url === '/api/live' ? 'background' : useOf(request.headers));
    if (caller === undefined) throw new FirstreadError('not-signed-in');
    callers.set(request, caller);
    if (!mayDo(caller.role, access === 'metrics' ? 'view-operations' : access)) throw new FirstreadError('not-allowed');
    if (caller.by === 'cookie' && changes && !comesFromOurPage(request.headers, request)) throw new FirstreadError('cross-site');
  };

  const fromForeignPage = foreignPages(options.dicomWebOrigins ?? []);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders(request.url)).header('x-request-id', request.id);
    if (transport.hstsSeconds > 0 && isSecure(request)) reply.header('strict-transport-security', `max-age=${transport.hstsSeconds}`);
    if (!isHostAllowed(request.host, allowedHosts) || hasTwoHosts(request.raw.rawHeaders ?? [])) throw new FirstreadError('host-not-allowed');
    fromForeignPage(request, reply);
    const access = (request.routeOptions.config as { access?: Access } | undefined)?.access;
    if (access !== undefined) admit(request, access);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.requests.add({ route, method: request.method, status: String(reply.statusCode) });
    if (route !== '/api/live') metrics.requestSeconds.observeMs(reply.elapsedTime, { route });
    log.write('api-request', { requestId: request.id, method: request.method, route, httpStatus: reply.statusCode, durationMs: Math.round(reply.elapsedTime) });
  });
  compressTexts(app);
  app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const live = liveRoute({
    live: options.live,
    limits,
    stillAllowed: (call) => identify(call.request, 'background') !== undefined,
    onCount: (count) => metrics.liveStreams.set(count),
  });
  const routes: ApiRoute[] = [
    ...healthRoutes(metrics.registry, options.readiness),
    ...sessionRoutes({ auth, accounts: options.accounts, version: options.version, cookie: sessionCookie, sessionLifeMs, oidc: options.oidc?.provider, oidcSessions: options.oidc?.sessions }),
    ...(options.oidc === undefined ? [] : oidcRoutes({
      oidc: options.oidc.provider, sessions: options.oidc.sessions, audit: options.audit, log, sessionCookie, sessionLifeMs,
      beginCookie: createCookie({ name: 'firstread_oidc', sameSite: 'Lax', alwaysSecure: transport.alwaysSecureCookies }),
    })),
    ...studyRoutes({ ...options, limits }),
    ...readingRoutes(options),
    ...feedbackRoutes(options),
    ...viewRoutes(options),
    turnaroundRoute(options),
    ...deviceRoutes({ ...options, limits }),
    ...deliveryRoutes(options),
    ...modelRoutes(options),
    ...systemRoutes(options.operations, options.readiness, options.now),
    reportPageRoute(options),
    ...(options.dicomWeb === undefined ? [] : dicomWebRoutes({ dicomWeb: options.dicomWeb, audit: options.audit, now: options.now, limits: options.dicomWebLimits })),
    ...internalRoutes(options.files, limits),
    live.route,
  ];
  routes.push({
    method: 'GET', url: '/api/openapi.json', access: 'public', summary: 'This description.', answer: { mediaType: 'application/json' },
    handler: (call) => call.reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(openApiOf(routes, options.version))),
  });
  for (const route of routes) serve(app, route, callers);
  if (options.dicomWeb !== undefined) {
    refuseStoring(app);
    answerPreflights(app);
  }

  app.addHook('preClose', async () => {
    live.endAll();
    options.live.close();
  });
  await serveViewer(app);
  await servePages(app, log, options.pages);
  return app;
}

function serve(app: FastifyInstance, route: ApiRoute, callers: WeakMap<FastifyRequest, Caller>): void {
  const answer = answerSchema(route);
  app.route({
    method: route.method,
    url: route.url,
    config: { access: route.access } as object,
    ...(route.bodyBytesMax === undefined ? {} : { bodyLimit: route.bodyBytesMax }),
    schema: {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { querystring: route.query }),
      ...(route.body === undefined ? {} : { body: route.body }),
      ...(answer === undefined ? {} : { response: { 200: answer, ...(route.url === '/readyz' ? { 503: answer } : {}) } }),
    },
    handler: async (request, reply) => {
      const call: ApiCall = {
        request, reply, from: request.ip, body: request.body,
        params: (request.params ?? {}) as Record<string, string>,
        query: (request.query ?? {}) as Record<string, string>,
        get caller() {
          const caller = callers.get(request);
          if (caller === undefined) throw new Error('a public route asked who is calling');
          return caller;
        },
      };
      return route.handler(call);
    },
  });
}
