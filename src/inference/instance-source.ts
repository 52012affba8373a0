/**
 * PORT: where a worker gets an image's bytes from and leaves its preview picture.
 * Two adapters: file (same machine or shared mount) and http (the hub's /internal routes, with a token).
 */
export interface InstanceSource {
  /** How many it fetches at once, where that is bounded: to claim many more jobs would keep them from other workers. */
  readonly fetchesAtOnce?: number;
  /**
   * The Part 10 file as stored. Rejects with a FirstreadError: `instance-missing`; `hub-unreachable` (the hub is away, the
   * image is not to blame); `instance-incomplete` (the hub answers, but this file does not come whole).
   */
  fetch(fileKey: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Stores the grey JPEG that the page shows (long side ≤ 1024 px, presentation polarity). Idempotent. */
  putPreview(fileKey: string, jpeg: Uint8Array): Promise<void>;
}
