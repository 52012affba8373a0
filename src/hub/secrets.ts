/** What a site must keep to itself: made at the first start, readable by its owner only, never sent anywhere. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FirstreadError } from '../errors.ts';

export interface Secrets {
  /** Keys the audit chain's hashes, hex. */
  readonly auditKey: string;
  /** Lets commands on this machine act on the running hub. */
  readonly localToken: string;
  /** Tells two Firstreads of one hospital apart in reports; not secret, but made at the same time. */
  readonly serialNumber: string;
}

export function readOrMakeSecrets(root: string): Secrets {
  const path = join(root, 'secrets.json');
  if (existsSync(path)) {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
    } catch {
      throw new FirstreadError('config-invalid', `${path} is damaged: restore it from a backup, or remove it to have a new one made (reports will name another device, the audit chain starts anew)`);
    }
  }
  const secrets: Secrets = {
    auditKey: randomBytes(32).toString('hex'),
    localToken: randomBytes(32).toString('base64url'),
    serialNumber: randomBytes(6).toString('hex').toUpperCase(),
  };
  writeFileSync(`${path}.part`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
  return secrets;
}
