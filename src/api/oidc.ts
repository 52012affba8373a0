/**
 * OpenID Connect as a relying party: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 3.1,
 * RFC 9700), discovery, re-check by refresh token, RP-initiated logout. A provider that is away stops nothing: sign-in
 * with it says so, and it is asked again. Leaves out back-channel logout and dynamic registration.
 */
import { createHash } from 'node:crypto';
import * as client from 'openid-client';
import { FirstreadError } from '../errors.ts';
import { claimAt, nameOf, roleOf, type Claims, type RoleMapping } from './oidc-roles.ts';
import type { Role } from './ports.ts';

export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Empty: a public client, PKCE alone. */
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  readonly roleClaim: string;
  readonly roles: RoleMapping;
  /** On the button. */
  readonly name: string;
  readonly now: () => number;
  /** The provider answers, or why it does not: told when it changes. */
  readonly onAvailable?: (available: boolean, error?: unknown) => void;
  readonly limits?: Partial<OidcLimits>;
}

export interface OidcLimits {
  /** From the button to the callback: a person may look for their second factor. */
  readonly beginLifeMs: number;
  readonly begunCountMax: number;
  /** One address cannot push out everybody's sign-ins. */
  readonly begunPerAddressMax: number;
  readonly requestTimeoutMs: number;
  /** How often a provider that is away is looked for. */
  readonly retryEveryMs: number;
  /** Endpoints and keys are read anew so often. */
  readonly rediscoverAfterMs: number;
}

export const OIDC_LIMITS: OidcLimits = {
  beginLifeMs: 10 * 60_000,
  begunCountMax: 2_000,
  begunPerAddressMax: 50,
  requestTimeoutMs: 10_000,
  retryEveryMs: 30_000,
  rediscoverAfterMs: 24 * 60 * 60_000,
};

export interface OidcPerson {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  /** Undefined: in no group that has a role here. */
  readonly role: Role | undefined;
  /** Kept in memory only. */
  readonly tokens: OidcTokens;
}

export interface OidcTokens {
  readonly idToken?: string;
  readonly refreshToken?: string;
}

export interface OidcBegin {
  /** Where the page is reached, as in `https://reading.hospital`: the callback lies there. */
  readonly origin: string;
  /** The secret in the browser's cookie: only the browser that began may finish. */
  readonly browser: string;
  readonly from: string;
  /** Where to go on afterwards; checked by the route. */
  readonly to: string;
}

export type OidcRecheck = { readonly kind: 'confirmed'; readonly role: Role | undefined | 'unchanged'; readonly tokens: OidcTokens } | { readonly kind: 'refused' } | { readonly kind: 'away' } | { readonly kind: 'unclear' };

export interface Oidc {
  readonly name: string;
  available(): boolean;
  /** Where to send the browser. Throws `oidc-unavailable`. */
  begin(begin: OidcBegin): Promise<URL>;
  /** The provider's answer, once. Throws `oidc-refused` or `oidc-unavailable`. */
  finish(query: URLSearchParams, browser: string | undefined): Promise<OidcPerson & { readonly to: string }>;
  recheck(tokens: OidcTokens, subject: string): Promise<OidcRecheck>;
  /** Where the browser ends its session at the provider too; undefined where the provider has no such place. */
  logoutUrl(tokens: OidcTokens, origin: string): string | undefined;
  close(): void;
}

interface Begun {
  readonly browserSha256: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly to: string;
  readonly from: string;
  readonly expiresAtMs: number;
}

