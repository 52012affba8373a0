/**
 * Builds the pages into dist/pages (not kept in the repository): `npm run build:pages`, and by itself at the end of
 * `npm ci`. Seventy modules become a few files, because a round trip costs more than the bytes on a district hospital's
 * line. Where vite is not installed (`npm ci --omit=dev`) it says so and ends well: the pages come from their sources.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { compressBuilt } from './compress-built.ts';
import { BUILD_NOTE, BUILT_PAGES, BUILT_PAGES_FOLDER, hashOfSources, WEB_FOLDER } from './page-sources.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A plain script, no module: not bundled. */
const EARLY = 'early-theme.js';

if (import.meta.main) {
  if (!existsSync(join(ROOT, 'node_modules', 'vite', 'package.json'))) {
    process.stdout.write('firstread: the pages are not built here (not installed: vite); they are served as they are\n');
  } else {
    await buildPages(WEB_FOLDER, BUILT_PAGES_FOLDER);
    process.stdout.write('firstread: pages built into dist/pages\n');
  }
}

/** From the folder `web` into `folder`, which is emptied first. */
export async function buildPages(web: string, folder: string): Promise<void> {
  const sources = hashOfSources(web);
  const { build } = await import('vite');
  await build({
    root: web,
    base: '/',
    publicDir: false,
    configFile: false,
    logLevel: 'warn',
    plugins: [beforeBundling(web), afterBundling(web)],
    build: {
      outDir: folder, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false,
      rolldownOptions: {
        input: BUILT_PAGES.map((name) => join(web, name)),
        checks: { pluginTimings: false },
        output: { codeSplitting: { groups: [
          // Apart, with what fetches the one language (vite's): nothing that waits for the words may be in here.
          { name: 'strings', test: /web\/strings\.js$|preload-helper/, priority: 2 },
          { name: 'shared', minShareCount: 2, priority: 1 },
        ] } },
      },
    },
  });
  compressBuilt(join(folder, 'assets'), 11);
  writeFileSync(join(folder, BUILD_NOTE), JSON.stringify({ sources }));
}

/** Left as they are: the icon, which scripts name too, and the script that must run before anything is painted. */
function beforeBundling(web: string): Plugin {
  return {
    name: 'firstread-before-bundling',
    buildStart() {
      this.emitFile({ type: 'asset', name: EARLY, source: readFileSync(join(web, EARLY)) });
    },
    transformIndexHtml: {
      order: 'pre',
      handler: (html) => html.replace('<link rel="icon"', '<link vite-ignore rel="icon"').replace('<script src="', '<script vite-ignore src="'),
    },
  };
}

/** The words' own script begins beside the page's, not after it: it knows the language and fetches that one's words. */
function afterBundling(web: string): Plugin {
  return {
    name: 'firstread-after-bundling',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const files = Object.values(bundle);
        const early = files.find((file) => file.type === 'asset' && file.names.includes(EARLY));
        const words = files.find((file) => file.type === 'chunk' && file.moduleIds.includes(join(web, 'strings.js')));
        if (early === undefined || words === undefined) throw new Error('the build lacks the early script or the words');
        return html.replace(`/${EARLY}`, `/${early.fileName}`).replace('<script type="module"', `<script type="module" async crossorigin src="/${words.fileName}"></script>\n    $&`);
      },
    },
  };
}
