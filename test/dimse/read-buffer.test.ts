import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { withReadBuffer } from '../../src/dimse/read-buffer.ts';

it('reads every chunk of an accepted connection into one buffer, keeps what comes while paused, and ends', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const peer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const socket = withReadBuffer((await accepted)[0] as Socket);
  expect(socket.remotePort).toBe(peer.localPort);
  const memories = new Set<ArrayBufferLike>();
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    memories.add(chunk.buffer);
    received.push(Buffer.from(chunk));
    socket.pause();
    setImmediate(() => socket.resume());
  });
  const sent = Buffer.alloc(5_000_000).map((_, index) => (index * 31) & 0xff);
  peer.end(sent);
  await once(socket, 'end');
  expect(Buffer.concat(received).equals(sent)).toBe(true);
  expect(received.length).toBeGreaterThan(5);
  // More than one would mean that this Node no longer offers it, and every read is garbage again.
  expect(memories.size).toBe(1);
  server.close();
});
