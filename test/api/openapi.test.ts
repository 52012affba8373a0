/** The description covers every route that is served, and only those; it is sound OpenAPI 3.1 as far as we can tell. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoSite, type DemoSite } from './demo-site.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, unknown>;
}
let site: DemoSite;
let served: string[];
let described: { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> };

/** Fastify's own tree of what it answers to, not our list: four signs of indentation a level, then segment and methods. */
function routesOf(tree: string): string[] {
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^((?:[│ ] {3})*)[├└]── (\S+?)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) return [];
    path.length = match[1]!.length / 4;
    path.push(match[2]!);
    return (match[3]?.split(', ') ?? []).map((method) => `${method} ${path.join('').replace(/:(\w+)/g, '{$1}')}`);
  });
}

beforeAll(async () => {
  site = await demoSite();
  served = routesOf(site.app.printRoutes({ commonPrefix: false }));
  described = (await site.app.inject({ url: '/api/openapi.json', headers: { host: 'localhost' } })).json();
});
afterAll(() => site.close());

const operations = () => Object.entries(described.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));

describe('openapi', () => {
  test('every route served is described, and nothing else', () => {
    const paths = operations().map(({ path, method }) => `${method} ${path}`);
    const api = served.filter((route) => /^[A-Z]+ \/(api|internal|healthz|readyz|metrics|sign-in)/.test(route));
    expect(api.length).toBeGreaterThan(20);
    expect(paths.sort()).toEqual(api.sort());
  });

  test('each operation has a name of its own, a summary, its path parameters, an answer and an error', () => {
    expect(described.openapi).toBe('3.1.0');
    expect(new Set(operations().map(({ operation }) => operation.operationId)).size).toBe(operations().length);
    for (const { path, operation } of operations()) {
      expect(operation.summary).toMatch(/\.$/);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', 'default']));
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect((operation.parameters ?? []).filter((one) => one.in === 'path').map((one) => one.name)).toEqual(wanted);
    }
  });

  test('what is described as open is open, and what is not is not', async () => {
    for (const { path, method, operation } of operations()) {
      if (path === '/api/live' || method !== 'GET') continue;
      const url = path.replace('{uid}', '1.2.3').replace('{fileKey}', 'a'.repeat(64)) + (path === '/api/why' ? '?a=1&b=2' : path === '/sign-in' ? `?link=${'a'.repeat(43)}` : '');
      const { statusCode } = await site.app.inject({ url, headers: { host: 'localhost' } });
      const open = operation.security.some((one) => Object.keys(one).length === 0);
      expect([path, statusCode === 401 && path !== '/sign-in']).toEqual([path, !open]);
    }
  });
});
