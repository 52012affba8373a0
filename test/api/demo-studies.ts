/**
 * A morning's worklist out of thin air, for the page and the API's tests: every flag, long waits, names that try to be
 * HTML, run from right to left or are 400 characters long. No real person is in it.
 */
import type { StoredImage } from '../../src/api/ports.ts';
import type { StudyFacts } from '../../src/study/worklist-row.ts';
import type { Finding, InstanceHeader, Priority, Study, StudyInstance, StudyState } from '../../src/study/types.ts';

export const DEMO_NOW_MS = Date.UTC(2026, 10, 21, 3, 14, 0);
const MINUTE_MS = 60_000;
const MODELS = {
  tuberculosis: { name: 'tb', version: '1.2.0', sha256: 'a1'.repeat(32) },
  'lung nodule': { name: 'nodule', version: '0.9.1', sha256: 'b2'.repeat(32) },
} as const;

export interface DemoCase {
  readonly name?: string;
  readonly sex?: string;
  readonly age?: number;
  readonly state: StudyState;
  readonly priority: Priority;
  readonly reason: readonly [code: string, text: string];
  readonly tb?: number;
  readonly nodule?: number;
  readonly waitedMin: number;
  readonly stat?: boolean;
  readonly inpatient?: boolean;
  readonly read?: boolean;
  readonly attention?: boolean;
  readonly guessed?: boolean;
}

const below = (tb: number, nodule: number): readonly [string, string] => [
  'below-threshold',
  `Below threshold: ${tb >= nodule ? `tuberculosis ${tb}, lung nodule ${nodule}` : `lung nodule ${nodule}, tuberculosis ${tb}`}`,
];

export const DEMO_CASES: readonly DemoCase[] = [
  { name: 'LÊ^THỊ HOA', sex: 'F', age: 45, state: 'delivered', priority: 'critical', reason: ['flagged', 'Tuberculosis 91 (threshold 42) · STAT (AE title ER_DX1)'], tb: 91, nodule: 8, waitedMin: 4, stat: true },
  { name: 'NGUYỄN^VĂN ĐỨC', sex: 'M', age: 56, state: 'delivered', priority: 'urgent', reason: ['flagged', 'Tuberculosis 73 (threshold 42)'], tb: 73, nodule: 21, waitedMin: 41, inpatient: true },
  { name: 'TRẦN^QUỐC BẢO', sex: 'M', age: 67, state: 'reported', priority: 'urgent', reason: ['flagged', 'Lung nodule 66 (threshold 50)'], tb: 18, nodule: 66, waitedMin: 12 },
  { name: 'PHẠM^MINH TUẤN', sex: 'M', age: 39, state: 'attention', priority: 'undetermined', reason: ['pixels-damaged', 'Could not be analysed: the pixel data is damaged'], waitedMin: 27, attention: true },
  { name: 'ĐỖ^THỊ LAN', sex: 'F', age: 31, state: 'analysing', priority: 'undetermined', reason: ['analysing', 'Analysing'], waitedMin: 0.3 },
  { name: 'VÕ^HOÀNG NAM', sex: 'M', age: 22, state: 'delivered', priority: 'routine', reason: below(12, 9), tb: 12, nodule: 9, waitedMin: 517 },
  { name: 'BÙI^THANH TÂM', sex: 'F', age: 71, state: 'delivered', priority: 'routine', reason: below(31, 22), tb: 31, nodule: 22, waitedMin: 96 },
  { name: 'HUỲNH^NGỌC ÁNH', sex: 'F', age: 9, state: 'ineligible', priority: 'routine', reason: ['view-lateral', 'Not analysed: lateral view'], waitedMin: 63 },
  { name: 'محمد^عبد الله', sex: 'M', age: 50, state: 'delivered', priority: 'routine', reason: below(8, 14), tb: 8, nodule: 14, waitedMin: 58 },
  { name: '王^小东', sex: 'M', age: 44, state: 'delivered', priority: 'routine', reason: below(5, 3), tb: 5, nodule: 3, waitedMin: 44, guessed: true },
  { name: '<img src=x onerror=alert(1)>^"A\u202Eevil', sex: 'O', age: 33, state: 'ineligible', priority: 'routine', reason: ['pixels-not-frontal-chest', 'Not analysed: not a frontal chest film'], waitedMin: 33 },
  { name: `${'Wolfeschlegelsteinhausenbergerdorff '.repeat(12)}^Hubert`, sex: 'M', age: 80, state: 'delivered', priority: 'routine', reason: below(11, 29), tb: 11, nodule: 29, waitedMin: 21 },
  { state: 'assessed', priority: 'routine', reason: below(9, 4), tb: 9, nodule: 4, waitedMin: 2 },
  { name: 'HOÀNG^ANH THƯ', sex: 'F', age: 28, state: 'delivered', priority: 'routine', reason: below(6, 7), tb: 6, nodule: 7, waitedMin: 180, read: true },
];

