/**
 * Structured log: one JSON object per line, or a coloured line where a person watches. Every line is a numbered event
 * of log-events.ts with fields from its allow-list; there is no way to log free text.
 */
import { LOG_EVENTS, type LogEvent, type LogFields, type LogLevel } from './log-events.ts';
import { admitFields } from './redaction.ts';

export interface Log {
  write(event: LogEvent, fields?: LogFields): void;
  /** A log whose every line carries these fields too. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  /** Takes one line with its line feed; never throws into the caller (a full disk must not stop intake). */
  readonly sink: (line: string) => void;
  readonly now: () => number;
  /** Lines below it are not written. */
  readonly level?: LogLevel;
  /** For a terminal. */
  readonly pretty?: boolean;
  /** Which process speaks: `hub`, `worker`. */
  readonly process: string;
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOUR: Record<LogLevel, string> = { debug: '\x1b[2m', info: '\x1b[36m', warn: '\x1b[33m', error: '\x1b[31m' };

export function createLog(options: LogOptions): Log {
  const levelRank = RANK[options.level ?? 'info'];

  const make = (base: LogFields): Log => ({
    write(name, fields = {}) {
      const event = LOG_EVENTS[name];
      if (RANK[event.level] < levelRank) return;
      const admitted = admitFields({ ...base, ...fields });
      const all = admitted.droppedFields === 0 ? admitted.fields : { ...admitted.fields, droppedFields: admitted.droppedFields };
      const time = new Date(options.now()).toISOString();
      try {
        options.sink(options.pretty === true ? prettyLine(time, name, all) : jsonLine(time, name, options.process, all));
      } catch {
        // A log that cannot be written must not take the work down with it.
      }
    },
    with: (fields) => make({ ...base, ...fields }),
  });
  return make({});
}

function jsonLine(time: string, name: LogEvent, process: string, fields: Record<string, unknown>): string {
  const { id, level, text } = LOG_EVENTS[name];
  return `${JSON.stringify({ time, level, id, event: name, process, text, ...fields })}\n`;
}

function prettyLine(time: string, name: LogEvent, fields: Record<string, unknown>): string {
  const { id, level, text } = LOG_EVENTS[name];
  const tail = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`).join(' ');
  return `${time.slice(11, 23)} ${COLOUR[level]}${level.padEnd(5)}\x1b[0m ${id} ${text}\x1b[2m${tail === '' ? '' : ` ${tail}`}\x1b[0m\n`;
}

/** For tests and one-shot commands. */
export const SILENT_LOG: Log = { write: () => undefined, with: () => SILENT_LOG };
