/** OpenAPI 3.1 out of the routes themselves (PURE). Its schemas are JSON Schema 2020-12, so ours go in as they are. */
import { PAGE_HEADER } from './request-guard.ts';
import { PERMITTED } from './roles.ts';
import { answerSchema, mediaTypeOf, type ApiRoute } from './route.ts';
import { errorAnswer, type JsonSchema } from './schemas.ts';

export function openApiOf(routes: readonly ApiRoute[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Firstread',
      version,
      description: 'Which chest X-ray to read first. Prioritisation only: no answer here states that a finding is absent. Not a medical device.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Error: errorAnswer },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'firstread_session', description: `Requests that change something also carry the header ${PAGE_HEADER}: 1.` },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

function operationOf(route: ApiRoute): Record<string, unknown> {
  const body = route.bodyMediaType === undefined ? route.body : ({ type: 'string', format: 'binary' } satisfies JsonSchema);
  const parameters = [...parametersOf('path', route.params), ...parametersOf('query', route.query)];
  const open = route.access === 'public' || route.access === 'metrics';
  return {
    operationId: `${route.method.toLowerCase()}${route.url.replace(/[^A-Za-z0-9]+(\w)/g, (_all, letter: string) => letter.toUpperCase())}`,
    summary: route.summary,
    ...(route.access === 'public' || route.access === 'metrics' ? (route.method === 'GET' ? {} : { description: `Carries the header ${PAGE_HEADER}: 1.` }) : { description: `Roles: ${PERMITTED[route.access].join(', ')}.` }),
    security: open ? [{}] : route.access === 'fetch-instances' ? [{ token: [] }] : [{ session: [] }, { token: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { [route.bodyMediaType ?? 'application/json']: { schema: body } } } }),
    responses: {
      '200': { description: 'done', content: { [mediaTypeOf(route) ?? 'application/json']: { schema: answerSchema(route) ?? { type: 'string' } } } },
      ...(route.url === '/readyz' ? { '503': { description: 'not ready, and why', content: { 'application/json': { schema: answerSchema(route) } } } } : {}),
      default: { description: 'refused or failed', content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
    },
  };
}

function parametersOf(place: 'path' | 'query', schema: JsonSchema | undefined): Record<string, unknown>[] {
  const required = (schema?.['required'] ?? []) as readonly string[];
  return Object.entries((schema?.['properties'] ?? {}) as Record<string, JsonSchema>).map(([name, property]) => ({
    name, in: place, required: place === 'path' || required.includes(name), schema: property,
  }));
}
