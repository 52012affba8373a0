/**
 * Every error's one way out: code and meaning from the catalogue, never a message from inside. Refusals are audited and
 * logged, the same one from the same place at most every few seconds: an attacker must not be able to fill the disk.
 */
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { ERRORS, FirstreadError, type ErrorCode } from '../errors.ts';
import { errorPage, isForAPage, languageOf } from './error-page.ts';
import type { Audit } from '../ops/audit.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';

export interface ErrorHandlingOptions {
  readonly log: Log;
  readonly audit: Audit;
  readonly metrics: FirstreadMetrics;
  readonly now: () => number;
  readonly whoIs: (request: FastifyRequest) => string | undefined;
}

/** Sign-in refusals audit themselves, with the name that was tried. */
const AUDITED: ReadonlySet<ErrorCode> = new Set(['not-signed-in', 'not-allowed', 'cross-site', 'host-not-allowed', 'request-too-large', 'not-found', 'request-invalid']);
const SAME_REFUSAL_EVERY_MS = 10_000;
const REMEMBERED_COUNT_MAX = 1_000;

export function addErrorHandling(app: FastifyInstance, options: ErrorHandlingOptions): void {
  const noted = new Map<string, { atMs: number; count: number }>();

  /** How many times since it was last written; 0 where it need not be written now. */
  const repeatCount = (key: string): number => {
    const before = noted.get(key);
    if (before !== undefined && options.now() - before.atMs < SAME_REFUSAL_EVERY_MS) {
      before.count += 1;
      return 0;
    }
    noted.delete(key);
    noted.set(key, { atMs: options.now(), count: 0 });
    if (noted.size > REMEMBERED_COUNT_MAX) noted.delete(noted.keys().next().value!);
    return 1 + (before?.count ?? 0);
  };

  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const code = codeOf(error);
    const entry = ERRORS[code] as (typeof ERRORS)[ErrorCode] & { httpStatus?: number };
    const httpStatus = entry.httpStatus ?? 500;
    const route = request.routeOptions.url ?? 'none';
    if (httpStatus >= 500 && code !== 'too-many-streams' && code !== 'pictures-busy') {
      options.log.write('api-error', { requestId: request.id, route, method: request.method, code, error });
    } else {
      options.metrics.refused.add({ what: 'request', code });
      // Unknown page addresses are not looks at patients; unknown studies might be.
      const audited = AUDITED.has(code) && (code !== 'not-found' || /^\/(api|internal|dicom-web)\/.+:/.test(route));
      const count = repeatCount(`${code} ${request.ip} ${route}`);
      if (count > 0) {
        options.log.write('api-refused', { requestId: request.id, route, method: request.method, code, httpStatus, remoteAddress: request.ip, count });
        if (audited) {
          options.audit.record({
            event: 'request-refused', who: options.whoIs(request) ?? '-', from: request.ip, outcome: 'refused',
            details: { code, route, method: request.method, ...(count > 1 ? { count } : {}) },
          });
        }
      }
    }
    if (code === 'too-many-attempts') reply.header('retry-after', '30');
    if (code === 'too-many-requests' || code === 'pictures-busy') reply.header('retry-after', '1');
    const detail = 'validation' in error && error.validation !== undefined ? validationDetail(error) : code === 'password-weak' ? (error as FirstreadError).details['problem'] : undefined;
    // The one refusal that names somebody: a reader must know whom to ask.
    const claim = code === 'claimed-by-other' ? { ...(error as FirstreadError).details, mine: false } : undefined;
    if (request.method === 'GET' && isForAPage(request.headers)) {
      return reply.code(httpStatus).header('content-type', 'text/html; charset=utf-8').header('vary', 'accept-language').send(errorPage({ httpStatus, code, message: entry.meaning, language: languageOf(request.headers['accept-language']) }));
    }
    return reply
      .code(httpStatus)
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify({ error: { code, message: entry.meaning, ...(detail === undefined ? {} : { detail }), ...(claim === undefined ? {} : { claim }), requestId: request.id } }));
  });

  app.setNotFoundHandler(() => {
    throw new FirstreadError('not-found');
  });
}

function codeOf(error: FastifyError | Error): ErrorCode {
  if (error instanceof FirstreadError) return error.code;
  const { code, statusCode } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return 'request-too-large';
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return 'media-type-unsupported';
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return statusCode === 404 ? 'not-found' : 'request-invalid';
  return 'internal';
}

/** Where and which rule, in the schema's words; never the value that was sent. */
function validationDetail(error: FastifyError): string {
  const first = error.validation?.[0];
  return `${error.validationContext ?? 'request'}${first?.instancePath ?? ''}: ${first?.keyword ?? 'not valid'}`;
}
