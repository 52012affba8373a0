/**
 * One route as data: what Fastify serves, what the guard checks and what OpenAPI tells are the same object, so that
 * none of the three can drift from the others.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonSchema } from './schemas.ts';
import type { Permission } from './roles.ts';
import type { Caller } from './auth.ts';

export type Access = Permission | 'public' | 'metrics';

export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Fastify's pattern, `/api/studies/:uid`. */
  readonly url: string;
  readonly access: Access;
  readonly summary: string;
  readonly params?: JsonSchema;
  readonly query?: JsonSchema;
  readonly body?: JsonSchema;
  /** Of the 200 (or 204) answer; a media type where it is not JSON. */
  readonly answer: JsonSchema | { readonly mediaType: string } | 'empty';
  /** For bodies that are not JSON. */
  readonly bodyMediaType?: string;
  readonly bodyBytesMax?: number;
  handler(call: ApiCall): unknown;
}

export interface ApiCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Who asks; throws an assertion on public routes, where nobody need be known. */
  readonly caller: Caller;
  /** Validated against `params` and `query`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body: unknown;
  /** Remote address, for the audit trail. */
  readonly from: string;
}

export const mediaTypeOf = (route: ApiRoute): string | undefined =>
  typeof route.answer === 'object' && 'mediaType' in route.answer ? (route.answer as { mediaType: string }).mediaType : undefined;

export const answerSchema = (route: ApiRoute): JsonSchema | undefined =>
  typeof route.answer === 'object' && !('mediaType' in route.answer) ? (route.answer as JsonSchema) : undefined;

/** As the browser named us; the name was checked against ours before anything else. */
export const originOf = (call: ApiCall): string => `${call.request.protocol}://${call.request.host}`;