const hex = (seed: number): string => seed.toString(16).padStart(64, '0');

function findingsOf(one: DemoCase): Finding[] {
  const findings: Finding[] = [];
  if (one.tb !== undefined) {
    const flagged = one.tb >= 42;
    findings.push({
      family: 'tuberculosis', label: 'tuberculosis', score: one.tb, threshold: 42, flagged, boxes: [], model: MODELS.tuberculosis,
      region: flagged ? [[[1490, 560], [1620, 500], [1790, 560], [1850, 720], [1800, 890], [1660, 960], [1530, 880], [1470, 720]]] : [],
    });
  }
  if (one.nodule !== undefined) {
    const flagged = one.nodule >= 50;
    findings.push({
      family: 'lung nodule', label: 'lung nodule', score: one.nodule, threshold: 50, flagged, region: [], model: MODELS['lung nodule'], ...(flagged ? { longAxisMm: 14.2, longAxisAtDetector: true } : {}),
      boxes: [{ x: 700, y: 1180, width: 190, height: 180, score: one.nodule }, { x: 1600, y: 1500, width: 150, height: 140, score: Math.min(14, one.nodule) }],
    });
  }
  return findings;
}

export interface DemoStudy {
  readonly study: Study;
  readonly facts: StudyFacts;
  readonly images: readonly StoredImage[];
}

export function demoStudy(one: DemoCase, index: number, nowMs: number = DEMO_NOW_MS): DemoStudy {
  const studyInstanceUid = `1.2.826.0.1.3680043.10.999.${index + 1}`;
  const receivedAtMs = nowMs - one.waitedMin * MINUTE_MS;
  const findings = findingsOf(one);
  const reason = { code: one.reason[0], text: one.reason[1] };
  const status = one.state === 'analysing' ? 'pending' : one.state === 'attention' ? 'unreadable' : one.state === 'ineligible' ? 'ineligible' : 'scored';
  const instance: StudyInstance = {
    sopInstanceUid: `${studyInstanceUid}.1`, contentSha256: hex(index + 1), status, findings, notAssessed: [], receivedAtMs,
    ...(status === 'scored' || status === 'pending' ? {} : { reason }),
    ...(status === 'scored' ? { image: { rows: 2800, columns: 2400 }, decodePath: '1.2.840.10008.1.2.4.90 full', timings: { fetchMs: 3, decodeMs: 214, preprocessMs: 22, inferenceMs: 96, totalMs: 335 } } : {}),
  };
  const facts: StudyFacts = {
    ...(one.name === undefined ? {} : { patientName: one.name, patientId: `VN${String(4_000_117 + index * 37)}` }),
    ...(one.sex === undefined ? {} : { patientSex: one.sex }),
    accessionNumber: `A${20_260_000 + index}`, callingAeTitle: one.inpatient ? 'MOBILE_2' : 'XR_ROOM_1', institutionName: index % 4 === 3 ? 'TTYT Huyện Củ Chi' : 'BVĐK Tân Bình',
    ...(one.inpatient ? { ward: 'Khoa Nội 3' } : {}), studyDate: '20261121', studyTime: '0910', studyDescription: 'Chest PA', characterSetGuessed: one.guessed ?? false,
  };
  const study: Study = {
    studyInstanceUid, state: one.state, revision: 1, receivedAtMs, updatedAtMs: receivedAtMs + 900, priority: one.priority, reason,
    order: { stat: one.stat ?? false, inpatient: one.inpatient ?? false, ...(one.stat ? { statSource: 'AE title ER_DX1' } : {}), ...(one.age === undefined ? {} : { patientAgeYears: one.age }) },
    assessment: { findings: findings.map((finding) => ({ ...finding, sopInstanceUid: instance.sopInstanceUid })), notAssessed: [] },
    instances: [instance],
    ...(one.state === 'reported' || one.state === 'delivered' ? { reportedRevision: 1, deliveryCount: 1 } : {}),
    ...(one.state === 'delivered' ? { deliveredRevision: 1 } : {}),
    ...(one.attention ? { attention: reason } : {}),
    ...(one.read ? { readAtMs: nowMs - 5 * MINUTE_MS, readBy: 'dr.linh' } : {}),
  };
  const header: InstanceHeader = {
    sopInstanceUid: instance.sopInstanceUid, sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1', transferSyntaxUid: '1.2.840.10008.1.2.4.90', studyInstanceUid,
    modality: 'DX', bodyPartExamined: 'CHEST', viewPosition: 'PA', rows: 2800, columns: 2400, manufacturer: 'Demo', stationName: 'XR-1', hasPixelData: true, characterSetGuessed: one.guessed ?? false, ...facts,
  };
  const image: StoredImage = {
    sopInstanceUid: instance.sopInstanceUid, contentSha256: instance.contentSha256, fileKey: hex(0xf000 + index), byteLength: 5_242_880, receivedAtMs, callingAeTitle: facts.callingAeTitle!, header,
  };
  return { study, facts, images: [image] };
}
