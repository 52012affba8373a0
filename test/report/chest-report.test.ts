/** What a report says, and above all what it does not say. Bytes and standards are in test/peers/report.test.ts. */
import { describe, expect, it } from 'vitest';
import { buildChestReport, chestReportDataSet } from '../../src/report/chest-report.ts';
import { seriesDescription } from '../../src/report/document-header.ts';
import { deviceUid } from '../../src/report/identity.ts';
import type { ChestReportFacts } from '../../src/report/report-facts.ts';
import { REASONS } from '../../src/study/reasons.ts';
import { CASES, NODULE_FINDING, SECOND_IMAGE, TB_FINDING } from './report-cases.ts';

type Item = Readonly<Record<string, any>>;

/** Every item of the tree, depth first. */
function items(dataSet: Item): Item[] {
  return [...((dataSet['ContentSequence'] as Item[] | undefined) ?? [])].flatMap((child) => [child, ...items(child)]);
}
const name = (item: Item): string => item['ConceptNameCodeSequence']?.[0]?.CodeMeaning ?? '';
const named = (facts: ChestReportFacts, meaning: string): Item[] => items(chestReportDataSet(facts) as Item).filter((item) => name(item) === meaning);
const wholeText = (facts: ChestReportFacts): string => JSON.stringify(chestReportDataSet(facts));
const tb: ChestReportFacts = CASES['tb-flagged'];
const nodule: ChestReportFacts = CASES['nodule-flagged'];

describe('flagged', () => {
  it('states the finding with a closed region for each hot area, the largest first', () => {
    const regions = named(tb, 'Image Region').map((item) => item['GraphicData'] as number[]);
    expect(regions).toEqual([
      [420, 500, 760.5, 480.25, 800, 900, 430, 940, 420, 500],
      [1500, 600, 1600, 600, 1600, 700, 1500, 600],
    ]);
    expect(named(tb, 'Finding')).toHaveLength(2);
  });

  it('names algorithm, version, threshold, model hash and decode path in every group', () => {
    const parameters = named(tb, 'Algorithm Parameters').map((item) => item['TextValue']);
    expect(parameters.slice(0, 3)).toEqual(['threshold=41.5', `model-sha256=${TB_FINDING.model.sha256}`, 'decode=1.2.840.10008.1.2.4.90 full']);
    expect(named(tb, 'Algorithm Name').map((item) => item['TextValue'])).toEqual(['firstread-tb', 'firstread-tb']);
  });

  it('boxes only what is above the threshold, inside the image', () => {
    const regions = named(nodule, 'Image Region').map((item) => item['GraphicData'] as number[]);
    expect(regions).toHaveLength(2);
    // The second box reaches past the edges of a 2500 × 3000 image.
    expect(regions[1]).toEqual([2450, 2900, 2500, 2900, 2500, 3000, 2450, 3000, 2450, 2900]);
  });

  it('measures only the best box, and says so where millimetres are those of the detector', () => {
    const [axis, ...more] = named(nodule, 'Long Axis');
    expect(more).toEqual([]);
    expect(axis!['MeasuredValueSequence'][0].NumericValue).toBe('18');
    expect(axis!['ContentSequence'][0].ConceptCodeSequence[0].CodeValue).toBe('DETECTORPLANE');
    const calibrated = { ...nodule, statement: { kind: 'scored', decodePath: 'x', finding: { ...NODULE_FINDING, longAxisAtDetector: false } } } as const;
    expect(named(calibrated, 'Long Axis')[0]!['ContentSequence']).toBeUndefined();
  });

  it.each([undefined, 0])('leaves the long axis out when it is %s', (longAxisMm) => {
    const { longAxisMm: _, ...unmeasured } = NODULE_FINDING;
    const finding = longAxisMm === undefined ? unmeasured : { ...unmeasured, longAxisMm };
    expect(named({ ...nodule, statement: { kind: 'scored', decodePath: 'x', finding } }, 'Long Axis')).toEqual([]);
  });

  it('without any region speaks of the whole image and draws nothing', () => {
    const facts = CASES['tb-flagged-without-region'];
    expect(named(facts, 'Image Region')).toEqual([]);
    expect(named(facts, 'Finding')).toHaveLength(1);
    expect(named(facts, 'Measurement Group')[0]!['ContentTemplateSequence'][0].TemplateIdentifier).toBe('1501');
  });

  it.each([
    ['critical', 'RID49480'],
    ['urgent', 'RID49481'],
    ['undetermined', 'RID49481'],
    ['routine', 'RID49482'],
  ] as const)('turns priority %s into %s', (findingPriority, value) => {
    const [priority] = named({ ...tb, findingPriority }, 'AI reading priority');
    expect(priority!['ConceptCodeSequence'][0]).toMatchObject({ CodeValue: value, CodingSchemeDesignator: 'RADLEX' });
  });

  it('puts priority and reason directly under a root-level container, where SR to ORU converters look', () => {
    const root = chestReportDataSet(tb) as Item;
    const evaluations = (root['ContentSequence'] as Item[]).find((item) => name(item) === 'Qualitative Evaluations')!;
    const stated = (evaluations['ContentSequence'] as Item[]).map((item) => [item['ValueType'], name(item)]);
    expect(stated).toContainEqual(['CODE', 'AI reading priority']);
    expect(stated).toContainEqual(['TEXT', 'AI priority rationale']);
    expect(stated.every(([valueType]) => valueType === 'CODE' || valueType === 'TEXT')).toBe(true);
  });
});

