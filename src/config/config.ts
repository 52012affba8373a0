/**
 * One frozen Config. A value comes from, strongest first: command line, environment (FIRSTREAD_DICOM_PORT for
 * dicomPort), settings file (--config FILE, else firstread.json in the data folder), default. Wrong values and unknown
 * names are refused at start with the name, the origin and what was expected.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FirstreadError } from '../errors.ts';
import { SETTINGS } from './settings.ts';
import type { SettingName } from './settings.ts';
import type { Setting } from './setting.ts';

export type Config = { readonly [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

export type Origin = 'default' | 'file' | 'environment' | 'command line';

export interface LoadedConfig {
  readonly config: Config;
  readonly origins: Readonly<Record<SettingName, string>>;
  readonly file?: string;
}

const names = Object.keys(SETTINGS) as SettingName[];

/** dicomPort → DICOM_PORT; the flag is --dicom-port. */
const upper = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
export const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
export const environmentOf = (name: SettingName): readonly string[] => [
  `FIRSTREAD_${upper(name)}`,
  ...((SETTINGS[name] as Setting<unknown>).env ?? []),
];

/** Flags for node:util parseArgs: every setting is one. Booleans take a value: --accept-any-called-ae-title false. */
export const CONFIG_FLAGS: Record<string, { type: 'string' }> = Object.fromEntries(
  [...names.map((name) => [flagOf(name), { type: 'string' as const }]), ['config', { type: 'string' as const }]],
);

function parseOne(name: SettingName, value: unknown, where: string): unknown {
  try {
    return (SETTINGS[name] as Setting<unknown>).parse(value);
  } catch (error) {
    const shown = (SETTINGS[name] as Setting<unknown>).secret ? '(hidden)' : JSON.stringify(value);
    throw new FirstreadError('config-invalid', `setting "${name}" from ${where}: ${(error as Error).message}, got ${shown}`);
  }
}

function readFile(path: string, required: boolean): Record<string, unknown> {
  if (!existsSync(path)) {
    if (required) throw new FirstreadError('config-invalid', `settings file ${path} does not exist`);
    return {};
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FirstreadError('config-invalid', `settings file ${path} is not JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new FirstreadError('config-invalid', `settings file ${path} must hold one JSON object`);
  }
  for (const key of Object.keys(parsed)) {
    if (!Object.hasOwn(SETTINGS, key)) throw new FirstreadError('config-invalid', `settings file ${path}: "${key}" is not a setting${suggestion(key)}`);
  }
  return parsed as Record<string, unknown>;
}

function suggestion(key: string): string {
  const lower = key.toLowerCase();
  const near = names.find((name) => name.toLowerCase() === lower || name.toLowerCase().includes(lower) || lower.includes(name.toLowerCase()));
  return near === undefined ? '; `firstread config` lists them all' : `; did you mean "${near}"?`;
}

/** `flags` as parseArgs returns them (kebab-case). Throws FirstreadError('config-invalid'). */
export function loadConfig(flags: Readonly<Record<string, unknown>>, environment: Readonly<Record<string, string | undefined>>): LoadedConfig {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const take = (name: SettingName, value: unknown, where: string): void => {
    values[name] = parseOne(name, value, where);
    origins[name] = where;
  };
  // The data folder first: it says where the settings file lies.
  const fromOutside = (name: SettingName): boolean => {
    const flag = flags[flagOf(name)];
    if (flag !== undefined) return take(name, flag, `--${flagOf(name)}`), true;
    const variable = environmentOf(name).find((candidate) => environment[candidate] !== undefined && environment[candidate] !== '');
    if (variable !== undefined) return take(name, environment[variable], variable), true;
    return false;
  };
  if (!fromOutside('data')) take('data', SETTINGS.data.default, 'default');
  const named = flags['config'] ?? environment['FIRSTREAD_CONFIG'];
  const path = typeof named === 'string' ? resolve(named) : join(resolve(values['data'] as string), 'firstread.json');
  const file = readFile(path, typeof named === 'string');
  for (const name of names) {
    if (name === 'data' && origins['data'] !== 'default') continue;
    if (name !== 'data' && fromOutside(name)) continue;
    if (name in file) take(name, file[name], path);
    else if (name !== 'data') take(name, (SETTINGS[name] as Setting<unknown>).default, 'default');
  }
  values['data'] = resolve(values['data'] as string);
  return {
    config: Object.freeze(values) as Config,
    origins: origins as Record<SettingName, string>,
    ...(existsSync(path) ? { file: path } : {}),
  };
}
