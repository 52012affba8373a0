/** The shape of one place that reports (and, where wanted, originals) are delivered to. */
import { DEFAULT_REPORT_KINDS } from '../delivery/plan.ts';
import type { DestinationWishes, ReportKind } from '../delivery/plan.ts';
import { FirstreadError } from '../errors.ts';

export type DestinationSetting = DestinationWishes &
  (
    | {
        readonly kind: 'dimse';
        readonly host: string;
        readonly port: number;
        readonly calledAeTitle: string;
        readonly callingAeTitle?: string;
        readonly tls: boolean;
      }
    | { readonly kind: 'folder'; readonly path: string }
  );

const REPORT_KINDS: readonly ReportKind[] = ['flagged', 'below-threshold', 'not-analysed'];

/** A misspelt wish would go unheard for months. */
const KEYS = new Set(['name', 'kind', 'host', 'port', 'calledAeTitle', 'callingAeTitle', 'tls', 'path', 'reportKinds', 'sopClass', 'sendOriginals', 'pictures']);

function fail(index: number, sentence: string): never {
  throw new FirstreadError('config-invalid', `destination ${index + 1}: ${sentence}`);
}

export function checkDestinations(value: unknown): readonly DestinationSetting[] {
  if (!Array.isArray(value)) throw new FirstreadError('config-invalid', 'expected a list of destinations');
  const names = new Set<string>();
  return value.map((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null) return fail(index, 'expected an object');
    const raw = entry as Record<string, unknown>;
    const unknown = Object.keys(raw).find((key) => !KEYS.has(key));
    if (unknown !== undefined) return fail(index, `"${unknown}" is not one of ${[...KEYS].join(', ')}`);
    for (const key of ['tls', 'sendOriginals', 'pictures']) if (raw[key] !== undefined && typeof raw[key] !== 'boolean') return fail(index, `"${key}" must be true or false`);
    const name = raw['name'];
    if (typeof name !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) return fail(index, '"name" must be 1–64 letters, digits, . _ or -');
    if (names.has(name)) return fail(index, `the name "${name}" is used twice`);
    names.add(name);
    const kinds = raw['reportKinds'] ?? DEFAULT_REPORT_KINDS;
    if (!Array.isArray(kinds) || kinds.some((kind) => !REPORT_KINDS.includes(kind as ReportKind))) {
      return fail(index, `"reportKinds" must be a list of ${REPORT_KINDS.join(', ')}`);
    }
    const sopClass = raw['sopClass'] ?? 'comprehensive-3d';
    if (sopClass !== 'comprehensive-3d' && sopClass !== 'comprehensive') return fail(index, '"sopClass" must be comprehensive-3d or comprehensive');
    const common = { name, reportKinds: kinds as ReportKind[], sopClass, sendOriginals: raw['sendOriginals'] === true, pictures: raw['pictures'] === true } as const;
    if (raw['kind'] === 'folder') {
      if (typeof raw['path'] !== 'string' || raw['path'] === '') return fail(index, '"path" must be a folder');
      return { kind: 'folder', ...common, path: raw['path'] };
    }
    if (raw['kind'] !== undefined && raw['kind'] !== 'dimse') return fail(index, '"kind" must be dimse or folder');
    const { host, port, calledAeTitle, callingAeTitle } = raw;
    if (typeof host !== 'string' || host === '') return fail(index, '"host" must be a host name or address');
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) return fail(index, '"port" must be 1–65535');
    if (typeof calledAeTitle !== 'string' || !isAeTitle(calledAeTitle)) return fail(index, '"calledAeTitle" must be 1–16 characters');
    if (callingAeTitle !== undefined && (typeof callingAeTitle !== 'string' || !isAeTitle(callingAeTitle))) return fail(index, '"callingAeTitle" must be 1–16 characters');
    return {
      kind: 'dimse',
      ...common,
      host,
      port,
      calledAeTitle,
      ...(callingAeTitle === undefined ? {} : { callingAeTitle }),
      tls: raw['tls'] === true,
    };
  });
}

/** PS3.5 §6.2 AE: at most 16 characters, no backslash, no control characters, not all spaces. */
export function isAeTitle(title: string): boolean {
  return title.trim() !== '' && title.length <= 16 && /^[\x20-\x5b\x5d-\x7e]+$/.test(title);
}
