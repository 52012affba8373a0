/** A TCP or TLS connection to a peer, within a time; failures told as AssociationErrors. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { AssociationError } from './association-error.ts';

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  /** Present: TLS. */
  readonly tls?: ConnectionOptions;
}

/** @throws AssociationError peer-unreachable, peer-silent */
export function openSocket({ host, port, tls }: PeerAddress, connectTimeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls === undefined ? connect({ host, port }) : connectTls({ host, port, minVersion: 'TLSv1.2', ...tls });
    const fail = (code: 'peer-unreachable' | 'peer-silent', why: string, cause?: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new AssociationError(code, why, cause));
    };
    const timer = setTimeout(() => fail('peer-silent', 'no connection in time'), connectTimeoutMs);
    const failed = (error: NodeJS.ErrnoException): void => fail('peer-unreachable', `no connection: ${error.code ?? error.message}`, error);
    socket.once('error', failed);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.setNoDelay(true);
      socket.off('error', failed);
      // Until the Connection listens, an error must not be an uncaught one; 'close' tells it all the same.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
