/** From settings to how the page is reached (TLS, proxies) and to the OpenID Connect provider, if there is one. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import type { Auth } from '../api/auth.ts';
import { createOidc, type Oidc } from '../api/oidc.ts';
import { createOidcSessions, type OidcSessions } from '../api/oidc-sessions.ts';
import type { AccountsPort } from '../api/ports.ts';
import type { Transport } from '../api/server.ts';
import type { Config } from '../config/config.ts';
import { FirstreadError } from '../errors.ts';
import type { Audit } from '../ops/audit.ts';
import type { Log } from '../ops/log.ts';

const DAY_SECONDS = 24 * 60 * 60;
const SECRET_BYTES_MAX = 4_096;
const CERTIFICATE_LOOK_EVERY_MS = 60 * 60_000;

/** @throws FirstreadError('config-invalid') naming the file that will not do */
export function transportOf(config: Config): Transport {
  const { httpTlsCertificate: certificate, httpTlsKey: key } = config;
  if ((certificate === '') !== (key === '')) throw new FirstreadError('config-invalid', 'httpTlsCertificate and httpTlsKey belong together: set both, or neither');
  const tls = certificate === '' ? undefined : { cert: readSetting('httpTlsCertificate', certificate), key: readSetting('httpTlsKey', key) };
  if (tls !== undefined) {
    try {
      createSecureContext(tls);
    } catch (error) {
      throw new FirstreadError('config-invalid', `httpTlsCertificate ${certificate} and httpTlsKey ${key} do not make a TLS server: ${(error as Error).message}`);
    }
  }
  return { tls, trustedProxies: config.trustedProxies, alwaysSecureCookies: config.secureCookies === 'always', hstsSeconds: config.hstsDays * DAY_SECONDS };
}

/** A renewed certificate is taken up without a restart; one that will not do is said, and the one before goes on. */
export function followCertificate(config: Config, server: Pick<Server, 'setSecureContext'>, log: Log, everyMs = CERTIFICATE_LOOK_EVERY_MS): () => void {
  let inUse = transportOf(config).tls;
  if (inUse === undefined) return () => undefined;
  let said = '';
  const timer = setInterval(() => {
    try {
      const { tls } = transportOf(config);
      if (tls === undefined || (tls.cert.equals(inUse!.cert) && tls.key.equals(inUse!.key))) return;
      server.setSecureContext({ ...tls, minVersion: 'TLSv1.2' });
      inUse = tls;
      said = '';
      log.write('certificate-renewed', {});
    } catch (error) {
      // Half way through a renewal the two do not fit: the next look finds them whole.
      if (said !== (error as Error).message) log.write('certificate-unusable', { error });
      said = (error as Error).message;
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

export interface OidcParts {
  readonly config: Config;
  readonly auth: Auth;
  readonly accounts: AccountsPort;
  readonly audit: Audit;
  readonly log: Log;
  readonly now: () => number;
}

/** The provider may be away: it is looked for from now on, and the hub starts all the same. */
export function openOidc({ config, auth, accounts, audit, log, now }: OidcParts): { readonly provider: Oidc; readonly sessions: OidcSessions } | undefined {
  if (config.oidcIssuer === '') return undefined;
  if (config.oidcClientId === '') throw new FirstreadError('config-invalid', 'oidcIssuer needs oidcClientId');
  if (!config.oidcScopes.includes('openid')) throw new FirstreadError('config-invalid', 'oidcScopes needs openid');
  if (Object.keys(config.oidcRoles).length === 0) throw new FirstreadError('config-invalid', 'oidcIssuer needs oidcRoles: without a group that has a role nobody could sign in with it');
  const provider = createOidc({
    issuer: config.oidcIssuer, clientId: config.oidcClientId, clientSecret: secretOf(config.oidcClientSecret), scopes: config.oidcScopes,
    roleClaim: config.oidcRoleClaim, roles: config.oidcRoles, name: config.oidcName, now,
    onAvailable: (available, error) => log.write(available ? 'oidc-ready' : 'oidc-away', { host: new URL(config.oidcIssuer).hostname, ...(error === undefined ? {} : { error }) }),
  });
  return { provider, sessions: createOidcSessions({ oidc: provider, auth, accounts, audit, now, checkEveryMs: config.oidcCheckMinutes * 60_000, onTrouble: (error) => log.write('storage-failed', { reason: 'sign-in-sessions', error }) }) };
}

function secretOf(setting: string): string {
  if (!setting.startsWith('file:')) return setting;
  const secret = readSetting('oidcClientSecret', setting.slice('file:'.length)).toString('utf8').trim();
  if (secret === '' || secret.length > SECRET_BYTES_MAX) throw new FirstreadError('config-invalid', 'the file of oidcClientSecret holds no secret');
  return secret;
}

function readSetting(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new FirstreadError('config-invalid', `${name}: ${path} cannot be read: ${(error as Error).message}`);
  }
}
