/** Clients that connect and say little: closed at their timeouts, others served meanwhile. */
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { demoSite, type DemoSite } from './demo-site.ts';

let site: DemoSite;
afterEach(() => site.close());

const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 });

async function start(): Promise<number> {
  site = await demoSite({ limits: { headersTimeoutMs: 300, requestTimeoutMs: 600 } });
  await site.app.listen({ port: 0, host: '127.0.0.1' });
  return (site.app.server.address() as AddressInfo).port;
}

function dial(port: number, firstWords: string): { socket: Socket; closed: () => boolean; heard: () => string } {
  let closed = false;
  let heard = '';
  const socket = connect(port, '127.0.0.1', () => void socket.write(firstWords));
  socket.on('data', (bytes) => void (heard += bytes.toString()));
  socket.on('close', () => void (closed = true));
  socket.on('error', () => undefined);
  return { socket, closed: () => closed, heard: () => heard };
}

describe('slow clients', () => {
  test.each([
    ['nothing', ''],
    ['half a header', 'GET /healthz HTTP/1.1\r\nHost: local'],
    ['a header and half a body', 'POST /api/session HTTP/1.1\r\nHost: localhost\r\nX-Firstread: 1\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{"name"'],
  ])('one that sends %s is closed', async (_what, words) => {
    const port = await start();
    const { closed } = dial(port, words);
    await eventually(closed).toBe(true);
  });

  test('two hundred of them hold nobody up, and all are gone in the end', async () => {
    const port = await start();
    const idle = Array.from({ length: 200 }, () => dial(port, 'GET /healthz HTTP/1.1\r\nHost: local'));
    await eventually(() => idle.every(({ socket }) => !socket.connecting)).toBe(true);
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('ok\n');
    await eventually(() => idle.every(({ closed }) => closed())).toBe(true);
  });

  test.each([
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', '400'],
    ['two Hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n', '4'],
    ['the old protocol without Host', 'GET /healthz HTTP/1.0\r\n\r\n', '421'],
    ['a length and chunks', 'POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '400'],
    ['headers without end', `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`, '431'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', '400'],
  ])('%s is refused', async (_what, words, status) => {
    const port = await start();
    const { closed, heard } = dial(port, words);
    await eventually(closed).toBe(true);
    expect(heard()).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
  });
});
