/**
 * The pages and their files. Where they were built (dist/pages, by build-pages.ts) and the sources in web/ are the ones
 * they were built from, a page comes as a few hashed, compressed files that a browser keeps; else as its sources, a file
 * a module, and the log says so. Looked at anew with each page: edit and reload, build and reload.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../ops/log.ts';
import { BUILD_NOTE, BUILT_PAGES, BUILT_PAGES_FOLDER, hashOfSources, stampOfSources, WEB_FOLDER } from './page-sources.ts';

const HASHED = /\/assets\//;
const HASHED_KEPT_SECONDS = 365 * 24 * 3_600;
/** Asked for by an address that is the same for ever. */
const ICON = /\.(svg|ico)$/;
const ICON_KEPT_SECONDS = 24 * 3_600;

export interface PageFolders {
  readonly web: string;
  readonly built: string;
}

/** No patient data in any of it: served to anyone who may speak to this host at all. `folders`: for tests. */
export async function servePages(app: FastifyInstance, log: Log, folders: PageFolders = { web: WEB_FOLDER, built: BUILT_PAGES_FOLDER }): Promise<void> {
  const isBuilt = followBuild(folders, log);
  isBuilt();
  await app.register(async (scope) => {
    scope.addHook('preHandler', async (request, reply) => {
      const path = request.url.replace(/\?.*$/s, '');
      const page = path === '/' ? 'index.html' : path.slice(1);
      return BUILT_PAGES.includes(page) && isBuilt() ? reply.sendFile(page, folders.built) : undefined;
    });
    await scope.register(fastifyStatic, {
      root: join(folders.built, 'assets'), prefix: '/assets/', dotfiles: 'deny', list: false, cacheControl: false, preCompressed: true,
      // It may be built later.
      suppressWarning: true,
      setHeaders: (reply, path) => void reply.header('cache-control', HASHED.test(path) ? `public, max-age=${HASHED_KEPT_SECONDS}, immutable` : 'no-cache'),
    });
    await scope.register(fastifyStatic, {
      root: folders.web, prefix: '/', decorateReply: false, dotfiles: 'deny', list: false, cacheControl: false,
      // Asked again each time (304 when unchanged): a page older than its API is a source of riddles.
      setHeaders: (reply, path) => void reply.header('cache-control', ICON.test(path) ? `public, max-age=${ICON_KEPT_SECONDS}` : 'no-cache'),
    });
  });
}

/** Whether the build belongs to the sources, as both are on the disk now; a change is logged once. */
function followBuild({ web, built }: PageFolders, log: Log): () => boolean {
  let stamp: string | undefined;
  let state: 'built' | 'not-built' | 'sources-differ' | undefined;

  const look = (): NonNullable<typeof state> => {
    let note: { readonly sources?: unknown };
    try {
      note = JSON.parse(readFileSync(join(built, BUILD_NOTE), 'utf8')) as typeof note;
    } catch {
      return 'not-built';
    }
    return note.sources === hashOfSources(web) ? 'built' : 'sources-differ';
  };

  return () => {
    const now = `${statSync(join(built, BUILD_NOTE), { throwIfNoEntry: false })?.mtimeMs}\n${stampOfSources(web)}`;
    if (now === stamp) return state === 'built';
    const before = state;
    [stamp, state] = [now, look()];
    if (state === before) return state === 'built';
    if (state === 'built') log.write('pages-built');
    else log.write('pages-from-sources', { reason: state });
    return state === 'built';
  };
}
