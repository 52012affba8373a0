/**
 * Builds the full viewer into dist/viewer (not kept in the repository): `npm run build:viewer`, and by itself at the end of
 * `npm ci`. Where vite or Cornerstone3D are not installed (`npm ci --omit=dev`) it says so and ends well: everything else
 * works without, and the page tells how to build it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compressBuilt } from '../compress-built.ts';

const SOURCES = fileURLToPath(new URL('./', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NEEDED = ['vite', '@cornerstonejs/core', '@cornerstonejs/dicom-image-loader', 'events', 'url'];

const missing = NEEDED.filter((name) => !existsSync(join(ROOT, 'node_modules', name, 'package.json')));
if (missing.length > 0) {
  process.stdout.write(`firstread: the full viewer is not built here (not installed: ${missing.join(', ')})\n`);
} else {
  const { build } = await import('vite');
  await build({
    root: SOURCES,
    base: '/viewer/',
    configFile: false,
    logLevel: 'warn',
    // The decoders' modules name files of Node's that they never open in a browser.
    resolve: { alias: { fs: join(SOURCES, 'nothing.js'), path: join(SOURCES, 'nothing.js') } },
    worker: { format: 'es' },
    build: {
      outDir: join(ROOT, 'dist', 'viewer'), emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false, chunkSizeWarningLimit: 8_000,
      // Warnings about the libraries' own modules are not ours to mend.
      rolldownOptions: { input: join(SOURCES, 'index.html'), checks: { pluginTimings: false }, onLog: (level, log, report) => { if (level !== 'warn' || !log.message.includes('node_modules')) report(level, log); } },
    },
  });
  // Four megabytes of script become one; at 11 it would take minutes.
  compressBuilt(join(ROOT, 'dist', 'viewer', 'assets'), 6);
  process.stdout.write('firstread: full viewer built into dist/viewer\n');
}
