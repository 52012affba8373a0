/**
 * A real OpenID Connect provider (oidc-provider) on a free port, with its own sign-in pages, and a person's way through
 * them over HTTP. Its key is ours, so that a test may have it say what no honest provider says, rightly signed.
 */
import { createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors, Provider } from 'oidc-provider';

export interface OidcPeer {
  readonly issuer: string;
  /** Claims of a person by their sign-in name; a person who is missing is disabled. */
  readonly people: Map<string, Record<string, unknown>>;
  /** Of authorization requests, as they came. */
  readonly asked: URLSearchParams[];
  /** Changes what the ID token says (or who signs it) from now on. */
  wicked: ((claims: Record<string, unknown>) => { claims?: Record<string, unknown>; foreignKey?: boolean; unsigned?: boolean }) | undefined;
  /** Of this person's tokens it says that our secret is wrong. */
  unclearFor: string | undefined;
  /** Answers everything with 503. */
  away: boolean;
  close(): Promise<void>;
}

export const CLIENT = { id: 'firstread', secret: 'a secret of thirty-two characters!' };
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function startOidcPeer(redirectUris: readonly string[], options: { readonly groupsInIdToken?: boolean; readonly port?: number } = {}): Promise<OidcPeer> {
  const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, Record<string, unknown>>();
  const peer: OidcPeer = {
    issuer, people, asked: [], wicked: undefined, unclearFor: undefined, away: false,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };

  const provider = new Provider(issuer, {
    clients: [{
      client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: redirectUris, grant_types: ['authorization_code', 'refresh_token'],
      post_logout_redirect_uris: redirectUris.map((uri) => new URL('/', uri).href), token_endpoint_auth_method: 'client_secret_basic',
    }],
    jwks: { keys: [{ ...ours.privateKey.export({ format: 'jwk' }), kid: 'ours', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['for tests only'] },
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups', 'offline_access'],
    conformIdTokenClaims: options.groupsInIdToken !== true,
    findAccount: async (_context: unknown, id: string) => (people.has(id) ? { accountId: id, claims: async () => ({ sub: id, preferred_username: id, ...people.get(id) }) } : undefined),
    issueRefreshToken: async () => true,
    // Asked while a token is made: the place to fail for one person.
    extraTokenClaims: async (_context: unknown, token: { accountId?: string }) => {
      if (peer.unclearFor !== undefined && token.accountId === peer.unclearFor) throw Object.assign(new errors.InvalidClient('not today'), { expose: true });
      return undefined;
    },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Grant: 3600, Session: 3600, RefreshToken: 3600 },
  });
  const callback = provider.callback();

  const sign = (claims: unknown, key = ours.privateKey): string => {
    const body = `${base64url({ alg: 'RS256', typ: 'JWT', kid: 'ours' })}.${base64url(claims)}`;
    return `${body}.${createSign('RSA-SHA256').update(body).sign(key, 'base64url')}`;
  };
  const twist = (response: ServerResponse): void => {
    const end = response.end.bind(response) as (text: string) => ServerResponse;
    response.end = ((text: unknown) => {
      if (typeof text !== 'string' || peer.wicked === undefined) return end(text as string);
      const answer = JSON.parse(text) as { id_token?: string };
      if (answer.id_token === undefined) return end(text);
      const claims = JSON.parse(Buffer.from(answer.id_token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
      const told = peer.wicked(claims);
      answer.id_token = told.unsigned ? `${base64url({ alg: 'none' })}.${base64url(told.claims ?? claims)}.` : sign(told.claims ?? claims, told.foreignKey ? foreign.privateKey : ours.privateKey);
      const body = JSON.stringify(answer);
      response.setHeader('content-length', Buffer.byteLength(body));
      return end(body);
    }) as typeof response.end;
  };

  server.on('request', (request, response) => {
    if (peer.away) return void response.writeHead(503).end('away');
    const url = new URL(request.url ?? '/', issuer);
    if (url.pathname === '/auth') peer.asked.push(url.searchParams);
    if (url.pathname === '/token') twist(response);
    return callback(request, response);
  });
  createPublicKey(ours.publicKey.export({ format: 'pem', type: 'spki' })); // fails here, not in a test, where keys cannot be made
  return peer;
}

/** A browser of a few lines: cookies by host and port, redirects one at a time. */
export function httpBrowser() {
  const jars = new Map<string, Map<string, string>>();
  return {
    async go(url: string, form?: Record<string, string>): Promise<{ status: number; location: string | undefined; text: string; setCookies: readonly string[] }> {
      const { host } = new URL(url);
      const jar = jars.get(host) ?? new Map<string, string>();
      jars.set(host, jar);
      const answer = await fetch(url, {
        redirect: 'manual', method: form === undefined ? 'GET' : 'POST',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
      });
      const setCookies = answer.headers.getSetCookie();
      for (const line of setCookies) {
        const [pair, ...attributes] = line.split(';');
        const at = pair!.indexOf('=');
        const gone = attributes.some((one) => /^\s*max-age=0$/i.test(one) || (/^\s*expires=/i.test(one) && Date.parse(one.split('=')[1]!) < Date.now()));
        if (gone) jar.delete(pair!.slice(0, at));
        else jar.set(pair!.slice(0, at), pair!.slice(at + 1));
      }
      const location = answer.headers.get('location');
      return { status: answer.status, location: location === null ? undefined : new URL(location, url).href, text: await answer.text(), setCookies };
    },
    cookies: (host: string) => jars.get(host) ?? new Map<string, string>(),
  };
}

/** From the button to just before the callback: the address that the provider sends the browser back to. */
export async function throughProvider(browser: ReturnType<typeof httpBrowser>, start: string, login: string): Promise<string> {
  let answer = await browser.go(start);
  for (let step = 0; step < 12; step += 1) {
    if (answer.location !== undefined) {
      if (new URL(answer.location).pathname === '/sign-in/oidc/callback') return answer.location;
      answer = await browser.go(answer.location);
      continue;
    }
    const action = /<form[^>]*action="([^"]+)"/.exec(answer.text)?.[1];
    if (action === undefined) throw new Error(`the provider's page has no form: ${answer.status} ${answer.text.slice(0, 300)}`);
    const prompt = /name="prompt" value="(\w+)"/.exec(answer.text)?.[1] ?? 'login';
    answer = await browser.go(action, prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
  }
  throw new Error('the provider does not come to an end');
}
