import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttpSource } from '../../src/inference/http-source.ts';
import type { HttpSourceLimits } from '../../src/inference/http-source.ts';

const KEY = 'ab'.repeat(32);
const limits: HttpSourceLimits = { instanceBytesMax: 10_000, fetchesAtOnce: 4, silenceMs: 300, requestMsMax: 60_000, retryPausesMs: [5, 5] };
let server: Server | undefined;

/** A hub that answers as told and remembers what it was asked. */
async function startHub(answer: (request: IncomingMessage, response: ServerResponse, count: number) => void, other: Partial<HttpSourceLimits> = {}) {
  const asked: { method?: string | undefined; url?: string | undefined; authorization?: string | undefined; type?: string | undefined; body: Buffer }[] = [];
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, authorization: request.headers.authorization, type: request.headers['content-type'], body: Buffer.concat(pieces) });
      answer(request, response, asked.length);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, source: createHttpSource({ hubUrl, token: 'secret', limits: { ...limits, ...other } }) };
}

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
});

const signal = new AbortController().signal;

describe('createHttpSource', () => {
  test('fetches with its token, puts previews as JPEG', async () => {
    const { asked, source } = await startHub((request, response) => response.end(request.method === 'GET' ? Buffer.from('bytes') : '{"done":true}'));
    expect(Buffer.from(await source.fetch(KEY, signal)).toString()).toBe('bytes');
    await source.putPreview(KEY, Buffer.from([0xff, 0xd8, 0xff]));
    expect(asked).toMatchObject([
      { method: 'GET', url: `/internal/instances/${KEY}`, authorization: 'Bearer secret' },
      { method: 'PUT', url: `/internal/previews/${KEY}`, authorization: 'Bearer secret', type: 'image/jpeg', body: Buffer.from([0xff, 0xd8, 0xff]) },
    ]);
  });

  test('a hub that restarts is asked again; one that stays away is unreachable', async () => {
    const { asked, source } = await startHub((_, response, count) => (count < 3 ? response.writeHead(503).end() : response.end('there')));
    expect(Buffer.from(await source.fetch(KEY, signal)).toString()).toBe('there');
    expect(asked).toHaveLength(3);
    const gone = createHttpSource({ hubUrl: 'http://127.0.0.1:1', token: 'x', limits });
    await expect(gone.fetch(KEY, signal)).rejects.toMatchObject({ code: 'hub-unreachable' });
  });

  test.each([[404, 'instance-missing'], [401, 'config-invalid'], [403, 'config-invalid']])('%i is said at once as %s', async (status, code) => {
    const { asked, source } = await startHub((_, response) => response.writeHead(status).end());
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(1);
  });

  test('too large is refused, declared or not', async () => {
    const { source } = await startHub((_, response, count) => {
      if (count === 1) response.setHeader('content-length', 20_000);
      response.end(Buffer.alloc(20_000));
    });
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'pixels-over-limit' });
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'pixels-over-limit' });
  });

  test('a film comes whole over a slow line, at the first try, however long it takes', async () => {
    const pieces = 40;
    const { asked, source } = await startHub((_, response) => {
      response.writeHead(200, { 'content-length': pieces * 10 });
      let sent = 0;
      const sending = setInterval(() => {
        response.write(Buffer.alloc(10));
        if ((sent += 1) < pieces) return;
        clearInterval(sending);
        response.end();
      }, 50);
      response.on('close', () => clearInterval(sending));
    }, { silenceMs: 1_000 });
    expect(await source.fetch(KEY, signal)).toHaveLength(pieces * 10);
    expect(asked).toHaveLength(1);
  });

  test('a hub that gives no answer is unreachable', async () => {
    const { asked, source } = await startHub(() => undefined);
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'hub-unreachable' });
    expect(asked).toHaveLength(3);
  });

  test.each([
    ['breaks off', (response: ServerResponse): void => void setTimeout(() => response.destroy(), 10)],
    ['falls silent', (): void => undefined],
  ])('an answer that %s is asked for again; after so many times the file is what does not come', async (_how, stop) => {
    const { asked, source } = await startHub((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      stop(response);
    });
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'instance-incomplete' });
    expect(asked).toHaveLength(3);
  });

  test('a hub that goes away in the middle is what is unreachable, not the file', async () => {
    const { source } = await startHub((_, response, count) => {
      if (count > 2) return response.writeHead(503).end();
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => response.destroy(), 10);
    });
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'hub-unreachable' });
  });

  test('what trickles for ever is given up, and not begun again', async () => {
    const { asked, source } = await startHub((_, response) => {
      const trickling = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(trickling));
    }, { silenceMs: 60_000, requestMsMax: 300 });
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'instance-incomplete' });
    expect(asked).toHaveLength(1);
  });

  test('few are fetched at once, in their order; one that is not wanted any more gives up its turn', async () => {
    let answering: (() => void)[] = [];
    const { asked, source } = await startHub((_, response) => void answering.push(() => response.end('film')), { fetchesAtOnce: 2, silenceMs: 60_000 });
    const unwanted = new AbortController();
    const all = [1, 2, 3, 4, 5].map(async (n) => source.fetch(`${n}`.repeat(64), n === 3 ? unwanted.signal : signal));
    const third = expect(all[2]).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => answering.length).toBe(2);
    unwanted.abort();
    await third;
    const first = answering;
    answering = [];
    first.forEach((answer) => answer());
    await expect.poll(() => answering.length).toBe(2);
    answering.forEach((answer) => answer());
    await Promise.allSettled(all);
    expect(asked.map(({ url }) => url?.at(-1)).slice(2).toSorted()).toEqual(['4', '5']);
  });

  test('the token goes nowhere else: redirects are not followed', async () => {
    let elsewhere = 0;
    const { source } = await startHub((request, response) => {
      if (request.url === '/elsewhere') elsewhere += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await expect(source.fetch(KEY, signal)).rejects.toMatchObject({ code: 'hub-unreachable' });
    expect(elsewhere).toBe(0);
  });

  test('aborting ends it without further tries', async () => {
    const { asked, source } = await startHub(() => undefined);
    const stop = new AbortController();
    const fetching = source.fetch(KEY, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toHaveLength(1);
  });

  test('an address that is none is a setting that is wrong', () => {
    expect(() => createHttpSource({ hubUrl: 'ftp://x', token: '' })).toThrow(/hubUrl/);
  });
});
