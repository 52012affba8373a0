/** The live feed: what a page hears, and that it hears it again after it was away. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import Fastify from 'fastify';
import { createLive, type LiveMessage } from '../../src/api/live.ts';
import { liveRoute } from '../../src/api/routes/live-route.ts';
import { API_LIMITS } from '../../src/api/server.ts';
import { FirstreadError } from '../../src/errors.ts';
import { demoSite, type DemoSite, type DemoSiteOptions } from './demo-site.ts';

/** As long as a loaded machine may need. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 10_000 });
const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

function listen(port: number, headers: Record<string, string>, path = '/api/live') {
  const state = { text: '', status: 0, ended: false, headers: {} as http.IncomingHttpHeaders };
  const request = http.get({ port, host: '127.0.0.1', path, headers }, (response) => {
    state.status = response.statusCode!;
    state.headers = response.headers;
    response.setEncoding('utf8').on('data', (text: string) => void (state.text += text));
    response.on('close', () => void (state.ended = true));
  });
  request.on('error', () => void (state.ended = true));
  return { state, stop: () => request.destroy() };
}

describe('feed', () => {
  const LIMITS = { gatherMs: 20, soonMs: 40, memoryCount: 5, namedCountMax: 3 };

  test('the first change goes out at once, a burst is gathered', async () => {
    const live = createLive(LIMITS);
    const got: LiveMessage[] = [];
    live.subscribe(undefined, (message) => void got.push(message));
    live.changed('1');
    expect(got).toMatchObject([{ studyInstanceUids: ['1'], all: false }]);
    for (const uid of ['2', '3', '2']) live.changed(uid);
    expect(got).toHaveLength(1);
    await eventually(() => got.length).toBe(2);
    expect(got[1]).toMatchObject({ studyInstanceUids: ['2', '3'] });
    for (let i = 0; i < 10_000; i += 1) live.changed(String(i));
    await eventually(() => got.at(-1)!.all).toBe(true);
    expect(got.length).toBeLessThan(6);
    live.close();
  });

  test('what every page shows has changed: one message that says "everything", at once, or with the burst it falls into', async () => {
    const live = createLive(LIMITS);
    const got: LiveMessage[] = [];
    live.subscribe(undefined, (message) => void got.push(message));
    live.everythingChanged();
    expect(got).toMatchObject([{ studyInstanceUids: [], all: true }]);
    live.everythingChanged();
    expect(got).toHaveLength(1);
    await eventually(() => got.length).toBe(2);
    expect(got[1]).toMatchObject({ all: true });
    await pause(3 * LIMITS.gatherMs);
    live.changed('1');
    expect(got.at(-1)).toMatchObject({ studyInstanceUids: ['1'], all: false });
    live.close();
  });

  test('an arrival waits for its moment, and the flag that follows it goes out at once', async () => {
    const live = createLive({ ...LIMITS, gatherMs: 200, soonMs: 60_000 });
    const got: LiveMessage[] = [];
    live.subscribe(undefined, (message) => void got.push(message));
    live.changed('arrived', 'soon');
    expect(got).toHaveLength(0);
    live.changed('flagged');
    expect(got).toMatchObject([{ studyInstanceUids: ['arrived', 'flagged'] }]);
    // Messages stay as rare as before: the next one waits, however urgent.
    live.changed('later');
    expect(got).toHaveLength(1);
    await eventually(() => got.length).toBe(2);
    live.close();

    const quiet = createLive(LIMITS);
    quiet.subscribe(undefined, (message) => void got.push(message));
    quiet.changed('alone', 'soon');
    await eventually(() => got.at(-1)?.studyInstanceUids).toEqual(['alone']);
    quiet.close();
  });

  test('a listener that comes back hears what it missed; one away too long or from another start is told to load anew', async () => {
    const live = createLive({ ...LIMITS, gatherMs: 1 });
    const send = async (uid: string) => {
      live.changed(uid);
      await pause(5);
    };
    await send('a');
    const position = live.position();
    for (const uid of ['b', 'c', 'd']) await send(uid);
    const heard: string[] = [];
    const { missed } = live.subscribe(position, (message) => void heard.push(...message.studyInstanceUids));
    expect(missed!.flatMap(({ studyInstanceUids }) => studyInstanceUids)).toEqual(['b', 'c', 'd']);
    for (const uid of ['e', 'f', 'g', 'h']) await send(uid);
    expect(heard.at(-1)).toBe('h');
    expect(live.subscribe(position, () => undefined).missed).toBeUndefined();
    for (const strange of ['nonsense', 'ffffffffffff-1', `${position.split('-')[0]}-999`]) expect(live.subscribe(strange, () => undefined).missed).toBeUndefined();
    live.close();
  });
});

test('a heartbeat that cannot tell who listens ends no hub: storage trouble waits for the next beat, anything else ends the stream', async () => {
  let asked: () => boolean = () => true;
  let streamCount = 0;
  const live = createLive();
  const { route } = liveRoute({ live, stillAllowed: () => asked(), onCount: (count) => void (streamCount = count), limits: { ...API_LIMITS, heartbeatMs: 30 } });
  const app = Fastify();
  app.get('/api/live', async (request, reply) => route.handler({ request, reply, caller: { key: 'k' }, query: {} } as never));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const one = listen((app.server.address() as AddressInfo).port, {});
  await eventually(() => one.state.text).toContain(': beat');
  let troubles = 0;
  asked = () => {
    troubles += 1;
    throw new FirstreadError('storage-full');
  };
  await eventually(() => troubles).toBeGreaterThan(2);
  live.changed('1.2.3');
  await eventually(() => one.state.text).toContain('1.2.3');
  asked = () => {
    throw new FirstreadError('too-many-attempts');
  };
  await eventually(() => one.state.ended).toBe(true);
  expect(one.state.text).toContain('event: ended');
  await eventually(() => streamCount).toBe(0);
  live.close();
  await app.close();
});

describe('server-sent events', () => {
  let site: DemoSite;
  afterEach(() => site?.close());

  async function start(options: DemoSiteOptions = {}) {
    site = await demoSite(options);
    await site.app.listen({ port: 0, host: '127.0.0.1' });
    return (site.app.server.address() as AddressInfo).port;
  }

  test('a change reaches the page; it resumes where it was', async () => {
    const port = await start();
    const cookie = site.session('reader');
    const first = listen(port, { cookie });
    await eventually(() => first.state.text).toContain('event: hello');
    expect(first.state.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    site.live.changed('1.2.3');
    await eventually(() => first.state.text).toMatch(/id: [0-9a-f]{12}-1\nevent: changed\ndata: \{"studyInstanceUids":\["1\.2\.3"\],"all":false\}\n\n/);
    const lastId = /id: (\S+)/.exec(first.state.text)![1]!;
    first.stop();
    await pause(30);
    site.live.changed('4.5.6');
    const again = listen(port, { cookie, 'last-event-id': lastId });
    await eventually(() => again.state.text).toContain('4.5.6');
    expect(again.state.text).not.toContain('1.2.3"');
    const since = listen(port, { cookie }, `/api/live?since=${lastId}`);
    await eventually(() => since.state.text).toContain('4.5.6');
    const stranger = listen(port, { cookie, 'last-event-id': '000000000000-7' });
    await eventually(() => stranger.state.text).toContain('event: reset');
    for (const one of [again, since, stranger]) one.stop();
  });

  test('no patient data travels on it', async () => {
    const port = await start();
    const one = listen(port, { cookie: site.session('reader') });
    await eventually(() => one.state.status).toBe(200);
    site.live.changed(site.studies[1]!.study.studyInstanceUid);
    await eventually(() => one.state.text).toContain('event: changed');
    expect(one.state.text).not.toMatch(/NGUY|VN4/);
    one.stop();
  });

  test('a session that ends is told and gets no more', async () => {
    const port = await start({ limits: { heartbeatMs: 40 } });
    const cookie = site.session('reader');
    const one = listen(port, { cookie });
    await eventually(() => one.state.text).toContain(': beat');
    site.auth.signOut(cookie.split('=')[1]!, 'test');
    await eventually(() => one.state.ended).toBe(true);
    expect(one.state.text).toContain('event: ended');
  });

  test('an open page does not keep a session alive', async () => {
    const port = await start({ limits: { heartbeatMs: 40 } });
    const one = listen(port, { cookie: site.session('reader') });
    await eventually(() => one.state.text).toContain(': beat');
    site.clock.nowMs += 90 * 60_000;
    await pause(100); // beats at an hour and a half: were they use, the session would last
    site.clock.nowMs += 45 * 60_000;
    await eventually(() => one.state.ended).toBe(true);
    expect(one.state.text).toContain('event: ended');
  });

  test('a page that missed more than may wait unsent loads everything anew, and hears what comes after', async () => {
    const backlogBytesMax = 4096;
    const port = await start({ limits: { backlogBytesMax } });
    const cookie = site.session('reader');
    const position = site.live.position();
    const told = new Set<string>();
    const heard = site.live.subscribe(undefined, ({ studyInstanceUids }) => studyInstanceUids.forEach((uid) => told.add(uid)));
    for (let at = 0; [...told].join().length < backlogBytesMax; at += 1) {
      const uids = Array.from({ length: 8 }, (_, study) => `1.2.826.0.1.3680043.8.498.12345678901234567890.${at}.${study}`);
      uids.forEach((uid) => site.live.changed(uid));
      await eventually(() => told.has(uids.at(-1)!)).toBe(true);
    }
    heard.unsubscribe();
    const one = listen(port, { cookie, 'last-event-id': position });
    await eventually(() => one.state.text).toContain('event: reset');
    expect(one.state.text).not.toContain('event: changed');
    site.live.changed('9.9.9');
    await eventually(() => one.state.text).toContain('9.9.9');
    expect(one.state.ended).toBe(false);
    one.stop();
    const after = listen(port, { cookie });
    await eventually(() => after.state.text).toContain('event: hello');
    after.stop();
  });

  test('too many streams of one caller are refused; closing gives the place back', async () => {
    const port = await start({ limits: { streamsPerCallerMax: 2 } });
    const cookie = site.session('reader');
    const open = [listen(port, { cookie }), listen(port, { cookie })];
    await eventually(() => open.every((one) => one.state.status === 200)).toBe(true);
    const third = listen(port, { cookie });
    await eventually(() => third.state.status).toBe(503);
    open[0]!.stop();
    await eventually(async () => {
      const one = listen(port, { cookie });
      await eventually(() => one.state.status).not.toBe(0);
      one.stop();
      return one.state.status;
    }).toBe(200);
  });

  test('a server that closes does not wait for its listeners', async () => {
    const port = await start();
    const one = listen(port, { cookie: site.session('reader') });
    await eventually(() => one.state.status).toBe(200);
    await site.app.close();
    await eventually(() => one.state.ended).toBe(true);
  });
});
