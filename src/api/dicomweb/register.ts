/**
 * The DICOMweb service (PS3.18) under /dicom-web, read-only: what is not served says so, and which other sites' pages
 * may read from it. Left out: STOW-RS (objects come by C-STORE), UPS-RS, XML and zip answers.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import { bearerToken } from '../request-guard.ts';
import type { Access, ApiRoute } from '../route.ts';
import { ROOT } from './addresses.ts';
import { frameRoutes } from './frame-routes.ts';
import type { DicomWebPort } from './port.ts';
import { retrieveRoutes } from './retrieve-routes.ts';
import { searchRoutes } from './search-routes.ts';
import { createVisit, DICOM_WEB_LIMITS, type DicomWebLimits } from './visit.ts';

export interface DicomWebOptions {
  readonly dicomWeb: DicomWebPort;
  readonly audit: Audit;
  readonly now: () => number;
  readonly limits: Partial<DicomWebLimits> | undefined;
}

export function dicomWebRoutes({ dicomWeb: port, audit, now, limits }: DicomWebOptions): readonly ApiRoute[] {
  const visit = createVisit({ port, audit, now, limits: { ...DICOM_WEB_LIMITS, ...limits } });
  return [...searchRoutes({ port, visit }), ...retrieveRoutes({ port, visit }), ...frameRoutes({ port, visit })];
}

/** Whatever would change something. The body is never read. */
export function refuseStoring(app: FastifyInstance): void {
  const access: Access = 'view-study';
  for (const url of [`${ROOT}/*`, ROOT]) {
    app.route({
      method: ['POST', 'PUT', 'DELETE', 'PATCH'], url, config: { access } as object,
      onRequest: async (_request, reply) => {
        reply.header('allow', 'GET').header('connection', 'close');
        throw new FirstreadError('store-refused');
      },
      handler: () => undefined,
    });
  }
}

/**
 * Pages of other sites (an OHIF elsewhere), named one by one in the setting. They sign in with a token in each request:
 * a session's cookie is no answer to a page that is not ours. Called before anybody asks who is calling, so that a
 * refusal can be read there too.
 */
export function foreignPages(origins: readonly string[]): (request: FastifyRequest, reply: FastifyReply) => void {
  return (request, reply) => {
    if (!request.url.startsWith(`${ROOT}/`)) return;
    reply.header('vary', 'origin');
    const origin = foreignOrigin(request);
    if (origin === undefined) return;
    if (!origins.includes(origin)) throw new FirstreadError('cross-site');
    reply.header('access-control-allow-origin', origin).header('cross-origin-resource-policy', 'cross-origin');
    if (request.method !== 'OPTIONS' && bearerToken(request.headers.authorization) === undefined) throw new FirstreadError('not-signed-in');
  };
}

/** Undefined for our own page, and for programs, which have no origin. */
function foreignOrigin({ headers, host }: FastifyRequest): string | undefined {
  const { origin } = headers;
  return origin === undefined || origin.replace(/^https?:\/\//, '').toLowerCase() === host.toLowerCase() ? undefined : origin;
}

const PREFLIGHT_SECONDS = '600';

/** Browsers ask before they send a token to another site. Whether that site is one of ours was asked by foreignPages. */
export function answerPreflights(app: FastifyInstance): void {
  app.options(`${ROOT}/*`, async (request, reply) => {
    if (foreignOrigin(request) === undefined) throw new FirstreadError('method-not-allowed');
    return reply
      .code(204)
      .header('access-control-allow-methods', 'GET')
      .header('access-control-allow-headers', 'authorization, accept, content-type')
      .header('access-control-max-age', PREFLIGHT_SECONDS)
      .send();
  });
}
