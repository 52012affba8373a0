/** StoreSinks for tests: one that remembers what it was given, with every step open to the test. */
import type { StoreReceiver, StoreRequest, StoreSink, StoreStatus } from '../../src/dimse/store-port.ts';

export interface Kept {
  readonly request: StoreRequest;
  readonly bytes: Buffer;
}

export interface MemorySinkOptions {
  readonly refuse?: StoreStatus;
  readonly answer?: StoreStatus;
  /** Awaited by every write: backpressure. */
  readonly onWrite?: (bytes: Uint8Array) => Promise<void> | void;
  readonly onCommit?: () => Promise<void> | void;
}

export class MemorySink implements StoreSink {
  readonly kept: Kept[] = [];
  readonly aborted: string[] = [];
  begun = 0;
  options: MemorySinkOptions;

  constructor(options: MemorySinkOptions = {}) {
    this.options = options;
  }

  begin(request: StoreRequest): StoreReceiver | StoreStatus {
    this.begun++;
    if (this.options.refuse !== undefined) return this.options.refuse;
    const fragments: Buffer[] = [];
    return {
      write: (fragment) => {
        fragments.push(Buffer.from(fragment));
        return this.options.onWrite?.(fragment);
      },
      commit: async () => {
        await this.options.onCommit?.();
        this.kept.push({ request, bytes: Buffer.concat(fragments) });
        return this.options.answer ?? { status: 0 };
      },
      abort: async (why) => { this.aborted.push(why); },
    };
  }
}
