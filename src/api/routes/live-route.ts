/**
 * Server-sent events (WHATWG HTML 9.2): `changed` names studies whose row is stale, `reset` says to load everything,
 * `ended` that the session is over. Resumes with Last-Event-ID. A page that does not read is cut off; it comes back.
 */
import { FirstreadError, isStorageTrouble } from '../../errors.ts';
import type { Live, LiveMessage } from '../live.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import type { JsonSchema } from '../schemas.ts';
import { object } from '../schemas.ts';

export interface LiveRouteOptions {
  readonly live: Live;
  /** Asked at each heartbeat: a session that ended gets no more news. May throw where it cannot be told now. */
  readonly stillAllowed: (call: ApiCall) => boolean;
  readonly onCount: (streamCount: number) => void;
  readonly limits: LiveStreamLimits;
}

export interface LiveStreamLimits {
  /** Below the 60 s after which proxies cut silent connections. */
  readonly heartbeatMs: number;
  readonly streamCountMax: number;
  readonly streamsPerCallerMax: number;
  /** Unsent bytes of one stream before it is cut. Of what a page missed, half of it is told; after more it loads everything anew. */
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

      const lastId = call.request.headers['last-event-id'] ?? call.query['since'];
      const { missed, unsubscribe } = live.subscribe(lastId === undefined ? undefined : String(lastId), (message) => write(eventText(message)));
      const heartbeat = setInterval(beat, limits.heartbeatMs);

      function write(text: string): void {
        out.write(text);
        if (out.writableLength > limits.backlogBytesMax) end();
      }
      function end(): void {
        clearInterval(heartbeat);
        unsubscribe();
        streams.delete(end);
        options.onCount(streams.size);
        out.destroy();
      }
      function beat(): void {
        const allowed = whetherAllowed(() => options.stillAllowed(call));
        if (allowed === true) return write(': beat\n\n');
        if (allowed === 'not known now') return;
        clearInterval(heartbeat);
        unsubscribe();
        out.end('event: ended\ndata: {}\n\n');
      }
      streams.set(end, call.caller.key);
      options.onCount(streams.size);
      out.on('close', end);
      out.on('error', end);

      // Reconnect after 2 s: a hub that restarts is back by then.
      write(`retry: 2000\nevent: hello\ndata: {}\n\n`);
      const replay = missed?.map(eventText).join('');
      write(replay === undefined || replay.length > limits.backlogBytesMax / 2 ? `id: ${live.position()}\nevent: reset\ndata: {}\n\n` : replay);
      return call.reply;
    },
  };
  return { route, endAll: () => [...streams.keys()].forEach((end) => end()) };
}

/** Nobody stands above a timer to catch what it throws. With a full disk or a locked registry the next beat asks again. */
function whetherAllowed(ask: () => boolean): boolean | 'not known now' {
  try {
    return ask();
  } catch (error) {
    return isStorageTrouble(error) ? 'not known now' : false;
  }
}

const eventText = (message: LiveMessage): string =>
  `id: ${message.id}\nevent: changed\ndata: ${JSON.stringify({ studyInstanceUids: message.studyInstanceUids, all: message.all })}\n\n`;
