/**
 * One read buffer for the life of an accepted connection, instead of a fresh 64 KiB for every read: measured, the garbage
 * collector took more time than all else at 400 MB/s. Node offers this (`onread`) for sockets that connect, and for
 * accepted ones only by handing the handle over to a socket of our own. Where that is not possible (TLS, another
 * Node), the socket is returned as it is, and works as ever.
 *
 * The bytes of a 'data' event are then valid only until the listener returns, or, if it has paused, until it resumes.
 */
import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';

/** Fewer, larger reads; the pages of an idle connection's buffer are never touched, so they cost no memory. */
export const READ_BUFFER_BYTES = 256 * 1024;

interface WithHandle {
  _handle: { readonly useUserBuffer?: unknown } | null;
}

/** For a socket fresh from a server with `pauseOnConnect`. */
export function withReadBuffer(accepted: Socket): Socket {
  const holder = accepted as unknown as WithHandle;
  const handle = holder._handle;
  if (typeof handle?.useUserBuffer !== 'function') return accepted.resume();
  holder._handle = null;
  accepted.destroy();
  const options = {
    handle,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
      callback: (byteLength: number, buffer: Uint8Array) => {
        socket.emit('data', buffer.subarray(0, byteLength));
        // Reading is stopped and started by pause() and resume(), which know of this mode.
        return true;
      },
    },
  };
  const socket: Socket = new Socket(options as unknown as SocketConstructorOpts);
  return socket;
}
