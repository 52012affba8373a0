/**
 * Every route that is served, whoever wrote it: closed without a session, closed to every role that its permission does
 * not name, and closed to requests that another site could have a browser send. Taken from Fastify's own table.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../src/api/ports.ts';
import { ROLES } from '../../src/api/roles.ts';
import { demoSite, type DemoSite } from './demo-site.ts';

interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly roles: readonly Role[] | 'public' | 'metrics';
}

let site: DemoSite;
let routes: Route[];
const page = { host: 'localhost:8070', 'x-firstread': '1', origin: 'http://localhost:8070', 'sec-fetch-site': 'same-origin' };

/** As Fastify prints it: four signs of indentation a level, then segment and methods. */
function served(tree: string): string[] {
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^((?:[│ ] {3})*)[├└]── (\S+?)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) return [];
    path.length = match[1]!.length / 4;
    path.push(match[2]!);
    return (match[3]?.split(', ') ?? []).map((method) => `${method} ${path.join('')}`);
  });
}

beforeAll(async () => {
  site = await demoSite({ realClock: true });
  const { paths } = (await site.app.inject({ url: '/api/openapi.json', headers: { host: 'localhost' } })).json() as { paths: Record<string, Record<string, { description?: string; security: object[] }>> };
  routes = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { description }]): Route => ({
    method: method.toUpperCase() as Route['method'], path,
    roles: path === '/metrics' ? 'metrics' : /^Roles: (.*)\.$/.test(description ?? '') ? (/^Roles: (.*)\.$/.exec(description!)![1]!.split(', ') as Role[]) : 'public',
  })));
});
afterAll(() => site.close());

/** Parameters that fit every pattern we have; nothing that is there. */
const urlOf = ({ path }: Route): string => path.replace('{fileKey}', 'a'.repeat(64)).replace(/\{\w+\}/g, '1.2.3');
const ask = (route: Route, headers: Record<string, string>) => site.app.inject({ method: route.method, url: urlOf(route), headers: { ...headers, ...(route.method === 'GET' ? {} : { 'content-type': 'application/json' }) }, ...(route.method === 'GET' ? {} : { payload: '{}' }) });
const codeOf = (answer: { body: string }): string | undefined => {
  try {
    return (JSON.parse(answer.body) as { error?: { code: string } }).error?.code;
  } catch {
    return undefined;
  }
};
const credentials = (role: Role): Record<string, string> => (role === 'worker' ? { authorization: `Bearer ${site.auth.issueToken({ name: 'w', role })}` } : { ...page, cookie: site.session(role) });
const closed = (): Route[] => routes.filter(({ roles }) => Array.isArray(roles));
/** It answers for as long as the page is open. */
const isStream = ({ path }: Route): boolean => path === '/api/live';

describe('every route', () => {
  test('is known here: nothing is served past the table but the page\'s own files', () => {
    const known = new Set(routes.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`));
    const past = served(site.app.printRoutes({ commonPrefix: false })).filter((one) => !known.has(one));
    // The static files' own wildcard: it serves src/api/web and what is built for the page, and nothing that changes.
    expect(past.filter((one) => !/^(GET|HEAD) (\/[\w-]+\/)?\*$/.test(one))).toEqual([]);
    expect(routes.length).toBeGreaterThan(25);
    expect(closed().length).toBeGreaterThan(20);
  });

  test('what is open is open on purpose', () => {
    expect(routes.filter(({ roles }) => roles === 'public').map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /api/openapi.json', 'GET /api/session', 'GET /healthz', 'GET /readyz', 'GET /sign-in', 'POST /api/session', 'POST /api/session/end',
    ]);
  });

  test('without a session: 401, whatever the method', async () => {
    for (const route of closed()) {
      const answer = await ask(route, page);
      expect([route.method, route.path, answer.statusCode, codeOf(answer)]).toEqual([route.method, route.path, 401, 'not-signed-in']);
    }
  });

  test.each(ROLES)('%s: 403 wherever the permission does not name it, and past the guard wherever it does', async (role) => {
    const headers = credentials(role);
    for (const route of closed()) {
      const allowed = (route.roles as readonly Role[]).includes(role);
      if (allowed && isStream(route)) continue;
      const answer = await ask(route, headers);
      const refused = answer.statusCode === 401 || (answer.statusCode === 403 && codeOf(answer) === 'not-allowed');
      expect([route.method, route.path, role, refused]).toEqual([route.method, route.path, role, !allowed]);
    }
  });

  test('one that changes something is refused without our header, from another origin, and where the browser says so', async () => {
    const changing = routes.filter(({ method }) => method !== 'GET');
    expect(changing.length).toBeGreaterThan(8);
    const { 'x-firstread': _header, ...bare } = page;
    const ways: Record<string, string>[] = [bare, { ...page, origin: 'http://evil.example' }, { ...page, origin: 'http://localhost:9999' }, { ...page, origin: 'null' }, { ...page, 'sec-fetch-site': 'cross-site' }, { ...page, 'sec-fetch-site': 'same-site' }];
    for (const route of changing) {
      const person = route.roles === 'public' ? 'reader' : (route.roles as readonly Role[]).find((role) => role !== 'worker');
      if (person === undefined) continue; // a worker's token is not sent by browsers unasked
      for (const way of ways) {
        const answer = await ask(route, { ...way, cookie: site.session(person) });
        expect([route.method, route.path, way, answer.statusCode, codeOf(answer)]).toEqual([route.method, route.path, way, 403, 'cross-site']);
      }
    }
  });

  test('a GET changes nothing that is kept about a study', async () => {
    const before = site.studies.map(({ study }) => site.registry.study(study.studyInstanceUid));
    for (const route of routes.filter(({ method }) => method === 'GET')) if (!isStream(route)) await ask(route, credentials('admin'));
    expect(site.studies.map(({ study }) => site.registry.study(study.studyInstanceUid))).toEqual(before);
  });
});

describe('policy of scripts', () => {
  test.each([['/', false], ['/api/worklist', false], ['/operations.html', false], ['/app.js', false], ['/viewers', false], ['/viewer.html', true], ['/viewer/codec.js', true]])('%s may compile WebAssembly: %s', async (url, wasm) => {
    const policy = String((await site.app.inject({ url, headers: { host: 'localhost' } })).headers['content-security-policy']);
    expect([policy.includes("'wasm-unsafe-eval'"), policy.includes("worker-src 'self'")]).toEqual([wasm, wasm]);
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/'unsafe-(inline|eval)'/);
    expect(policy).not.toMatch(/https?:|\*/);
  });
});
