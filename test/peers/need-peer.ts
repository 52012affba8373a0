/**
 * Peers (DCMTK, Redis, dicom3tools, Chromium …) that tests drive. In CI a missing peer is a failure; on a laptop the
 * tests that need it are skipped, loudly and by name.
 */
import { spawnSync } from 'node:child_process';

const told = new Set<string>();

/** True where the program is on PATH. Throws in CI where it is not. */
export function needPeer(program: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v "$0"`, program]).status === 0;
  if (found) return true;
  if (process.env['CI']) throw new Error(`${program} is missing: .ci/run must install the Debian package that has it`);
  if (!told.has(program)) {
    told.add(program);
    console.warn(`SKIPPED: tests that need ${program} (install dcmtk, redis-server, dicom3tools, chromium to run them)`);
  }
  return false;
}
