/**
 * Instance source on another machine: the hub's /internal routes, with the worker's token. What may pass (hub
 * restarting, network) is tried again with backoff; what will not (404, 401, too large) is said at once.
 * A slow line is no failure: a film may take as long as it keeps coming, and few come at once, so that each comes soon.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { FirstreadError } from '../errors.ts';
import { createSlots } from './fetch-slots.ts';
import type { InstanceSource } from './instance-source.ts';

export interface HttpSourceOptions {
  /** e.g. http://hub:8080 */
  readonly hubUrl: string;
  readonly token: string;
  readonly limits?: HttpSourceLimits;
}

export interface HttpSourceLimits {
  readonly instanceBytesMax: number;
  /** Instances that are fetched at once; the others wait their turn. */
  readonly fetchesAtOnce: number;
  /** No byte for this long, before the answer or in it, ends one try. */
  readonly silenceMs: number;
  /** From request to last byte of one try, however steadily it trickles. */
  readonly requestMsMax: number;
  /** Pauses between tries; after the last it is given up. */
  readonly retryPausesMs: readonly number[];
}

export const HTTP_SOURCE_LIMITS: HttpSourceLimits = {
  instanceBytesMax: 512 * 1024 * 1024,
  /** Fills a gigabit line (18 MB in 0.15 s) and one with long ways; on a line of 1 Mbit/s a film comes every 2.4 minutes. */
  fetchesAtOnce: 4,
  /** TCP on a bad line sends again after 1, 2, 4, 8, 16 s; a hub behind it answers in between. */
  silenceMs: 30_000,
  /** 18 MB at 40 kbit/s. Four at once share a line of 160 kbit/s and still come whole. */
  requestMsMax: 3_600_000,
  /** In all about 4 s: a hub restarts in two. */
  retryPausesMs: [100, 300, 800, 2_800],
};

export function createHttpSource({ hubUrl, token, limits = HTTP_SOURCE_LIMITS }: HttpSourceOptions): InstanceSource {
  const base = parseHubUrl(hubUrl);
  const headers = { authorization: `Bearer ${token}` };
  const slots = createSlots(limits.fetchesAtOnce);

  /** Rejects with what `request` tells apart: `hub-unreachable` before an answer, `instance-incomplete` after it began. */
  async function attempt(path: string, init: RequestInit, signal: AbortSignal): Promise<Uint8Array> {
    const ended = new AbortController();
    const silence = setTimeout(() => ended.abort(), limits.silenceMs);
    const late = setTimeout(() => ended.abort(TOO_SLOW), limits.requestMsMax);
    let response: Response | undefined;
    try {
      response = await fetch(new URL(path, base), {
        ...init,
        headers: { ...headers, ...init.headers },
        // A redirect would carry the token elsewhere.
        redirect: 'error',
        signal: AbortSignal.any([signal, ended.signal]),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw refusalOf(response.status);
      }
      return await readBody(response, limits.instanceBytesMax, () => silence.refresh());
    } catch (error) {
      if (error instanceof FirstreadError) throw error;
      if (response === undefined) throw new FirstreadError('hub-unreachable', undefined, {}, error);
      throw new FirstreadError('instance-incomplete', undefined, { tooSlow: ended.signal.reason === TOO_SLOW }, error);
    } finally {
      clearTimeout(silence);
      clearTimeout(late);
    }
  }

  /**
   * A hub that does not answer so many times in a row is away, and no image is to blame. One that answers, and whose
   * answer breaks off as many times, has a file that does not come: that must end some day, and not be asked for again
   * and again.
   */
  async function request(path: string, init: RequestInit, signal: AbortSignal): Promise<Uint8Array> {
    let unanswered = 0;
    let brokenOff = 0;
    for (;;) {
      try {
        return await attempt(path, init, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof FirstreadError)) throw error;
        if (error.code === 'instance-incomplete') [brokenOff, unanswered] = [brokenOff + 1, 0];
        else if (error.code === 'hub-unreachable') unanswered += 1;
        else throw error;
        const pauseMs = limits.retryPausesMs[Math.max(unanswered, brokenOff) - 1];
        if (pauseMs === undefined || error.details['tooSlow'] === true) throw error;
        await pause(pauseMs, undefined, { signal });
      }
    }
  }

  return {
    fetchesAtOnce: limits.fetchesAtOnce,
    fetch: async (fileKey, signal) => slots.within(async () => request(`internal/instances/${encodeURIComponent(fileKey)}`, {}, signal), signal),
    putPreview: async (fileKey, jpeg) => {
      await request(`internal/previews/${encodeURIComponent(fileKey)}`, { method: 'PUT', body: jpeg as Uint8Array<ArrayBuffer>, headers: { 'content-type': 'image/jpeg' } }, new AbortController().signal);
    },
  };
}

/** Why a try was ended that would have gone on: asking once more would take as long. */
const TOO_SLOW = Symbol('too slow');

function parseHubUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new FirstreadError('config-invalid', 'hubUrl: write an address like http://hub:8080');
  return new URL(url.href.endsWith('/') ? url.href : `${url.href}/`);
}

function refusalOf(status: number): FirstreadError {
  if (status === 404 || status === 410) return new FirstreadError('instance-missing', undefined, { status });
  if (status === 401 || status === 403) return new FirstreadError('config-invalid', `workerToken: the hub refuses this worker's token (${status}); make a new one with \`firstread token --role worker\``, { status });
  if (status === 413) return new FirstreadError('pixels-over-limit', 'larger than the hub takes', { status });
  return new FirstreadError('hub-unreachable', `the hub answered ${status}`, { status });
}

/** Counts while reading: a length in a header is only a claim. */
async function readBody(response: Response, bytesMax: number, onPiece: () => void): Promise<Uint8Array> {
  const declared = Number(response.headers.get('content-length') ?? Number.NaN);
  const refuse = (): FirstreadError => new FirstreadError('pixels-over-limit', 'the stored object is larger than a worker reads', { limit: bytesMax });
  if (declared > bytesMax) {
    await response.body?.cancel();
    throw refuse();
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    onPiece();
    length += piece.byteLength;
    if (length > bytesMax) throw refuse();
    pieces.push(piece);
  }
  if (Number.isFinite(declared) && length < declared && response.headers.get('content-encoding') === null) throw new FirstreadError('instance-incomplete', undefined, { length, declared });
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length);
}
