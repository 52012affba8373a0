/**
 * The two addresses of signing in elsewhere: away to the provider, and back (OpenID Connect Core 1.0 3.1.2). Coming
 * back ends in a page that goes on by itself, like the one-time link: a Strict cookie would not travel with a redirect
 * that began on another site.
 */
import { randomBytes } from 'node:crypto';
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { Log } from '../../ops/log.ts';
import { sentenceAsWord } from '../../ops/redaction.ts';
import type { Cookie } from '../cookies.ts';
import { CALLBACK_PATH, OIDC_LIMITS, type Oidc } from '../oidc.ts';
import type { OidcSessions } from '../oidc-sessions.ts';
import { onwardPage, PAGE_PATH } from '../onward-page.ts';
import { originOf, type ApiCall, type ApiRoute } from '../route.ts';
import { object } from '../schemas.ts';

export interface OidcRouteOptions {
  readonly oidc: Oidc;
  readonly sessions: OidcSessions;
  readonly audit: Audit;
  readonly log: Log;
  readonly sessionCookie: Cookie;
  /** Ties the provider's answer to the browser that asked; Lax, because it comes back from elsewhere. */
  readonly beginCookie: Cookie;
  readonly sessionLifeMs: number;
}

const beginQuery = object({ to: { type: 'string', pattern: PAGE_PATH, default: '/' } }, ['to']);
/** What a provider may add is its own matter (RFC 6749 4.1.2); everything has a length. */
const callbackQuery = { type: 'object', additionalProperties: { type: 'string', maxLength: 4_096 }, maxProperties: 20 };

export function oidcRoutes(options: OidcRouteOptions): readonly ApiRoute[] {
  const { oidc, sessions, audit, beginCookie } = options;

  const failed = (call: ApiCall, error: unknown): unknown => {
    if (!(error instanceof FirstreadError)) throw error;
    return call.reply.code(error.entry.httpStatus ?? 401).send(onwardPage(`/?refused=${error.code}`));
  };

  return [
    {
      method: 'GET', url: '/sign-in/oidc', access: 'public', summary: 'Goes to the OpenID Connect provider to sign in.', query: beginQuery, answer: { mediaType: 'text/html' },
      async handler(call) {
        call.reply.header('content-type', 'text/html; charset=utf-8');
        try {
          const browser = beginCookie.read(call.request) ?? randomBytes(32).toString('base64url');
          const url = await oidc.begin({ origin: originOf(call), browser, from: call.from, to: String(call.query['to']) });
          beginCookie.write(call, browser, OIDC_LIMITS.beginLifeMs);
          return await call.reply.redirect(url.href, 303);
        } catch (error) {
          return failed(call, error);
        }
      },
    },
    {
      method: 'GET', url: CALLBACK_PATH, access: 'public', summary: 'Comes back from the OpenID Connect provider: sets the session cookie and goes on to the page.', query: callbackQuery, answer: { mediaType: 'text/html' },
      async handler(call) {
        call.reply.header('content-type', 'text/html; charset=utf-8');
        try {
          const person = await oidc.finish(new URL(call.request.url, 'http://callback').searchParams, beginCookie.read(call.request));
          const cookieValue = sessions.signIn(person, call.from);
          options.sessionCookie.write(call, cookieValue, options.sessionLifeMs);
          beginCookie.clear(call);
          return await call.reply.send(onwardPage(person.to));
        } catch (error) {
          if (error instanceof FirstreadError && ['oidc-refused', 'oidc-unavailable'].includes(error.code)) {
            audit.record({ event: 'sign-in-refused', who: '-', from: call.from, outcome: 'refused', details: { code: error.code, by: 'oidc', ...error.details } });
            options.log.write('sign-in-refused', { requestId: call.request.id, code: error.code, ...(error.details['why'] === undefined ? {} : { reason: sentenceAsWord(String(error.details['why'])) }), remoteAddress: call.from });
          }
          return failed(call, error);
        }
      },
    },
  ];
}
