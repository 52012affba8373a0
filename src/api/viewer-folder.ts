/**
 * The full viewer's built files under /viewer/ (dist/viewer, made by src/api/viewer/build.ts). Where it was not built, a page
 * says so and how to: the list and the reduced pictures work without.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const BUILT_FOLDER = fileURLToPath(new URL('../../dist/viewer/', import.meta.url));
/** Their names change with what is in them. */
const HASHED = /\/assets\//;
const KEPT_SECONDS = 30 * 24 * 3_600;

/** `folder`: where it was built to; for tests. */
export async function serveViewer(app: FastifyInstance, folder: string = BUILT_FOLDER): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/viewer/', (_request, reply) => reply.redirect('/viewer-not-built.html'));
    return;
  }
  await app.register(fastifyStatic, {
    root: folder, prefix: '/viewer/', decorateReply: false, dotfiles: 'deny', list: false, cacheControl: false, preCompressed: true,
    setHeaders: (reply, path) => void reply.header('cache-control', HASHED.test(path) ? `public, max-age=${KEPT_SECONDS}, immutable` : 'no-cache'),
  });
}
