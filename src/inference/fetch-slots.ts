/** So many at once, the others in the order in which they came. */
export interface Slots {
  /** Runs the step when a slot is free; rejects with the signal's reason when it is aborted before. */
  within<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;

  /** A slot that is given up goes to whoever waits longest. */
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  async function take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      waiting.push(go);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  return {
    async within(step, signal) {
      await take(signal);
      try {
        return await step();
      } finally {
        giveBack();
      }
    },
  };
}
