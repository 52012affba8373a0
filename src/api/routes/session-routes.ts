/** Signing in and out, and one's own password. The one-time link's page is also how a person without a password comes in. */
import { FirstreadError } from '../../errors.ts';
import type { Auth } from '../auth.ts';
import type { Cookie } from '../cookies.ts';
import type { Oidc } from '../oidc.ts';
import type { OidcSessions } from '../oidc-sessions.ts';
import { onwardPage } from '../onward-page.ts';
import type { AccountsPort, Role } from '../ports.ts';
import { useOf } from '../request-guard.ts';
import { mayDo, PERMITTED, type Permission } from '../roles.ts';
import { originOf, type ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

export interface SessionRouteOptions {
  readonly auth: Auth;
  readonly accounts: AccountsPort;
  readonly version: string;
  readonly cookie: Cookie;
  readonly sessionLifeMs: number;
  readonly oidc: Oidc | undefined;
  readonly oidcSessions: OidcSessions | undefined;
}

export function sessionRoutes(options: SessionRouteOptions): readonly ApiRoute[] {
  const { auth, accounts, cookie, sessionLifeMs, oidc } = options;

  return [
    {
      method: 'GET', url: '/api/session', access: 'public', summary: 'Who is signed in here, and what they may do; how to sign in.', answer: schemas.sessionAnswer,
      handler(call) {
        const value = cookie.read(call.request);
        const caller = value === undefined ? undefined : auth.callerOfCookie(value, useOf(call.request.headers));
        const common = {
          usersConfigured: accounts.userCount() > 0, version: options.version,
          ...(oidc === undefined ? {} : { oidc: { name: oidc.name, available: oidc.available() } }),
        };
        if (caller === undefined) return { signedIn: false, permissions: [], ...common };
        const permissions = (Object.keys(PERMITTED) as Permission[]).filter((permission) => mayDo(caller.role, permission));
        return { signedIn: true, name: caller.name, role: caller.role, permissions, hasPassword: caller.hasPassword, ...(caller.hasPassword ? { passwordLengthMin: auth.passwordLengthMin } : {}), ...common };
      },
    },
    {
      method: 'POST', url: '/api/session', access: 'public', summary: 'Signs in with name and password.', body: schemas.signInBody, answer: schemas.doneAnswer,
      async handler(call) {
        const { name, password } = call.body as { name: string; password: string };
        cookie.write(call, await auth.signIn(name, password, call.from), sessionLifeMs);
        return { done: true };
      },
    },
    {
      method: 'POST', url: '/api/session/end', access: 'public', summary: 'Signs out; `next`, where there is one, signs out at the OpenID Connect provider too.', answer: schemas.signOutAnswer,
      handler(call) {
        const value = cookie.read(call.request);
        const next = value === undefined ? undefined : options.oidcSessions?.logoutUrl(value, originOf(call));
        if (value !== undefined) auth.signOut(value, call.from);
        cookie.clear(call);
        return { done: true, ...(next === undefined ? {} : { next }) };
      },
    },
    {
      // Everybody who signs in as a person may see the list: the permission stands for that.
      method: 'POST', url: '/api/account/password', access: 'view-worklist', summary: 'Changes one\'s own password; all other sessions of the person end.', body: schemas.passwordBody, answer: schemas.doneAnswer,
      async handler(call) {
        const { before, after } = call.body as { before: string; after: string };
        cookie.write(call, await auth.changePassword(call.caller, before, after, call.from), sessionLifeMs);
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
          cookie.write(call, auth.redeemLink(String(call.query['link']), call.from), sessionLifeMs);
          // Not a redirect: a Strict cookie would not travel with one that began on another site (a link in a chat).
          return call.reply.send(onwardPage('/'));
        } catch (error) {
          if (!(error instanceof FirstreadError)) throw error;
          return call.reply.code(error.entry.httpStatus ?? 401).send(onwardPage(`/?refused=${error.code}`));
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