describe('not flagged', () => {
  it.each(['tb-below-threshold', 'tb-not-analysed'] as const)('%s carries no finding, no category, no word of absence', (which) => {
    const whole = wholeText(CASES[which]);
    expect(whole).not.toContain('154283005');
    expect(whole).not.toMatch(/RID4948|ACR Category|Measurement Group|absent|normal\b|negative|no evidence/i);
  });

  it('below threshold: gives score, threshold and algorithm', () => {
    const facts = CASES['tb-below-threshold'];
    expect(named(facts, 'AI screening result')[0]!['ConceptCodeSequence'][0].CodeValue).toBe('BELOWTHRESHOLD');
    expect(named(facts, 'TB abnormality score')[0]!['MeasuredValueSequence'][0].NumericValue).toBe('12.5');
    expect(named(facts, 'Score threshold')[0]!['MeasuredValueSequence'][0].NumericValue).toBe('41.5');
    expect(named(facts, 'AI algorithm')[0]!['TextValue']).toContain(`model-sha256=${TB_FINDING.model.sha256}`);
  });

  it('not analysed: gives the public code where one fits, and always ours', () => {
    const facts = CASES['tb-not-analysed'];
    expect(named(facts, 'Reason not analysed')[0]!['ConceptCodeSequence'][0]).toMatchObject({ CodeValue: 'RID14', CodingSchemeDesignator: 'RADLEX' });
    expect(named(facts, 'Rule that refused the analysis')[0]!['ConceptCodeSequence'][0].CodeValue).toBe('pixels-damaged');
  });

  it.each(Object.entries(REASONS))('not analysed: reason %s makes a report', (code, { text }) => {
    const facts = { ...CASES['tb-not-analysed'], statement: { kind: 'not-analysed', reason: { code, text } } } as const;
    expect(buildChestReport(facts).kind).toBe('not-analysed');
    expect(named(facts, 'Rule that refused the analysis')[0]!['ConceptCodeSequence'][0].CodeMeaning).toBe(text.slice(0, 64));
  });

  it('not analysed: a long code and a text with forbidden characters still make a legal code', () => {
    const reason = { code: 'age-below-the-minimum-of-the-model', text: `C:\\films\nhave ${'many '.repeat(30)}characters` };
    const [rule] = named({ ...CASES['tb-not-analysed'], statement: { kind: 'not-analysed', reason } }, 'Rule that refused the analysis');
    const written = rule!['ConceptCodeSequence'][0];
    expect(written.LongCodeValue).toBe(reason.code);
    expect(written.CodeMeaning.length).toBeLessThanOrEqual(64);
    expect(written.CodeMeaning).not.toMatch(/[\\\n]/);
  });
});

