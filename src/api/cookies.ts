/**
 * Cookies: HttpOnly, and over https Secure with the `__Host-` prefix, which no sister host and no plain-http page can
 * plant (RFC 6265bis 4.1.3.2). Over plain http (this machine, a closed network) they go without. Values are our own
 * 256-bit secrets and nothing else.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { cookieValue } from './request-guard.ts';

export interface CookieOptions {
  readonly name: string;
  /** Strict: never sent when another site leads here. Lax: sent with a plain navigation from elsewhere. */
  readonly sameSite: 'Strict' | 'Lax';
  /** Also where the page was reached over http: browsers then keep it on this machine's own name only. */
  readonly alwaysSecure: boolean;
}

export interface Cookie {
  read(request: FastifyRequest): string | undefined;
  write(call: { readonly request: FastifyRequest; readonly reply: FastifyReply }, value: string, lifeMs: number): void;
  clear(call: { readonly request: FastifyRequest; readonly reply: FastifyReply }): void;
}

/** Fastify believes X-Forwarded-Proto from trusted proxies only. */
export const isSecure = (request: FastifyRequest): boolean => request.protocol === 'https';

export function createCookie({ name, sameSite, alwaysSecure }: CookieOptions): Cookie {
  const secureFor = (request: FastifyRequest): boolean => alwaysSecure || isSecure(request);
  const nameFor = (request: FastifyRequest): string => (secureFor(request) ? `__Host-${name}` : name);
  const cookie: Cookie = {
    read: (request) => cookieValue(request.headers.cookie, nameFor(request)),
    write({ request, reply }, value, lifeMs) {
      const attributes = ['Path=/', 'HttpOnly', `SameSite=${sameSite}`, `Max-Age=${Math.floor(lifeMs / 1000)}`, ...(secureFor(request) ? ['Secure'] : [])];
      reply.header('set-cookie', `${nameFor(request)}=${value}; ${attributes.join('; ')}`);
    },
    clear: (call) => cookie.write(call, '', 0),
  };
  return cookie;
}
