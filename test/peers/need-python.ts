/** Python peers: `python3` (or FIRSTREAD_PYTHON) with a module. In CI a missing one is a failure; elsewhere a loud skip. */
import { spawnSync } from 'node:child_process';

export const PYTHON = process.env['FIRSTREAD_PYTHON'] ?? 'python3';

export function needPython(...modules: string[]): boolean {
  const found = spawnSync(PYTHON, ['-c', modules.map((module) => `import ${module}`).join('\n')]).status === 0;
  if (found) return true;
  if (process.env['CI']) throw new Error(`${PYTHON} lacks ${modules.join(', ')}: .ci/run must install it`);
  console.warn(`SKIPPED: tests that need ${PYTHON} with ${modules.join(', ')}`);
  return false;
}
