/** Signing in and out. The one-time link's page is also how a person without a password comes in. */
import { FirstreadError } from '../../errors.ts';
import type { Auth } from '../auth.ts';
import type { AccountsPort, Role } from '../ports.ts';
import { cookieValue } from '../request-guard.ts';
import { mayDo, PERMITTED, type Permission } from '../roles.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

export interface SessionRouteOptions {
  readonly auth: Auth;
  readonly accounts: AccountsPort;
  readonly version: string;
  readonly cookieName: string;
  /** True behind TLS: the cookie then never travels in the clear. */
  readonly secureCookies: boolean;
  readonly sessionLifeMs: number;
}

export function sessionRoutes(options: SessionRouteOptions): readonly ApiRoute[] {
  const { auth, accounts, cookieName } = options;

  const setCookie = (call: ApiCall, value: string, lifeMs: number): void => {
    const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${Math.floor(lifeMs / 1000)}`, ...(options.secureCookies ? ['Secure'] : [])];
    call.reply.header('set-cookie', `${cookieName}=${value}; ${attributes.join('; ')}`);
  };

  return [
    {
      method: 'GET', url: '/api/session', access: 'public', summary: 'Who is signed in here, and what they may do.', answer: schemas.sessionAnswer,
      handler(call) {
        const value = cookieValue(call.request.headers.cookie, cookieName);
        const caller = value === undefined ? undefined : auth.callerOfCookie(value, 'active');
        const common = { usersConfigured: accounts.userCount() > 0, version: options.version };
        if (caller === undefined) return { signedIn: false, permissions: [], ...common };
        const permissions = (Object.keys(PERMITTED) as Permission[]).filter((permission) => mayDo(caller.role, permission));
        return { signedIn: true, name: caller.name, role: caller.role, permissions, ...common };
      },
    },
    {
      method: 'POST', url: '/api/session', access: 'public', summary: 'Signs in with name and password.', body: schemas.signInBody, answer: schemas.doneAnswer,
      async handler(call) {
        const { name, password } = call.body as { name: string; password: string };
        setCookie(call, await auth.signIn(name, password, call.from), options.sessionLifeMs);
        return { done: true };
      },
    },
    {
      method: 'POST', url: '/api/session/end', access: 'public', summary: 'Signs out.', answer: schemas.doneAnswer,
      handler(call) {
        const value = cookieValue(call.request.headers.cookie, cookieName);
        if (value !== undefined) auth.signOut(value, call.from);
        setCookie(call, '', 0);
        return { done: true };
      },
    },
    {
      method: 'GET', url: '/sign-in', access: 'public', summary: 'Redeems a one-time link: sets the session cookie and goes on to the page.',
      query: schemas.linkQuery, answer: { mediaType: 'text/html' },
      handler(call) {
        // A browser that fetches ahead, or a mail scanner that says so, must not use the link up.
        if (call.request.headers['sec-purpose'] !== undefined || call.request.headers['purpose'] === 'prefetch') throw new FirstreadError('link-invalid');
        call.reply.header('content-type', 'text/html; charset=utf-8');
        try {
          setCookie(call, auth.redeemLink(String(call.query['link']), call.from), options.sessionLifeMs);
          // Not a redirect: a Strict cookie would not travel with one that began on another site (a link in a chat).
          return call.reply.send(ONWARD('/'));
        } catch (error) {
          if (!(error instanceof FirstreadError)) throw error;
          return call.reply.code(error.entry.httpStatus ?? 401).send(ONWARD(`/?refused=${error.code}`));
        }
      },
    },
    {
      method: 'POST', url: '/api/sign-in-links', access: 'manage-accounts', summary: 'Makes a new one-time link.', body: schemas.linkBody, answer: schemas.linkAnswer,
      handler(call) {
        const { name, role } = call.body as { name: string; role: Role };
        return { path: `/sign-in?link=${auth.issueLink({ name, role })}` };
      },
    },
  ];
}

const ONWARD = (to: '/' | `/?refused=${string}`): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="dark light"><meta http-equiv="refresh" content="0;url=${to}"><title>Firstread</title><p><a href="${to}">Firstread</a></p></html>\n`;
