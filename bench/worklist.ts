/**
 * How long the list takes: pages, filters, orders and searches on a registry of 10,000 open studies, and of 100,000 of
 * which nine in ten are read. Each kind is asked twice: after a change (nothing remembered) and again (scrolling).
 *
 *   bin/node24 bench/worklist.ts [--open 10000] [--read 90000] [--rounds 15]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createReadingPort } from '../src/hub/reading-port.ts';
import { createStudiesPort } from '../src/hub/studies-port.ts';
import { openDatabase } from '../src/registry/database.ts';
import { openRegistry } from '../src/registry/registry.ts';
import { saveStudy } from '../src/registry/save-study.ts';
import type { WorklistOptions } from '../src/registry/worklist-query.ts';
import { flaggedFindings, priorityOf, reasonLine } from '../src/study/assessment.ts';
import type { Finding, Study } from '../src/study/types.ts';
import { DEFAULT_CAPS_MINUTES } from '../src/study/worklist-order.ts';
import type { StudyFacts } from '../src/study/worklist-row.ts';
import { median, percentile } from './figures.ts';
import { formatTable } from './table.ts';

const { values } = parseArgs({ options: { open: { type: 'string', default: '10000' }, read: { type: 'string', default: '90000' }, rounds: { type: 'string', default: '15' } } });
const ROUNDS = Number(values.rounds);
const NOW_MS = Date.UTC(2026, 10, 21, 9, 0, 0);
const HOUR_MS = 3_600_000;

const FAMILY_NAMES = ['NGUYỄN', 'TRẦN', 'LÊ', 'PHẠM', 'HUỲNH', 'HOÀNG', 'PHAN', 'VŨ', 'ĐẶNG', 'BÙI', 'ĐỖ', 'HỒ', 'NGÔ', 'DƯƠNG', 'LÝ'];
const GIVEN_NAMES = ['VĂN AN', 'THỊ BÌNH', 'QUỐC BẢO', 'MINH CHÂU', 'VĂN DŨNG', 'ĐỨC HUY', 'THỊ HOA', 'NGỌC LAN', 'HOÀNG NAM', 'THANH TÂM', 'ANH THƯ', 'XUÂN TRƯỜNG'];
const SITES = ['BVĐK Tân Bình', 'TTYT Huyện Củ Chi', 'BV Phổi', 'TTYT Huyện Cần Giờ'];
const MODEL = { name: 'tb', version: '1.0.0', sha256: 'ab'.repeat(32) };

/** The same numbers each time: Park and Miller's generator. */
let seed = 42;
const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
const one = <T>(values: readonly T[]): T => values[Math.floor(chance() * values.length)] as T;

function study(index: number, isRead: boolean): { study: Study; facts: StudyFacts } {
  const studyInstanceUid = `1.2.826.0.1.3680043.10.777.${index}`;
  const receivedAtMs = NOW_MS - Math.floor(chance() * (isRead ? 365 * 24 : 30) * HOUR_MS);
  const analysed = isRead || chance() > 0.05;
  const finding = (family: Finding['family'], threshold: number): Finding & { sopInstanceUid: string } => {
    const score = Math.round(chance() ** 3 * 100);
    return { family, label: family, score, threshold, flagged: score >= threshold, boxes: [], region: [], model: MODEL, sopInstanceUid: `${studyInstanceUid}.1` };
  };
  const assessment = { findings: analysed ? [finding('tuberculosis', 60), finding('lung nodule', 70)] : [], notAssessed: [] };
  const age = Math.floor(chance() * 95);
  const bare: Study = {
    studyInstanceUid, state: analysed ? 'delivered' : 'analysing', revision: 1, receivedAtMs, updatedAtMs: receivedAtMs + 1_000 + Math.floor(chance() * 60_000),
    priority: 'routine', reason: { code: '', text: '' }, assessment, instances: [],
    order: { stat: chance() > 0.97, inpatient: chance() > 0.8, ...(age > 90 ? {} : { patientAgeYears: age }) },
    reportedRevision: 1, deliveryCount: 1, deliveredRevision: 1,
    ...(isRead ? { readAtMs: Math.min(NOW_MS, receivedAtMs + Math.floor(chance() * 20 * HOUR_MS)), readBy: `dr.${index % 12}` } : {}),
  };
  const named = { ...bare, priority: priorityOf(bare) };
  const facts: StudyFacts = {
    patientId: `VN${4_000_000 + Math.floor(index / 2)}`, patientName: `${one(FAMILY_NAMES)}^${one(GIVEN_NAMES)}`, patientSex: one(['M', 'F']), accessionNumber: `A${20_260_000 + index}`,
    studyDate: '20261121', studyDescription: 'Chest PA', modality: 'DX', institutionName: one(SITES), callingAeTitle: `XR_ROOM_${1 + (index % 9)}`,
  };
  return { study: { ...named, reason: reasonLine(named) }, facts };
}

