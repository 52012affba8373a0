/** Why a port cannot be opened, in words that name the setting; other errors as they are. */
import { FirstreadError } from '../errors.ts';

export function listenError(error: unknown, at: { readonly host: string; readonly port: number; readonly flag: string }): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE' ? 'is taken by another program'
    : code === 'EACCES' ? 'may not be opened by this user (ports below 1024 need a privilege)'
    : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' ? `cannot be opened: ${at.host} is no address of this machine`
    : undefined;
  return why === undefined ? error : new FirstreadError('config-invalid', `port ${at.port} ${why}; choose another with --${at.flag}-port or --${at.flag}-host`, {}, error);
}
