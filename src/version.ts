/** The version that reports, logs and association items carry: package.json's. */
import packageJson from '../package.json' with { type: 'json' };

export const FIRSTREAD_VERSION: string = packageJson.version;
