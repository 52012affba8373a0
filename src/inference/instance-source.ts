/**
 * PORT: where a worker gets an image's bytes from and leaves its preview picture.
 * Two adapters: file (same machine or shared mount) and http (the hub's /internal routes, with a token).
 */
export interface InstanceSource {
  /** The Part 10 file as stored. Rejects with a FirstreadError (`instance-missing`, `hub-unreachable`). */
  fetch(fileKey: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Stores the grey JPEG that the page shows (long side ≤ 1024 px, presentation polarity). Idempotent. */
  putPreview(fileKey: string, jpeg: Uint8Array): Promise<void>;
}
