/**
 * Instance source on another machine: the hub's /internal routes, with the worker's token. What may pass (hub
 * restarting, network) is tried again with backoff; what will not (404, 401, too large) is said at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { FirstreadError } from '../errors.ts';
import type { InstanceSource } from './instance-source.ts';

export interface HttpSourceOptions {
  /** e.g. http://hub:8080 */
  readonly hubUrl: string;
  readonly token: string;
  readonly limits?: HttpSourceLimits;
}

export interface HttpSourceLimits {
  readonly instanceBytesMax: number;
  /** From request to last byte of one try. */
  readonly requestTimeoutMs: number;
  /** Pauses between tries; after the last the hub counts as unreachable. */
  readonly retryPausesMs: readonly number[];
}

export const HTTP_SOURCE_LIMITS: HttpSourceLimits = {
  instanceBytesMax: 512 * 1024 * 1024,
  /** 100 MB at 10 MB/s, doubled and rounded up. */
  requestTimeoutMs: 30_000,
  /** In all about 4 s: a hub restarts in two. */
  retryPausesMs: [100, 300, 800, 2_800],
};

export function createHttpSource({ hubUrl, token, limits = HTTP_SOURCE_LIMITS }: HttpSourceOptions): InstanceSource {
  const base = parseHubUrl(hubUrl);
  const headers = { authorization: `Bearer ${token}` };

  async function attempt(path: string, init: RequestInit, signal: AbortSignal): Promise<Uint8Array> {
    const response = await fetch(new URL(path, base), {
      ...init,
      headers: { ...headers, ...init.headers },
      // A redirect would carry the token elsewhere.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.requestTimeoutMs)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw refusalOf(response.status);
    }
    return readBody(response, limits.instanceBytesMax);
  }

  async function request(path: string, init: RequestInit, signal: AbortSignal): Promise<Uint8Array> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt(path, init, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof FirstreadError && error.code !== 'hub-unreachable') throw error;
        const pauseMs = limits.retryPausesMs[tries];
        if (pauseMs === undefined) throw error instanceof FirstreadError ? error : new FirstreadError('hub-unreachable', undefined, { tries: tries + 1 }, error);
        await pause(pauseMs, undefined, { signal });
      }
    }
  }

  return {
    fetch: async (fileKey, signal) => request(`internal/instances/${encodeURIComponent(fileKey)}`, {}, signal),
    putPreview: async (fileKey, jpeg) => {
      await request(`internal/previews/${encodeURIComponent(fileKey)}`, { method: 'PUT', body: jpeg as Uint8Array<ArrayBuffer>, headers: { 'content-type': 'image/jpeg' } }, new AbortController().signal);
    },
  };
}

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
async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get('content-length') ?? Number.NaN);
  const refuse = (): FirstreadError => new FirstreadError('pixels-over-limit', 'the stored object is larger than a worker reads', { limit: bytesMax });
  if (declared > bytesMax) {
    await response.body?.cancel();
    throw refuse();
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.byteLength;
    if (length > bytesMax) throw refuse();
    pieces.push(piece);
  }
  if (Number.isFinite(declared) && length < declared && response.headers.get('content-encoding') === null) throw new FirstreadError('hub-unreachable', 'the hub\'s answer was cut short', { length, declared });
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length);
}
