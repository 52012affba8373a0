/**
 * Server-sent events (WHATWG HTML 9.2): `changed` names studies whose row is stale, `reset` says to load everything,
 * `ended` that the session is over. Resumes with Last-Event-ID. A page that does not read is cut off; it comes back.
 */
import { FirstreadError } from '../../errors.ts';
import type { Live, LiveMessage } from '../live.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import type { JsonSchema } from '../schemas.ts';
import { object } from '../schemas.ts';

export interface LiveRouteOptions {
  readonly live: Live;
  /** Asked at each heartbeat: a session that ended gets no more news. */
  readonly stillAllowed: (call: ApiCall) => boolean;
  readonly onCount: (streamCount: number) => void;
  readonly limits: LiveStreamLimits;
}

export interface LiveStreamLimits {
  /** Below the 60 s after which proxies cut silent connections. */
  readonly heartbeatMs: number;
  readonly streamCountMax: number;
  readonly streamsPerCallerMax: number;
  /** Unsent bytes of one stream before it is cut. */
  readonly backlogBytesMax: number;
}

const query: JsonSchema = object({ since: { type: 'string', maxLength: 40 } }, ['since']);

export function liveRoute(options: LiveRouteOptions): { readonly route: ApiRoute; readonly endAll: () => void } {
  const { live, limits } = options;
  const streams = new Map<() => void, string>();

  const route: ApiRoute = {
    method: 'GET', url: '/api/live', access: 'view-worklist', summary: 'Server-sent events: which studies changed. Resumes with Last-Event-ID or ?since=.',
    query, answer: { mediaType: 'text/event-stream' },
    handler(call) {
      const mine = [...streams.values()].filter((key) => key === call.caller.key).length;
      if (streams.size >= limits.streamCountMax || mine >= limits.streamsPerCallerMax) throw new FirstreadError('too-many-streams');
      call.reply.hijack();
      const out = call.reply.raw;
      out.writeHead(200, { ...(call.reply.getHeaders() as Record<string, string>), 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });

      const write = (text: string): void => {
        out.write(text);
        if (out.writableLength > limits.backlogBytesMax) end();
      };
      const end = (): void => {
        clearInterval(heartbeat);
        subscription?.unsubscribe();
        streams.delete(end);
        options.onCount(streams.size);
        out.destroy();
      };
      const heartbeat = setInterval(() => {
        if (options.stillAllowed(call)) return write(': beat\n\n');
        out.end('event: ended\ndata: {}\n\n');
        clearInterval(heartbeat);
      }, limits.heartbeatMs);
      streams.set(end, call.caller.key);
      options.onCount(streams.size);
      out.on('close', end);
      out.on('error', end);

      // Reconnect after 2 s: a hub that restarts is back by then.
      write(`retry: 2000\nevent: hello\ndata: {}\n\n`);
      const lastId = call.request.headers['last-event-id'] ?? call.query['since'];
      const subscription = live.subscribe(lastId === undefined ? undefined : String(lastId), (message) => write(eventText(message)));
      if (subscription.reset) write(`id: ${live.position()}\nevent: reset\ndata: {}\n\n`);
      return call.reply;
    },
  };
  return { route, endAll: () => [...streams.keys()].forEach((end) => end()) };
}

const eventText = (message: LiveMessage): string =>
  `id: ${message.id}\nevent: changed\ndata: ${JSON.stringify({ studyInstanceUids: message.studyInstanceUids, all: message.all })}\n\n`;
