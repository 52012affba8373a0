/** The pure rules of delivery: pace, what goes where, what an answer means. */
import { describe, expect, it } from 'vitest';
import { DELIVERY_BACKOFF_MS, backoffMs } from '../../src/delivery/backoff.ts';
import { DELIVERY_TIMEOUTS } from '../../src/delivery/dimse-destination.ts';
import { DEFAULT_REPORT_KINDS, picturedSopClasses, planDeliveries, reportSopClasses } from '../../src/delivery/plan.ts';
import type { Deliverable, DestinationWishes } from '../../src/delivery/plan.ts';
import { DOUBTFUL_ANSWERS_MAX, contextNotAccepted, judgeAnswer, judgeNoAssociation } from '../../src/delivery/store-verdict.ts';
import { AssociationError } from '../../src/dimse/association-error.ts';

describe('pace', () => {
  it('grows to its last step and stays there', () => {
    expect([1, 2, 3, 4, 5, 6, 500].map((failures) => backoffMs(failures, 0))).toEqual([2_000, 5_000, 15_000, 30_000, 60_000, 60_000, 60_000]);
  });

  it('jitter only shortens', () => {
    for (const random of [0, 0.5, 0.999]) expect(backoffMs(5, random)).toBeLessThanOrEqual(60_000);
    expect(backoffMs(5, 0.999)).toBeLessThan(backoffMs(5, 0));
    expect(backoffMs(5, 0.999)).toBeGreaterThan(30_000);
  });

  it('a PACS that is back has its reports within two minutes', () => {
    const { connectTimeoutMs, associateTimeoutMs, responseTimeoutMs } = DELIVERY_TIMEOUTS;
    const longestWaitMs = DELIVERY_BACKOFF_MS.at(-1)! + Math.max(connectTimeoutMs + associateTimeoutMs, responseTimeoutMs);
    expect(longestWaitMs).toBeLessThanOrEqual(120_000);
  });
});

describe('what goes where', () => {
  const pacs: DestinationWishes = { name: 'pacs', reportKinds: DEFAULT_REPORT_KINDS, sopClass: 'comprehensive-3d', sendOriginals: false, pictures: false };
  const old: DestinationWishes = { name: 'old', reportKinds: ['flagged'], sopClass: 'comprehensive', sendOriginals: true, pictures: false };
  const report = (reportKind: 'flagged' | 'below-threshold' | 'not-analysed', sopClass: 'comprehensive-3d' | 'comprehensive'): Deliverable => ({
    subject: 'report',
    reportKind,
    sopClass,
    sopInstanceUid: `${reportKind} ${sopClass}`,
    fileKey: 'f',
  });
  const original: Deliverable = { subject: 'instance', sopInstanceUid: 'original', fileKey: 'o' };
  const plan = (deliverables: Deliverable[]): string[] => planDeliveries([pacs, old], deliverables).map(({ destination, objectKey }) => `${destination}: ${objectKey}`);

  it('each destination gets its kinds, in its SOP class', () => {
    const both = (['flagged', 'below-threshold', 'not-analysed'] as const).flatMap((kind) => [report(kind, 'comprehensive-3d'), report(kind, 'comprehensive')]);
    expect(plan(both)).toEqual(['pacs: flagged comprehensive-3d', 'pacs: not-analysed comprehensive-3d', 'old: flagged comprehensive']);
  });

  it('originals go only where they are wanted', () => expect(plan([original])).toEqual(['old: original']));

  it('pictures go, as reports do, only where they and flagged reports are wanted', () => {
    const picture: Deliverable = { subject: 'picture', sopInstanceUid: 'picture', fileKey: 'p' };
    const viewer = { ...pacs, name: 'viewer', pictures: true };
    const silent = { ...viewer, name: 'silent', reportKinds: ['not-analysed' as const] };
    expect(planDeliveries([pacs, viewer, old, silent], [picture])).toEqual([{ destination: 'viewer', subject: 'report', objectKey: 'picture', fileKey: 'p' }]);
    expect(picturedSopClasses([pacs, old])).toEqual([]);
    expect(picturedSopClasses([silent])).toEqual([]);
    expect(picturedSopClasses([old, viewer])).toEqual(['comprehensive-3d']);
    expect(picturedSopClasses([pacs, { ...old, pictures: true }])).toEqual(['comprehensive']);
  });

  it('the second SOP class is written only where somebody wants it', () => {
    expect(reportSopClasses([pacs])).toEqual(['comprehensive-3d']);
    expect(reportSopClasses([pacs, old])).toEqual(['comprehensive-3d', 'comprehensive']);
    expect(reportSopClasses([])).toEqual(['comprehensive-3d']);
  });
});

