/**
 * Reads fields out of unknown JSON and collects what is wrong in words a person can act on: the key, what was found,
 * what to write instead. Pure. The rules of models are in model-manifest.ts.
 */
import { WORDING_CHARACTERS_MAX, isWording } from '../study/wording.ts';
import type { Wording } from '../study/wording.ts';

export interface ManifestProblem {
  /** Dotted path of the key, e.g. "input.range[1]"; a file name where the problem is a file. */
  readonly key: string;
  readonly problem: string;
  readonly remedy: string;
}

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was found, short enough for one line. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export class FieldReader {
  readonly problems: ManifestProblem[] = [];

  complain(key: string, problem: string, remedy: string): undefined {
    this.problems.push({ key, problem, remedy });
    return undefined;
  }

  text(from: Json, at: string, key: string, remedy: string): string {
    const value = from[key];
    if (typeof value === 'string' && value !== '' && value.length <= 1000) return value;
    this.complain(join(at, key), `must be a text, found ${describe(value)}`, remedy);
    return '';
  }

  /** A sentence in one language, or in both. */
  wording(from: Json, at: string, key: string, remedy: string): Wording {
    const value = from[key];
    if (isWording(value)) return value;
    const problem = !isObject(value) ? `must be a text, or {"en": …, "vi": …}, found ${describe(value)}` : `must hold a text under "en" and one under "vi", of at most ${WORDING_CHARACTERS_MAX} characters, and nothing else, found ${describe(value)}`;
    this.complain(join(at, key), problem, remedy);
    return '';
  }

  oneOf<T extends string | number>(from: Json, at: string, key: string, allowed: readonly T[], fallback?: T): T {
    const value = from[key] ?? fallback;
    if (allowed.includes(value as T)) return value as T;
    this.complain(join(at, key), `found ${describe(from[key])}`, `write one of ${allowed.map((a) => JSON.stringify(a)).join(', ')}`);
    return allowed[0] as T;
  }

  integer(from: Json, at: string, key: string, min: number, max: number): number {
    const value = from[key];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.complain(join(at, key), `found ${describe(value)}`, `write a whole number from ${min} to ${max}`);
    return min;
  }

  real(from: Json, at: string, key: string, min: number, max: number): number {
    const value = from[key];
    if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
    this.complain(join(at, key), `found ${describe(value)}`, `write a number from ${min} to ${max}`);
    return min;
  }

  numbers(from: Json, at: string, key: string, lengths: readonly number[]): readonly number[] {
    const value = from[key];
    const good = Array.isArray(value) && value.every((v) => typeof v === 'number' && Number.isFinite(v));
    if (good && lengths.includes(value.length)) return value as number[];
    this.complain(join(at, key), `found ${describe(value)}`, `write a list of ${lengths.join(' or ')} numbers`);
    return new Array<number>(lengths[0] ?? 0).fill(0);
  }

  boolean(from: Json, at: string, key: string, fallback: boolean): boolean {
    const value = from[key] ?? fallback;
    if (typeof value === 'boolean') return value;
    this.complain(join(at, key), `found ${describe(value)}`, 'write true or false');
    return fallback;
  }

  object(from: Json, at: string, key: string, remedy: string): Json | undefined {
    const value = from[key];
    if (isObject(value)) return value;
    return this.complain(join(at, key), `must be an object, found ${describe(value)}`, remedy);
  }

  list(from: Json, at: string, key: string, remedy: string, lengthMax: number): readonly unknown[] {
    const value = from[key];
    if (Array.isArray(value) && value.length <= lengthMax) return value as unknown[];
    this.complain(join(at, key), Array.isArray(value) ? `has ${value.length} entries` : `must be a list, found ${describe(value)}`, remedy);
    return [];
  }

  /** A typing error in an optional key would otherwise silently do nothing. */
  onlyKeys(from: Json, at: string, allowed: readonly string[]): void {
    for (const key of Object.keys(from)) {
      if (!allowed.includes(key)) this.complain(join(at, key), 'is not a key that a manifest has', `remove it or correct its spelling; here the keys are ${allowed.join(', ')}`);
    }
  }
}

export const join = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`);