const KINDS: readonly (readonly [string, Omit<WorklistOptions, 'nowMs'>])[] = [
  ['first page', {}],
  ['page from the middle', { offset: 5_000 }],
  ['last page', { offset: 9_900 }],
  ['mine', { filter: { freeFor: 'dr.1' } }],
  ['flagged', { filter: { flags: ['flagged'] } }],
  ['not flagged, of one site', { filter: { flags: ['not-flagged'], institutionName: SITES[0]! } }],
  ['tuberculosis, one device', { filter: { flagged: 'tuberculosis', callingAeTitle: 'XR_ROOM_3' } }],
  ['last two days', { filter: { receivedFromMs: NOW_MS - 48 * HOUR_MS } }],
  ['search "nguyen hoa"', { filter: { search: 'nguyen hoa' } }],
  ['search, nothing found', { filter: { search: 'nobody of that name' } }],
  ['by name', { sort: 'name' }],
  ['by name, middle', { sort: 'name', offset: 5_000 }],
  ['by age', { sort: 'age' }],
  ['by arrival', { sort: 'received' }],
  ['all, first page', { scope: 'all' }],
  ['all, deep', { scope: 'all', offset: 60_000 }],
  ['all by name', { scope: 'all', sort: 'name', offset: 50_000 }],
  ['read', { scope: 'read' }],
  ['read by one, flagged', { scope: 'read', filter: { reader: 'dr.3', flags: ['flagged'] } }],
  ['read, search', { scope: 'read', filter: { search: 'tran hoa' } }],
];

/** What one thing cost: the clock's time, and the processor's, which says the same where others use the machine too. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function took(work: () => unknown): Promise<Cost> {
  const from = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: performance.now() - from, cpuMs: (user + system) / 1_000 };
}

async function measure(open: number, read: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'firstread-bench-worklist-'));
  const path = join(folder, 'registry.sqlite');
  const registry = openRegistry(path);
  const filler = openDatabase(path, false);
  const made = Array.from({ length: open + read }, (_, index) => study(index + 1, index >= open));
  const insert = await took(() => filler.transact(() => made.forEach((entry) => saveStudy(filler, undefined, entry.study, entry.facts))));
  filler.close();
  for (let reader = 0; reader < 12; reader += 1) registry.claim(made[reader * 7]!.study.studyInstanceUid, `dr.${reader}`, { forMs: 365 * 24 * HOUR_MS, takeOver: false }, NOW_MS);
  const flagged = made.filter((entry) => flaggedFindings(entry.study.assessment).length > 0).length;
  console.log(`\n${open.toLocaleString('en-US')} open, ${read.toLocaleString('en-US')} read (${flagged.toLocaleString('en-US')} flagged); saved at ${Math.round((open + read) / (insert.wallMs / 1000)).toLocaleString('en-US')} studies a second`);

  let nowMs = NOW_MS;
  let stat = false;
  const rows: (string | number)[][] = [];
  async function time(kind: string, work: () => unknown, found: () => number | string = () => ''): Promise<void> {
    const cold: Cost[] = [];
    const warm: Cost[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Any change makes what was remembered of the open list old, as a live hub does; and a minute later the menus are.
      registry.applyStudyEvent(made[0]!.study.studyInstanceUid, { kind: 'prioritised', stat: (stat = !stat), by: 'bench' }, nowMs);
      nowMs += 61_000;
      cold.push(await took(work));
      warm.push(await took(work));
    }
    const wall = (costs: readonly Cost[]): number[] => costs.map(({ wallMs }) => wallMs);
    rows.push([kind, found(), median(wall(cold)), percentile(wall(cold), 95), median(cold.map(({ cpuMs }) => cpuMs)), median(wall(warm)), percentile(wall(warm), 95)]);
  }
  for (const [kind, options] of KINDS) {
    let found = 0;
    await time(kind, () => (found = registry.worklist({ nowMs, limit: 100, ...options }).matchingCount), () => found.toLocaleString('en-US'));
  }
  const port = createStudiesPort({
    registry, engine: undefined as never, caps: DEFAULT_CAPS_MINUTES, models: undefined as never, modelsReady: () => true, pace: { msPerImage: () => 700 },
  });
  const reading = createReadingPort({ registry, claimMs: HOUR_MS });
  const somebody = made[Math.floor(made.length / 2)]!.study.studyInstanceUid;
  await time('page with claims, feedback, counts', () => port.worklist({ limit: 100, offset: 0, scope: 'mine', sort: 'rank' }, 'dr.1', nowMs));
  await time('analysing, with estimates', () => port.worklist({ limit: 100, offset: 0, scope: 'unread', flags: ['analysing'], sort: 'rank' }, 'dr.1', nowMs));
  await time('one row of a study', () => registry.row(somebody, nowMs));
  await time('priors of a study', () => reading.priorsOf(somebody));
  await time('claim, renewal, release', () => {
    registry.claim(somebody, 'dr.1', { forMs: HOUR_MS, takeOver: false }, nowMs);
    registry.claim(somebody, 'dr.1', { forMs: HOUR_MS, takeOver: false }, nowMs);
    registry.release(somebody, 'dr.1', nowMs);
  });
  await time('turnaround, 7 days', () => registry.turnaround(NOW_MS - 7 * 24 * HOUR_MS, NOW_MS + HOUR_MS));
  await time('turnaround, a year (in turns)', () => registry.turnaround(NOW_MS - 366 * 24 * HOUR_MS, NOW_MS + HOUR_MS));
  await time('counts', () => registry.openCounts());
  await time('filter menus', () => registry.facets(nowMs));
  await time('places in the queue', () => registry.analysingOrder());
  console.log(formatTable(['ms', 'studies', 'after a change', 'p95', 'of processor', 'again', 'p95'], rows));
  registry.close();
  rmSync(folder, { recursive: true, force: true });
}

await measure(Number(values.open), 0);
if (Number(values.read) > 0) await measure(Number(values.open), Number(values.read));
