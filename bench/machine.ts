/** What a figure was measured on, in a line. */
import { availableParallelism, cpus, loadavg } from 'node:os';

export const describeMachine = (): string => `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, load average ${loadavg()[0]?.toFixed(1)}`;
