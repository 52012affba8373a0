/** What a command is, and the small things that all of them share: arguments, errors, tables on the terminal. */
import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import { FirstreadError } from '../errors.ts';
import { CONFIG_FLAGS, loadConfig } from '../config/config.ts';
import type { LoadedConfig } from '../config/config.ts';

export interface CommandIo {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

export interface Command {
  readonly help: string;
  /** Resolves with the exit code. A FirstreadError is printed as one line and exits 1. */
  readonly run: (argv: string[], io: CommandIo) => Promise<number>;
}

export interface ParsedCommand<O extends ParseArgsOptionsConfig> {
  readonly values: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];
  readonly positionals: readonly string[];
  readonly loaded: LoadedConfig;
}

/** `parseArgs`, with unknown options as a usage error that names them. */
export function parseOptions<O extends ParseArgsOptionsConfig>(argv: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new FirstreadError('usage', (error as Error).message.split('. To specify')[0]);
  }
}

/** A command's own options together with all settings. */
export function parseCommand<O extends ParseArgsOptionsConfig>(argv: string[], options: O, positionalsMax = 0): ParsedCommand<O> {
  const parsed = parseOptions(argv, { ...CONFIG_FLAGS, ...options });
  if (parsed.positionals.length > positionalsMax) {
    throw new FirstreadError('usage', `unexpected argument ${JSON.stringify(parsed.positionals[positionalsMax])}`);
  }
  const loaded = loadConfig(parsed.values as Record<string, unknown>, process.env);
  return { values: parsed.values as ParsedCommand<O>['values'], positionals: parsed.positionals, loaded };
}

/** Columns aligned by their visible width; wide cells are cut with an ellipsis. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], widthsMax: readonly number[] = []): string {
  const clean = rows.map((row) => row.map((cell, k) => cut(printable(cell), widthsMax[k] ?? 60)));
  const widths = header.map((title, k) => Math.max(title.length, ...clean.map((row) => (row[k] ?? '').length)));
  const line = (cells: readonly string[]): string => cells.map((cell, k) => cell.padEnd(widths[k] ?? 0)).join('  ').trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...clean.map(line)].join('\n') + '\n';
}

/** What a peer wrote must not steer the terminal: control characters and direction marks are dropped. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
