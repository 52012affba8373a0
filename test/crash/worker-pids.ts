/** The worker processes of a hub: its children that run the worker's entry (Linux). */
import { readFileSync, readdirSync } from 'node:fs';

export function workerPids(hubPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
        return Number(parent) === hubPid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker-process');
      } catch {
        return false;
      }
    })
    .map(Number);
}