export const CALLBACK_PATH = '/sign-in/oidc/callback';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export function createOidc(options: OidcOptions): Oidc {
  const { now } = options;
  const limits = { ...OIDC_LIMITS, ...options.limits };
  const begun = new Map<string, Begun>();
  let found: { readonly configuration: client.Configuration; readonly atMs: number } | undefined;
  let looking: Promise<client.Configuration> | undefined;
  let told: boolean | undefined;

  const tell = (available: boolean, error?: unknown): void => {
    if (told !== available) options.onAvailable?.(available, error);
    told = available;
  };

  const discover = (): Promise<client.Configuration> => {
    looking ??= client
      .discovery(new URL(options.issuer), options.clientId, {}, clientAuthentication(options.clientSecret), {
        timeout: limits.requestTimeoutMs / 1_000,
        // The token comes over TLS from the provider itself; its signature is checked all the same.
        execute: [client.enableNonRepudiationChecks, ...(new URL(options.issuer).protocol === 'http:' ? [client.allowInsecureRequests] : [])],
      })
      .then((configuration) => {
        found = { configuration, atMs: now() };
        tell(true);
        return configuration;
      })
      .catch((error: unknown) => {
        tell(found !== undefined, error);
        throw new FirstreadError('oidc-unavailable', undefined, {}, error);
      })
      .finally(() => (looking = undefined));
    return looking;
  };

  const configured = async (): Promise<client.Configuration> => {
    if (found === undefined) return discover();
    if (now() - found.atMs > limits.rediscoverAfterMs) return discover().catch(() => found!.configuration);
    return found.configuration;
  };

  /** ID token first; where the groups are not in it, what userinfo says of the same subject. */
  const claimsOf = async (configuration: client.Configuration, answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers, subject?: string): Promise<Claims> => {
    const idToken = (answer.claims() ?? {}) as Claims;
    const sub = (idToken['sub'] as string | undefined) ?? subject;
    if (claimAt(idToken, options.roleClaim) !== undefined || sub === undefined || configuration.serverMetadata().userinfo_endpoint === undefined) return idToken;
    return { ...(await client.fetchUserInfo(configuration, answer.access_token, sub)), ...idToken };
  };

  const tokensOf = (answer: client.TokenEndpointResponse, before: OidcTokens = {}): OidcTokens => {
    const [idToken, refreshToken] = [answer.id_token ?? before.idToken, answer.refresh_token ?? before.refreshToken];
    return { ...(idToken === undefined ? {} : { idToken }), ...(refreshToken === undefined ? {} : { refreshToken }) };
  };

  const timer = setInterval(() => {
    if (found === undefined) discover().catch(() => undefined);
  }, limits.retryEveryMs);
  timer.unref();
  discover().catch(() => undefined);

  return {
    name: options.name,
    available: () => found !== undefined,

    async begin({ origin, browser, from, to }) {
      const configuration = await configured();
      for (const [state, one] of begun) if (one.expiresAtMs <= now()) begun.delete(state);
      const ofAddress = [...begun].filter(([, one]) => one.from === from);
      if (ofAddress.length >= limits.begunPerAddressMax) begun.delete(ofAddress[0]![0]);
      else if (begun.size >= limits.begunCountMax) begun.delete(begun.keys().next().value!);
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
      const redirectUri = `${origin}${CALLBACK_PATH}`;
      begun.set(state, { browserSha256: sha256(browser), nonce, verifier, redirectUri, to, from, expiresAtMs: now() + limits.beginLifeMs });
      return client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri, scope: options.scopes.join(' '), state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      });
    },

    async finish(query, browser) {
      const state = query.get('state') ?? '';
      const one = begun.get(state);
      // Only the browser that began uses it up: nobody else can make a sign-in fail by guessing.
      if (one === undefined || browser === undefined || sha256(browser) !== one.browserSha256) throw refused('state');
      begun.delete(state);
      if (one.expiresAtMs <= now()) throw refused('expired');
      const configuration = await configured();
      try {
        const answer = await client.authorizationCodeGrant(configuration, new URL(`${one.redirectUri}?${query}`), {
          expectedState: state, expectedNonce: one.nonce, pkceCodeVerifier: one.verifier, idTokenExpected: true,
        });
        const claims = await claimsOf(configuration, answer);
        const name = nameOf(claims);
        if (name === undefined) throw refused('name');
        return { issuer: String(claims['iss']), subject: String(claims['sub']), name, role: roleOf(claims, options.roleClaim, options.roles), tokens: tokensOf(answer), to: one.to };
      } catch (error) {
        if (error instanceof FirstreadError) throw error;
        if (isAway(error)) throw new FirstreadError('oidc-unavailable', undefined, {}, error);
        throw refused(error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError ? error.error : ((error as { code?: string }).code ?? 'answer'), error);
      }
    },

    async recheck(tokens, subject) {
      if (tokens.refreshToken === undefined) return { kind: 'unclear' };
      try {
        const configuration = await configured();
        const answer = await client.refreshTokenGrant(configuration, tokens.refreshToken);
        const claims = await claimsOf(configuration, answer, subject).catch((error: unknown) => {
          // A token fresh from the provider that its userinfo does not take.
          throw error instanceof client.WWWAuthenticateChallengeError ? refused('userinfo', error) : error;
        });
        const said = claimAt(claims, options.roleClaim) !== undefined || claims['sub'] !== undefined;
        return { kind: 'confirmed', role: said ? roleOf(claims, options.roleClaim, options.roles) : 'unchanged', tokens: tokensOf(answer, tokens) };
      } catch (error) {
        if (error instanceof client.ResponseBodyError ? error.error === 'invalid_grant' : error instanceof FirstreadError && error.code === 'oidc-refused') return { kind: 'refused' };
        // Anything else is between us and the provider (a client's secret that was changed): no reason to put people out.
        return { kind: error instanceof FirstreadError || isAway(error) ? 'away' : 'unclear' };
      }
    },

    logoutUrl(tokens, origin) {
      if (found?.configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
      return client.buildEndSessionUrl(found.configuration, { post_logout_redirect_uri: `${origin}/`, ...(tokens.idToken === undefined ? {} : { id_token_hint: tokens.idToken }) }).href;
    },

    close: () => clearInterval(timer),
  };
}

/** `why` is a code for the audit trail: `state`, `access_denied`, `OAUTH_JWT_CLAIM_COMPARISON_FAILED`. */
const refused = (why: string, cause?: unknown): FirstreadError => new FirstreadError('oidc-refused', undefined, { why: why.replace(/[^\w-]/g, '').slice(0, 64) }, cause);

/** As the provider's metadata wants it; RFC 8414's default is basic. */
function clientAuthentication(secret: string): client.ClientAuth {
  if (secret === '') return client.None();
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, metadata, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (methods.includes('client_secret_basic') ? basic : post)(server, metadata, body, headers);
  };
}

/** No answer, no sense in it, or a fault over there: not the person's doing. */
function isAway(error: unknown): boolean {
  const { code, cause, name } = error as { code?: string; cause?: unknown; name?: string };
  if (error instanceof client.ResponseBodyError) return error.status >= 500;
  return name === 'TimeoutError' || error instanceof TypeError || code === 'OAUTH_TIMEOUT' || cause instanceof TypeError || (cause instanceof Response && cause.status >= 500);
}
