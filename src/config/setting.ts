/**
 * What a setting is: a name, a type, a unit, a default with its reason, limits. One declaration serves the file, the
 * environment, the command line, `firstread config` and the table in docs/settings.md.
 */
import { FirstreadError } from '../errors.ts';

export interface Setting<T> {
  readonly default: T;
  /** What a value looks like, for help and errors: "integer 1–65535, port". */
  readonly kind: string;
  readonly unit?: string;
  /** What it does and why the default is what it is. */
  readonly reason: string;
  /** Environment variables read besides FIRSTREAD_<NAME>. */
  readonly env?: readonly string[];
  /** Printed as "(set)" only. */
  readonly secret?: boolean;
  /** Takes a JSON value (file) or a string (environment, flag); throws a sentence that says what is expected. */
  readonly parse: (value: unknown) => T;
}

type Common = { reason: string; unit?: string; env?: readonly string[]; secret?: boolean };

const expected = (kind: string): never => {
  throw new FirstreadError('config-invalid', `expected ${kind}`);
};

export function integer(options: Common & { default: number; min: number; max: number }): Setting<number> {
  const kind = `integer ${options.min}–${options.max}`;
  return {
    ...options,
    kind,
    parse(value) {
      const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) return expected(kind);
      if (number < options.min || number > options.max) return expected(kind);
      return number;
    },
  };
}

export function real(options: Common & { default: number; min: number; max: number }): Setting<number> {
  const kind = `number ${options.min}–${options.max}`;
  return {
    ...options,
    kind,
    parse(value) {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number)) return expected(kind);
      if (number < options.min || number > options.max) return expected(kind);
      return number;
    },
  };
}

export function yesNo(options: Common & { default: boolean }): Setting<boolean> {
  return {
    ...options,
    kind: 'true or false',
    parse(value) {
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === '1' || value === 'yes') return true;
      if (value === 'false' || value === '0' || value === 'no') return false;
      return expected('true or false');
    },
  };
}

export function oneOf<T extends string>(options: Common & { default: T; values: readonly T[] }): Setting<T> {
  const kind = options.values.join(' | ');
  return {
    ...options,
    kind,
    parse: (value) => options.values.find((allowed) => allowed === value) ?? expected(`one of ${kind}`),
  };
}

export function text(options: Common & { default: string; pattern?: RegExp; kind?: string }): Setting<string> {
  const kind = options.kind ?? 'text';
  return {
    ...options,
    kind,
    parse(value) {
      if (typeof value !== 'string') return expected(kind);
      if (options.pattern && !options.pattern.test(value)) return expected(kind);
      return value;
    },
  };
}

/** A JSON array of strings, or a comma-separated string. */
export function texts(options: Common & { default: readonly string[]; kind?: string; pattern?: RegExp }): Setting<readonly string[]> {
  const kind = options.kind ?? 'list, comma-separated';
  return {
    ...options,
    kind,
    parse(value) {
      const items = typeof value === 'string' ? value.split(',').map((part) => part.trim()).filter((part) => part !== '') : value;
      if (!Array.isArray(items) || items.some((item) => typeof item !== 'string')) return expected(kind);
      if (options.pattern && items.some((item) => !options.pattern?.test(item as string))) return expected(kind);
      return Object.freeze(items as string[]);
    },
  };
}

/** Structured settings: JSON in the file, JSON text in the environment. `check` throws a sentence. */
export function json<T>(options: Common & { default: T; kind: string; check: (value: unknown) => T }): Setting<T> {
  return {
    ...options,
    parse(value) {
      let parsed = value;
      if (typeof value === 'string') {
        try {
          parsed = JSON.parse(value);
        } catch {
          return expected(`${options.kind}, as JSON`);
        }
      }
      return options.check(parsed);
    },
  };
}