describe('a film that could not be read, beside one that was', () => {
  const partly: ChestReportFacts = CASES['tb-flagged-one-unread'];

  it.each([['flagged', partly], ['below threshold', { ...partly, statement: CASES['tb-below-threshold'].statement } as ChestReportFacts]])('is named with its reason: %s', (_, facts) => {
    const [item, ...more] = named(facts, 'Image not analysed');
    expect(more).toEqual([]);
    expect(item!['ConceptCodeSequence'][0]).toMatchObject({ CodeValue: 'pixels-damaged', CodingSchemeDesignator: '99FRD', CodeMeaning: 'the pixel data is damaged' });
    expect(item!['ContentSequence'][0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID).toBe(SECOND_IMAGE.sopInstanceUid);
    expect(named(facts, 'AI screening result')).toHaveLength(1);
    const evidence = JSON.stringify((chestReportDataSet(facts) as Item)['CurrentRequestedProcedureEvidenceSequence']);
    expect(evidence).toContain(SECOND_IMAGE.sopInstanceUid);
  });

  it('nothing is said where every film was read, nor of one that the report cannot name', () => {
    expect(named(nodule, 'Image not analysed')).toEqual([]);
    expect(named({ ...partly, images: tb.images }, 'Image not analysed')).toEqual([]);
  });
});

describe('series description', () => {
  it.each([
    ['tb-flagged', 'AI: FLAGGED tuberculosis 87/100'],
    ['tb-below-threshold', 'AI: tuberculosis below threshold 12/100'],
    ['tb-not-analysed', 'AI: NOT ANALYSED tuberculosis'],
    ['nodule-flagged', 'AI: FLAGGED lung nodule 66/100'],
  ] as const)('%s', (which, expected) => expect(seriesDescription(CASES[which])).toBe(expected));

  it('never rounds a score up', () => {
    const finding = { ...TB_FINDING, score: 41.99, threshold: 42, flagged: false };
    expect(seriesDescription({ ...tb, statement: { kind: 'scored', decodePath: 'x', finding } })).toBe('AI: tuberculosis below threshold 41/100');
  });
});

describe('identity', () => {
  const uid = (facts: ChestReportFacts): string => buildChestReport(facts).sopInstanceUid;

  it('the same facts give the same bytes', () => {
    for (const facts of Object.values(CASES)) {
      expect(Buffer.compare(buildChestReport(facts).bytes, buildChestReport(structuredClone(facts) as ChestReportFacts).bytes)).toBe(0);
    }
  });

  it('does not depend on the order in which images arrived', () => {
    expect(uid({ ...nodule, images: [...nodule.images].reverse() })).toBe(uid(nodule));
  });

  const image = tb.images[0]!;
  const model = tb.models[0]!;
  it.each<[string, Partial<ChestReportFacts>]>([
    ['revision', { revision: 2 }],
    ['study', { studyInstanceUid: '1.2.3' }],
    ['image content', { images: [{ ...image, contentSha256: 'd'.repeat(64) }] }],
    ['another image', { images: [image, SECOND_IMAGE] }],
    ['model', { models: [{ ...model, sha256: 'e'.repeat(64) }] }],
    ['configuration', { configurationSha256: 'f'.repeat(64) }],
    ['score', { statement: { kind: 'scored', decodePath: 'x', finding: { ...TB_FINDING, score: 87.44 } } }],
    ['reason', { statement: { kind: 'not-analysed', reason: { code: 'unreadable', text: 'x' } } }],
    ['SOP class', { sopClass: 'comprehensive' }],
    ['unread film', { unread: CASES['tb-flagged-one-unread'].unread }],
  ])('another %s makes another report', (_, change) => expect(uid({ ...tb, ...change })).not.toBe(uid(tb)));

  it('the device changes with the model, not with the study', () => {
    expect(deviceUid('hub', [{ ...model, sha256: 'e'.repeat(64) }])).not.toBe(deviceUid('hub', [model]));
    const device = (facts: ChestReportFacts): unknown => (chestReportDataSet(facts) as Item)['ContributingEquipmentSequence'][0].DeviceUID;
    expect(device({ ...tb, studyInstanceUid: '1.2.3' })).toBe(device(tb));
  });
});

describe('header', () => {
  it('copies patient and study unchanged, issuers included', () => {
    expect(chestReportDataSet(tb)).toMatchObject(tb.patientAndStudy);
  });

  it('has the type 2 attributes even where the images have none', () => {
    const bare = chestReportDataSet({ ...tb, patientAndStudy: {} });
    for (const keyword of ['PatientName', 'PatientID', 'AccessionNumber', 'StudyDate', 'ReferringPhysicianName']) expect(bare[keyword]).toBe('');
  });

  it('refers to every image in the evidence, grouped by series, and to its predecessor', () => {
    const dataSet = chestReportDataSet(nodule) as Item;
    const referenced = dataSet['CurrentRequestedProcedureEvidenceSequence'][0].ReferencedSeriesSequence.flatMap((series: Item) =>
      series['ReferencedSOPSequence'].map((reference: Item) => reference['ReferencedSOPInstanceUID']),
    );
    expect(referenced).toEqual([...nodule.images.map((source) => source.sopInstanceUid), '2.25.333']);
    expect(dataSet['PredecessorDocumentsSequence'][0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID).toBe('2.25.111');
  });

  it('tells the time of the analysis in the zone of the images', () => {
    expect(chestReportDataSet(tb)).toMatchObject({ ContentDate: '20261121', ContentTime: '101500.250', TimezoneOffsetFromUTC: '+0700' });
    const west = { ...tb, patientAndStudy: { ...tb.patientAndStudy, TimezoneOffsetFromUTC: '-0330' } };
    expect(chestReportDataSet(west)).toMatchObject({ ContentDate: '20261120', ContentTime: '234500.250', TimezoneOffsetFromUTC: '-0330' });
  });

  it('claims no zone for a copied study time where neither the images nor the machine know one', () => {
    const untold = chestReportDataSet({ ...tb, utcOffsetMinutes: 0 });
    expect(untold).toMatchObject({ ContentDate: '20261121', ContentTime: '031500.250' });
    expect(untold).not.toHaveProperty('TimezoneOffsetFromUTC');
    expect(chestReportDataSet({ ...tb, utcOffsetMinutes: 0, patientAndStudy: { ...tb.patientAndStudy, TimezoneOffsetFromUTC: '+07:00' } })).not.toHaveProperty('TimezoneOffsetFromUTC');
    const stated = { ...tb, utcOffsetMinutes: 0, patientAndStudy: { ...tb.patientAndStudy, TimezoneOffsetFromUTC: '+0000' } };
    expect(chestReportDataSet(stated)).toMatchObject({ TimezoneOffsetFromUTC: '+0000' });
  });
});

describe('hostile or odd facts still make a report', () => {
  it.each<[string, Partial<ChestReportFacts>]>([
    ['no rationale', { rationale: '\n' }],
    ['a model named like a path', { models: [{ name: 'C:\\models\\\u001btb', version: 'x'.repeat(200), sha256: 'a' }] }],
    ['a box of nonsense', { family: 'lung nodule', statement: { kind: 'scored', decodePath: '', finding: { ...NODULE_FINDING, boxes: [{ x: NaN, y: -5, width: Infinity, height: 0, score: 99 }] } } }],
    ['a reason without words', { statement: { kind: 'not-analysed', reason: { code: ' \\ ', text: '' } } }],
    ['a thousand images', { images: [...Array.from({ length: 1000 }, (_, index) => ({ ...SECOND_IMAGE, sopInstanceUid: `1.2.${index}` })), ...tb.images] }],
  ])('%s', (_, change) => expect(() => buildChestReport({ ...tb, ...change })).not.toThrow());

  it('of a thousand images the first two hundred and the one with the finding are named', () => {
    const images = [...Array.from({ length: 1000 }, (_, index) => ({ ...SECOND_IMAGE, sopInstanceUid: `1.2.${index}` })), ...tb.images];
    const references = items(chestReportDataSet({ ...tb, images }) as Item).filter((item) => item['ValueType'] === 'IMAGE' && item['RelationshipType'] === 'CONTAINS');
    expect(references).toHaveLength(201);
  });
});

describe('programmer errors', () => {
  it('a report on no image', () => expect(() => buildChestReport({ ...tb, images: [] })).toThrow(/no image/));
  it('a finding on an image that is not listed', () => expect(() => buildChestReport({ ...tb, images: [SECOND_IMAGE] })).toThrow(/does not list/));
  it('a finding of another family', () => expect(() => buildChestReport({ ...tb, family: 'lung nodule' })).toThrow(/another family/));
});
