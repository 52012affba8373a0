/**
 * What a request must be before anything looks at it (PURE): asked for under our own name (against DNS rebinding), from
 * our own page (against CSRF), and answered with headers that give a page no room for foreign script.
 */
import type { IncomingHttpHeaders } from 'node:http';

export const LOCAL_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** The custom header that a page of another origin cannot send without asking first (and we answer no CORS). */
export const PAGE_HEADER = 'x-firstread';

/** The page says which requests it makes by itself: they do not keep a session alive. */
export const useOf = (headers: IncomingHttpHeaders): 'active' | 'background' => (headers[PAGE_HEADER] === 'refresh' ? 'background' : 'active');

/** Name part of a Host header, lower case, without port and final dot; undefined where it is none. */
export function hostName(host: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?$/.exec((host ?? '').toLowerCase());
  return match?.[1];
}

export function isHostAllowed(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const name = hostName(host);
  return name !== undefined && allowedHosts.includes(name);
}

/** RFC 9112 3.2: two Host headers are an error; Node would take the first, something in front of us perhaps the last. */
export const hasTwoHosts = (rawHeaders: readonly string[]): boolean => rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length > 1;

/** For requests that change something and are authenticated by cookie. */
export function comesFromOurPage(headers: IncomingHttpHeaders, { protocol, host }: { readonly protocol: string; readonly host: string }): boolean {
  if (headers[PAGE_HEADER] === undefined) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin } = headers;
  if (origin === undefined) return true;
  // Reached over plain http there may be a proxy that speaks TLS and was not named to us; the other way round there is none.
  const match = /^(https?):\/\/([^/]+)$/.exec(origin);
  return match !== null && match[2]!.toLowerCase() === host.toLowerCase() && (protocol !== 'https' || match[1] === 'https');
}

/** The value of one cookie; the last one wins nothing: two of the same name are an attempt, so none counts. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > 8_192) return undefined;
  const values = header.split(';').map((part) => part.trim()).filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  return values.length === 1 && /^[A-Za-z0-9_-]{43}$/.test(values[0]!) ? values[0] : undefined;
}

export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer ([A-Za-z0-9_-]{16,256})$/i.exec(header ?? '')?.[1];
}

/**
 * What may compile WebAssembly and start workers: the full-reading viewer, its page and its own scripts (a worker obeys
 * the policy that its script came with). Nothing else: the list page runs what we wrote and no more.
 */
const WASM_PATHS = /^\/viewer(?:\.html|\/)/;

/** `blob:` is for pictures fetched with their session and shown from memory. */
const policy = (wasm: boolean): string => [
  "default-src 'none'", `script-src 'self'${wasm ? " 'wasm-unsafe-eval'" : ''}`, ...(wasm ? ["worker-src 'self'"] : []), "style-src 'self'", "img-src 'self' blob:", "connect-src 'self'", "font-src 'self'",
  "manifest-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", 
  // The viewer's one policy lets its own worker's address pass (api/viewer/trusted.js).
  "require-trusted-types-for 'script'", `trusted-types ${wasm ? 'default' : "'none'"}`,
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': policy(false),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), payment=()',
  'cache-control': 'no-store',
};

const WASM_HEADERS = { ...SECURITY_HEADERS, 'content-security-policy': policy(true) };

export const securityHeaders = (url: string): Readonly<Record<string, string>> => (WASM_PATHS.test(url) ? WASM_HEADERS : SECURITY_HEADERS);