describe('answers', () => {
  it.each([
    [0x0000, 'sent'],
    [0xb000, 'sent'],
    [0xb006, 'sent'],
    [0x0111, 'sent'],
    [0xa700, 'again'],
    [0xa701, 'again'],
    [0x0110, 'again'],
    [0xc000, 'again'],
    [0xcfff, 'again'],
    [0xa900, 'failed'],
    [0x0122, 'failed'],
    [0x0124, 'failed'],
    [0x0117, 'failed'],
  ])('status %i: %s', (status, expected) => {
    const outcome = judgeAnswer({ status });
    expect(outcome.kind === 'refused' ? (outcome.permanent ? 'failed' : 'again') : outcome.kind).toBe(expected);
  });

  it('a duplicate is there already, unless another object went under its UID', () => {
    expect(judgeAnswer({ status: 0x0111 })).toMatchObject({ kind: 'sent' });
    expect(judgeAnswer({ status: 0x0111 }, { isOtherBytes: true })).toMatchObject({ kind: 'refused', permanent: true, text: expect.stringContaining('another object under this SOP Instance UID') });
  });

  it('"cannot understand" is believed in the end', () => {
    expect(judgeAnswer({ status: 0xc000 }, { doubtfulAnswers: DOUBTFUL_ANSWERS_MAX - 2 })).toMatchObject({ permanent: false, isDoubtful: true });
    expect(judgeAnswer({ status: 0xc000 }, { doubtfulAnswers: DOUBTFUL_ANSWERS_MAX - 1 })).toMatchObject({ permanent: true });
  });

  it('say what was answered and what to change', () => {
    expect(judgeAnswer({ status: 0x0122, errorComment: 'no SR here' })).toMatchObject({
      text: expect.stringMatching(/0122H \("no SR here"\).*"comprehensive"/),
    });
    expect(judgeAnswer({ status: 0xb007 })).toEqual({ kind: 'sent', remark: 'stored with warning B007H' });
  });

  it('a rejected association names both titles', () => {
    const rejected = judgeNoAssociation(new AssociationError('association-rejected', 'calling AE title not recognized'), { callingAeTitle: 'FIRSTREAD', calledAeTitle: 'PACS' });
    expect(rejected).toMatchObject({ permanent: true, code: 'association-rejected' });
    expect(rejected.text).toMatch(/FIRSTREAD.*PACS/);
    const busy = judgeNoAssociation(new AssociationError('association-rejected-transient', 'local limit exceeded'), { callingAeTitle: 'A', calledAeTitle: 'B' });
    expect(busy.permanent).toBe(false);
  });

  it('a refused context names class and transfer syntax, and which of them it was', () => {
    const j2k = '1.2.840.10008.1.2.4.90';
    expect(contextNotAccepted('1.2.840.10008.5.1.4.1.1.1', j2k, true)).toMatchObject({ permanent: true, code: 'transfer-syntax-not-accepted', text: expect.stringContaining(j2k) });
    expect(contextNotAccepted('1.2.3.4', j2k, false)).toMatchObject({ permanent: true, code: 'sop-class-not-accepted', text: expect.stringContaining('1.2.3.4') });
  });
});
