/** What the operations page puts into words by a code: every code that the hub can send has its words, in both languages. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { ERRORS } from '../../src/errors.ts';
import { REASONS } from '../../src/study/reasons.ts';

const source = (path: string): string => readFileSync(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)), 'utf8');
let en: Record<string, string>;

beforeAll(async () => {
  en = ((await import(fileURLToPath(new URL('../../src/api/web/strings/en.js', import.meta.url)))) as { default: Record<string, string> }).default;
});

const lacking = (keys: readonly string[]): string[] => keys.filter((key) => !(key in en));

describe('refused attempts', () => {
  test('what a device is rejected for, and how a connection may end before it stood', () => {
    const journal = source('hub/listener-journal.ts');
    const rejects = [...journal.matchAll(/'((?:calling|called)-ae-unknown|rejected|local-limit-exceeded|temporary-congestion|tls-failed)'/g)].map((match) => match[1]!);
    const endings = [...source('dimse/connection-user.ts').matchAll(/readonly how: ([^;]+);/g)][0]![1]!.match(/[a-z-]+/g)!.filter((how) => how !== 'released');
    const doors = [...source('dimse/listener-events.ts').matchAll(/'(connections-[a-z-]+)'/g)].map((match) => match[1]!);
    const codes = [...new Set([...rejects, ...endings, ...doors])];
    expect(codes.length).toBeGreaterThanOrEqual(11);
    expect(lacking(codes.flatMap((code) => [`refusal.${code}`, `refusal.${code}.change`]))).toEqual([]);
  });

  test('every error that a C-STORE can fail with', () => {
    const codes = Object.entries(ERRORS).filter(([, entry]) => 'dicomStatus' in entry).map(([code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(lacking(codes.flatMap((code) => [`refusal.${code}`, `refusal.${code}.change`]))).toEqual([]);
  });
});

test('why a delivery has not arrived: what the network and our own disk can do to it', () => {
  const association = [...source('dimse/association-error.ts').matchAll(/'((?:peer|association)-[a-z-]+)'/g)].map((match) => match[1]!);
  const verdicts = [...source('delivery/store-verdict.ts').matchAll(/'([a-z-]+-not-accepted)'/g)].map((match) => match[1]!);
  const own = ['own-error', 'spool-unreadable', 'destination-removed', 'dropped', 'instance-missing', 'storage-failed', 'data-set-damaged', 'status', 'folder'];
  expect([...association, ...verdicts].length).toBeGreaterThanOrEqual(4);
  expect(lacking([...new Set([...association, ...verdicts, ...own])].map((code) => `delivery.why.${code}`))).toEqual([]);
});

test('readiness checks, statuses of models, states, classes', () => {
  const checks = [...source('hub/hub.ts').matchAll(/readiness\.add\('([a-z-]+)'/g)].map((match) => match[1]!);
  expect(checks.length).toBeGreaterThanOrEqual(5);
  expect(lacking(checks.flatMap((name) => [`check.${name}`, `check.${name}.not`]))).toEqual([]);
  expect(lacking(['interim', 'released', 'foreign'].map((status) => `models.status.${status}`))).toEqual([]);
  expect(lacking(['critical', 'urgent', 'undetermined', 'routine'].map((name) => `class.${name}`))).toEqual([]);
  expect(lacking(['pending', 'failed', 'sent', 'dropped'].flatMap((name) => [`deliveries.${name}`, `deliveries.none.${name}`]))).toEqual([]);
  expect(lacking(['report', 'original', 'message'].map((kind) => `deliveries.kind.${kind}`))).toEqual([]);
  expect(lacking(['off', 'on', 'with-client-certificate'].map((how) => `sender.tls.${how}`))).toEqual([]);
});

test('advice is given for reasons that exist', () => {
  const advised = Object.keys(en).filter((key) => key.startsWith('aside.help.')).map((key) => key.slice('aside.help.'.length));
  expect(advised.filter((code) => !(code in REASONS))).toEqual([]);
  const asking = Object.entries(REASONS).filter(([, { kind }]) => kind === 'unreadable' || kind === 'attention').map(([code]) => code);
  expect(asking.filter((code) => !advised.includes(code)).sort()).toEqual(['answer-mismatched', 'pixels-over-limit', 'positioning']);
});
