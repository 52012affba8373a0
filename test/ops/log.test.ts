/** No patient data can be logged: not by a wrong field, not by an error's message, not by what a peer calls itself. */
import { describe, expect, test } from 'vitest';
import { FirstreadError } from '../../src/errors.ts';
import { LOG_EVENTS } from '../../src/ops/log-events.ts';
import { createLog, type Log } from '../../src/ops/log.ts';
import { referenceOf, sentenceAsWord } from '../../src/ops/redaction.ts';

const NAME = 'NGUYỄN^VĂN ĐỨC';

function capture(options: { pretty?: boolean; level?: 'debug' | 'info' | 'warn' } = {}): { log: Log; lines: string[]; last: () => Record<string, unknown> } {
  const lines: string[] = [];
  const log = createLog({ sink: (line) => void lines.push(line), now: () => Date.UTC(2026, 0, 2), process: 'hub', ...options });
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('log', () => {
  test('a line is a numbered event with its fields', () => {
    const { log, last } = capture();
    log.write('instance-stored', { byteLength: 12, callingAeTitle: 'XR 1', transferSyntaxUid: '1.2.840.10008.1.2' });
    expect(last()).toEqual({
      time: '2026-01-02T00:00:00.000Z', level: 'info', id: 3001, event: 'instance-stored', process: 'hub', text: 'instance is durable',
      byteLength: 12, callingAeTitle: 'XR 1', transferSyntaxUid: '1.2.840.10008.1.2',
    });
  });

  test('event numbers are unique', () => {
    const ids = Object.values(LOG_EVENTS).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('fields off the allow-list are dropped and counted', () => {
    const { log, lines, last } = capture();
    log.write('instance-stored', { patientName: NAME, patientId: 'VN001', count: 1 } as never);
    expect(last()).toMatchObject({ count: 1, droppedFields: 2 });
    expect(lines.join('')).not.toContain('VN001');
    expect(lines.join('')).not.toContain('NGUY');
  });

  test('a name in an allowed field does not pass as a word', () => {
    const { log, lines, last } = capture();
    log.write('instance-refused', { reason: NAME as never, code: 'Nguyen Van Duc', count: NAME as never });
    expect(last()['droppedFields']).toBe(3);
    expect(lines.join('')).not.toMatch(/Nguyen|NGUY/);
  });

  test('a reason is one of the catalogue\'s words or a sentence made one: what the log would drop does not compile', () => {
    const { log, last } = capture();
    const why: string = 'close by rule';
    // @ts-expect-error a sentence as it stands; tsc fails here as soon as it may be written
    log.write('storage-failed', { reason: why });
    expect(last()).toMatchObject({ droppedFields: 1 });
    // @ts-expect-error nor in the fields that every line of a log carries
    log.with({ reason: 'close by rule' }).write('storage-failed');
    expect(last()).toMatchObject({ droppedFields: 1 });
    log.write('storage-failed', { reason: 'close-by-rule' });
    expect(last()).toMatchObject({ reason: 'close-by-rule' });
  });

  test('a sentence of ours passes as a word', () => {
    const { log, last } = capture();
    log.write('not-ready', { check: 'disk', reason: sentenceAsWord('free space is below the floor: new objects are refused') });
    expect(last()).toMatchObject({ check: 'disk', reason: 'free-space-is-below-the-floor:-new-objects-are-refused' });
    expect(last()['droppedFields']).toBeUndefined();
  });

  test('UIDs become references that are the same each time', () => {
    const { log, lines, last } = capture();
    log.write('study-assessed', { studyInstanceUid: '1.2.3.4', sopInstanceUid: '1.2.3.4.5', fileKey: 'ab'.repeat(32) });
    expect(last()).toMatchObject({ studyInstanceRef: referenceOf('1.2.3.4'), sopInstanceRef: referenceOf('1.2.3.4.5'), fileRef: referenceOf('ab'.repeat(32)) });
    expect(lines.join('')).not.toContain('1.2.3.4');
  });

  test.each([false, true])('an error keeps class, code and frames, and loses its message (pretty %s)', (pretty) => {
    const { log, lines } = capture({ pretty });
    const parse = (): unknown => {
      try {
        return JSON.parse(`{"patient": ${NAME}\n    at ${NAME} (/home/x.ts:1:2)}`);
      } catch (error) {
        return error;
      }
    };
    log.write('api-error', { error: parse() });
    log.write('api-error', { error: new Error(`no such patient ${NAME}`, { cause: new Error(NAME) }) });
    log.write('api-error', { error: new FirstreadError('data-set-damaged', `bad value ${NAME}`, { value: NAME }) });
    log.write('api-error', { error: NAME });
    expect(lines.join('')).toContain('SyntaxError');
    expect(lines.join('')).toContain('log.test.ts');
    expect(lines.join('')).not.toMatch(/NGUY|ĐỨC/);
  });

  test('a peer cannot forge a line or hide one', () => {
    const { log, lines } = capture({ pretty: true });
    log.write('association-refused', { callingAeTitle: 'A\n2026 ERROR fake\u202e\x1b[2J' });
    expect(lines).toHaveLength(1);
    expect(lines[0]!.trimEnd()).not.toMatch(/\n|\u202e|\x1b\[2J/);
    log.write('association-refused', { callingAeTitle: 'A'.repeat(5_000) });
    expect(lines[1]!.length).toBeLessThan(400);
  });

  test('levels below the chosen one are not written, and a sink that throws does not stop the work', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.write('instance-stored', {});
    log.with({ callingAeTitle: 'XR' }).write('association-refused', { code: 'x' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ callingAeTitle: 'XR', code: 'x' });
    const full = createLog({ sink: () => { throw new Error('disk full'); }, now: () => 0, process: 'hub' });
    expect(() => full.write('hub-ready')).not.toThrow();
  });
});
