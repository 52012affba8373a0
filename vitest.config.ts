import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Child processes, sockets and native addons: processes, not threads. Two cores are the reference machine.
    pool: 'forks',
    maxWorkers: 2,
    // For what hangs, on a machine that is busy with other things; no test's promise is among them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
