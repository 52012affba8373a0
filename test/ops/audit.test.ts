/** The audit chain: a line changed, removed, added, moved or cut off is found; a crash and a full disk are survived. */
import { appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chainEntry, EMPTY_HEAD, verifyChain } from '../../src/ops/audit-chain.ts';
import { createAudit, verifyAudit } from '../../src/ops/audit.ts';

let folder: string;
let nowMs: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firstread-audit-'));
  nowMs = Date.UTC(2026, 10, 21);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (key?: Uint8Array) => createAudit({ folder, now: () => nowMs, ...(key ? { key } : {}) });
const file = () => join(folder, readdirSync(folder).filter((name) => name.endsWith('.jsonl')).sort().at(-1)!);
const lines = () => readFileSync(file(), 'utf8').trimEnd().split('\n');

function write(count: number, key?: Uint8Array): void {
  const audit = open(key);
  for (let i = 0; i < count; i += 1) audit.record({ event: 'patient-viewed', who: `reader${i}`, outcome: 'done', studyInstanceUid: `1.2.${i}` });
  audit.close();
}

describe('audit chain', () => {
  test('an untouched trail is intact, over restarts and months', () => {
    write(3);
    nowMs = Date.UTC(2026, 11, 2);
    write(2);
    expect(readdirSync(folder).filter((name) => name.endsWith('.jsonl'))).toEqual(['audit-2026-11.jsonl', 'audit-2026-12.jsonl']);
    expect(verifyAudit(folder)).toMatchObject({ intact: true, head: { sequence: 5 } });
  });

  test.each<[string, (text: string[]) => string[]]>([
    ['changed', (text) => text.with(2, text[2]!.replace('reader2', 'nobody'))],
    ['removed', (text) => text.toSpliced(2, 1)],
    ['doubled', (text) => text.toSpliced(2, 0, text[1]!)],
    ['moved', (text) => [text[0]!, text[2]!, text[1]!, ...text.slice(3)]],
    ['cut off the end', (text) => text.slice(0, -2)],
    ['cut off the start', (text) => text.slice(1)],
    ['replaced by nonsense', (text) => text.with(1, 'nonsense')],
    ['added at the end without its hash', (text) => [...text, '{"sequence":6}']],
  ])('a line %s breaks it', (_what, change) => {
    write(5);
    writeFileSync(file(), `${change(lines()).join('\n')}\n`);
    expect(verifyAudit(folder)).toMatchObject({ intact: false });
  });

  test('all lines gone breaks it', () => {
    write(3);
    rmSync(file());
    expect(verifyAudit(folder)).toMatchObject({ intact: false, problem: expect.stringContaining('cut off') });
  });

  test('with a key the chain cannot be rewritten by who only has the file', () => {
    const key = new Uint8Array(32).fill(7);
    write(3, key);
    expect(verifyAudit(folder, key)).toMatchObject({ intact: true });
    // A forger recomputes everything without the key.
    let head = EMPTY_HEAD;
    const forged = lines().map((line) => {
      const { event, outcome, studyInstanceUid } = JSON.parse(line) as { event: 'patient-viewed'; outcome: 'done'; studyInstanceUid: string };
      const next = chainEntry(head, { event, who: 'innocent', outcome, studyInstanceUid }, nowMs);
      head = next.head;
      return next.line.trimEnd();
    });
    expect(verifyChain(forged)).toMatchObject({ intact: true });
    expect(verifyChain(forged, { key })).toMatchObject({ intact: false, line: 1, problem: 'was changed' });
  });

  test('a line torn by a crash is cut, said, and the chain goes on', () => {
    write(2);
    appendFileSync(file(), '{"sequence":3,"at":"2026');
    write(1);
    expect(verifyAudit(folder)).toMatchObject({ intact: true, head: { sequence: 4 } });
    expect(JSON.parse(lines()[2]!)).toMatchObject({ event: 'audit-recovered', details: { tornBytes: 24 } });
  });

  test('texts from outside cannot break lines or grow without end', () => {
    const audit = open();
    audit.record({ event: 'sign-in-refused', who: `a\n{"sequence":9}${'x'.repeat(9_999)}","hash":"${'0'.repeat(64)}`, outcome: 'refused' });
    audit.close();
    expect(lines()).toHaveLength(1);
    expect(lines()[0]!.length).toBeLessThan(800);
    expect(verifyAudit(folder)).toMatchObject({ intact: true });
  });

  test('a disk that refuses keeps entries in memory and writes them, in order, when it recovers', () => {
    const audit = open();
    rmSync(folder, { recursive: true });
    expect(() => audit.record({ event: 'sign-in', who: 'a', outcome: 'done' })).not.toThrow();
    expect(audit.healthy()).toBe(false);
    mkdirSync(folder);
    audit.record({ event: 'sign-out', who: 'a', outcome: 'done' });
    expect(audit.healthy()).toBe(true);
    audit.close();
    expect(lines().map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['sign-in', 'sign-out']);
    expect(verifyAudit(folder)).toMatchObject({ intact: true });
  });

  test('a new month whose file cannot be made yet: no number is closed twice, and all is written when it can', () => {
    const audit = open();
    audit.record({ event: 'sign-in', who: 'a', outcome: 'done' });
    nowMs = Date.UTC(2026, 11, 1);
    mkdirSync(join(folder, 'audit-2026-12.jsonl'));
    audit.record({ event: 'sign-in', who: 'b', outcome: 'done' });
    expect(audit.healthy()).toBe(false);
    // These have the number of November's file now, as a socket or the registry would.
    const others = Array.from({ length: 4 }, () => openSync(folder, 'r'));
    audit.record({ event: 'sign-in', who: 'c', outcome: 'done' });
    for (const other of others) expect(() => fstatSync(other)).not.toThrow();
    rmSync(join(folder, 'audit-2026-12.jsonl'), { recursive: true });
    audit.record({ event: 'sign-in', who: 'd', outcome: 'done' });
    expect(audit.healthy()).toBe(true);
    audit.close();
    for (const other of others) closeSync(other);
    expect(lines().map((line) => (JSON.parse(line) as { who: string }).who)).toEqual(['b', 'c', 'd']);
    expect(verifyAudit(folder)).toMatchObject({ intact: true, head: { sequence: 4 } });
  });

  test.skipIf(!existsSync('/dev/full'))('a disk too full for the head costs no file number a second', () => {
    const audit = open();
    const freeNumber = (): number => {
      const fd = openSync(folder, 'r');
      closeSync(fd);
      return fd;
    };
    audit.record({ event: 'sign-in', who: 'a', outcome: 'done' });
    symlinkSync('/dev/full', join(folder, 'head.json.new'));
    const before = freeNumber();
    for (let second = 0; second < 50; second += 1) audit.flush();
    expect(audit.healthy()).toBe(false);
    expect(freeNumber()).toBeLessThan(before + 25);
    rmSync(join(folder, 'head.json.new'));
    audit.close();
    expect(verifyAudit(folder)).toMatchObject({ intact: true, head: { sequence: 1 } });
  });

  test('a flood of refusals costs a few lines and loses no number; what was done is always written', () => {
    const audit = open();
    for (let i = 0; i < 10_000; i += 1) audit.record({ event: 'association-refused', who: `AE${i}`, from: '10.0.0.9', outcome: 'refused' });
    audit.record({ event: 'association-refused', who: 'OTHER', from: '10.0.0.8', outcome: 'refused' });
    for (let i = 0; i < 30; i += 1) audit.record({ event: 'patient-viewed', who: 'linh', from: '10.0.0.9', outcome: 'done' });
    nowMs += 10_000;
    audit.flush();
    const entries = lines().map((line) => JSON.parse(line) as { event: string; who: string; details?: { moreOfTheseCount?: number } });
    expect(entries.filter((one) => one.event === 'patient-viewed')).toHaveLength(30);
    expect(entries.filter((one) => one.event === 'association-refused').map((one) => one.details?.moreOfTheseCount ?? 1)).toEqual([...Array<number>(21).fill(1), 9_980]);
    audit.record({ event: 'association-refused', who: 'AGAIN', from: '10.0.0.9', outcome: 'refused' });
    audit.close();
    expect(lines().at(-1)).toContain('AGAIN');
    expect(verifyAudit(folder)).toMatchObject({ intact: true });
  });

  test('a clock set back does not break the order', () => {
    write(2);
    nowMs = Date.UTC(2026, 2, 1);
    write(2);
    expect(readdirSync(folder).filter((name) => name.endsWith('.jsonl'))).toEqual(['audit-2026-11.jsonl']);
    expect(verifyAudit(folder)).toMatchObject({ intact: true, head: { sequence: 4 } });
  });
});
