import { describe, expect, test } from 'vitest';
import { ageAllows, ageReason, DEFAULT_ELIGIBILITY, judgeHeader, judgePixels, type FrontalVerdict } from '../../src/study/eligibility.ts';
import { bodyPartClaim, viewClaim } from '../../src/study/header-claims.ts';
import type { InstanceHeader } from '../../src/study/types.ts';
import { chestHeader } from './sample-studies.ts';

const CR = '1.2.840.10008.5.1.4.1.1.1';
const CT = '1.2.840.10008.5.1.4.1.1.2';
const SC = '1.2.840.10008.5.1.4.1.1.7';
const SR = '1.2.840.10008.5.1.4.1.1.88.33';
const PRIVATE = '1.3.46.670589.11.0.0.12.1';
const BLANK: Partial<InstanceHeader> = {
  modality: undefined,
  bodyPartExamined: undefined,
  viewPosition: undefined,
  photometricInterpretation: undefined,
  presentationIntentType: undefined,
  rows: undefined,
  columns: undefined,
  samplesPerPixel: undefined,
};

describe('by the header', () => {
  test.each<[string, Partial<InstanceHeader>]>([
    ['a DX chest', {}],
    ['a CR chest', { sopClassUid: CR, modality: 'CR' }],
    ['a blank header on a DX object', BLANK],
    ['a blank header on a private class', { ...BLANK, sopClassUid: PRIVATE }],
    ['a film of 256 × 256', { rows: 256, columns: 256 }],
    ['RF and the retired RG', { modality: 'RG' }],
    ['a modality that contradicts the class: the pixels decide', { modality: 'CT' }],
    ['a hand, a lateral view: the pixels decide', { bodyPartExamined: 'HAND', viewPosition: 'LL' }],
    ['a DX object that only its class calls raw', { sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1.1', presentationIntentType: 'FOR PRESENTATION' }],
    ['a human who is named as one', { patientSpeciesDescription: 'Homo sapiens' }],
    ['a child: age belongs to each model', { patientAgeYears: 3 }],
  ])('%s goes to the pixels', (_name, over) => {
    expect(judgeHeader(chestHeader(over)).verdict).toBe('analyse');
  });

  test.each<[string, Partial<InstanceHeader>, string]>([
    ['CT', { sopClassUid: CT, modality: 'CT' }, 'modality'],
    ['CT without a word in the header', { ...BLANK, sopClassUid: CT }, 'modality'],
    ['MR, even on a private class', { sopClassUid: PRIVATE, modality: 'MR' }, 'modality'],
    ['mammography', { sopClassUid: '1.2.840.10008.5.1.4.1.1.1.2', modality: 'MG' }, 'modality'],
    ['dental', { sopClassUid: '1.2.840.10008.5.1.4.1.1.1.3', modality: 'IO' }, 'modality'],
    ['ultrasound', { sopClassUid: '1.2.840.10008.5.1.4.1.1.6.1', modality: 'US' }, 'modality'],
    ['angiography', { sopClassUid: '1.2.840.10008.5.1.4.1.1.12.1', modality: 'XA' }, 'modality'],
    ['a segmentation', { sopClassUid: '1.2.840.10008.5.1.4.1.1.66.4', modality: 'SEG' }, 'modality'],
    ['RT dose', { sopClassUid: '1.2.840.10008.5.1.4.1.1.481.2', modality: 'RTDOSE' }, 'modality'],
    ['microscopy', { sopClassUid: '1.2.840.10008.5.1.4.1.1.77.1.6', modality: 'SM' }, 'modality'],
    ['a report', { sopClassUid: SR, modality: 'SR', hasPixelData: false }, 'not-an-image'],
    ['an ECG', { sopClassUid: '1.2.840.10008.5.1.4.1.1.9.1.1', modality: 'ECG', hasPixelData: false }, 'not-an-image'],
    ['a PDF', { sopClassUid: '1.2.840.10008.5.1.4.1.1.104.1', modality: 'DOC', hasPixelData: false }, 'not-an-image'],
    ['an RT plan', { sopClassUid: '1.2.840.10008.5.1.4.1.1.481.5', modality: 'RTPLAN', hasPixelData: false }, 'not-an-image'],
    ['something private without pixels', { ...BLANK, sopClassUid: PRIVATE, hasPixelData: false }, 'not-an-image'],
    ['a secondary capture', { sopClassUid: SC, modality: 'OT' }, 'secondary-capture'],
    ['a secondary capture that calls itself DX', { sopClassUid: SC, modality: 'DX' }, 'secondary-capture'],
    ['an angiography as secondary capture', { sopClassUid: SC, modality: 'XA' }, 'modality'],
    ['raw detector data', { presentationIntentType: 'FOR PROCESSING' }, 'for-processing'],
    ['raw by class only', { sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1.1', presentationIntentType: undefined }, 'for-processing'],
    ['colour', { photometricInterpretation: 'RGB', samplesPerPixel: 3 }, 'photometric'],
    ['a palette', { photometricInterpretation: 'PALETTE COLOR' }, 'photometric'],
    ['two frames', { numberOfFrames: 2 }, 'multi-frame'],
    ['a thumbnail', { rows: 169, columns: 2000 }, 'too-small'],
    ['nothing by nothing', { rows: 0, columns: 0 }, 'too-small'],
    ["a dog's thorax", { patientSpeciesDescription: 'Canis lupus familiaris' }, 'animal'],
  ])('%s is ineligible', (_name, over, code) => {
    expect(judgeHeader(chestHeader(over))).toMatchObject({ verdict: 'ineligible', reason: { code } });
  });

  test('a radiograph without pixel data should have been readable', () => {
    expect(judgeHeader(chestHeader({ hasPixelData: false }))).toMatchObject({ verdict: 'unreadable', reason: { code: 'no-pixel-data' } });
  });

  test('digitised films are read where the site wants it', () => {
    const settings = { ...DEFAULT_ELIGIBILITY, analyseSecondaryCapture: true };
    expect(judgeHeader(chestHeader({ sopClassUid: SC, modality: 'OT' }), settings).verdict).toBe('analyse');
    expect(judgeHeader(chestHeader({ sopClassUid: SC, modality: 'US' }), settings)).toMatchObject({ reason: { code: 'modality' } });
  });

  test('the reason repeats a modality, but nothing that is none', () => {
    expect(judgeHeader(chestHeader({ sopClassUid: CT, modality: 'CT' })).reason?.text).toBe('CT, not a plain radiograph');
    expect(judgeHeader(chestHeader({ sopClassUid: CT, modality: '<b>Nguyen</b>' })).reason?.text).toBe('not a plain radiograph');
  });
});

describe('by header and pixels', () => {
  const verdict = (over: Partial<InstanceHeader>, frontalVerdict: FrontalVerdict) => {
    const judged = judgePixels(chestHeader(over), { frontalVerdict, width: 2000, height: 2400 });
    return judged.verdict === 'analyse' ? ['analyse', ...judged.remarks.map(({ code }) => code)] : [judged.reason.code];
  };

  test.each<[string, Partial<InstanceHeader>, string[], string[], string[]]>([
    ['a chest', {}, ['analyse'], ['analyse', 'frontal-uncertain'], ['pixels-not-frontal-chest']],
    ['nothing', BLANK, ['analyse'], ['analyse', 'frontal-uncertain'], ['pixels-not-frontal-chest']],
    ['a hand', { bodyPartExamined: 'HAND' }, ['analyse', 'header-body-part'], ['body-part'], ['body-part']],
    ['a lateral view', { viewPosition: 'LL' }, ['analyse', 'header-view'], ['view-lateral'], ['view-lateral']],
    ['an oblique view', { viewPosition: 'RAO' }, ['analyse', 'header-view'], ['view-oblique'], ['view-oblique']],
    ['decubitus', { viewPosition: 'LLD' }, ['analyse', 'header-view'], ['view-decubitus'], ['view-decubitus']],
    ['CT on a DX object', { modality: 'CT' }, ['analyse', 'header-modality'], ['modality'], ['modality']],
    ['a lateral hand', { bodyPartExamined: 'HAND', viewPosition: 'LL' }, ['analyse', 'header-body-part', 'header-view'], ['body-part'], ['body-part']],
  ])('the header says %s', (_name, over, frontal, unsure, other) => {
    expect(verdict(over, 'frontal')).toEqual(frontal);
    expect(verdict(over, 'unsure')).toEqual(unsure);
    expect(verdict(over, 'other')).toEqual(other);
  });

  test('what the decoder found counts where the header was blank', () => {
    const blankHeader = chestHeader(BLANK);
    expect(judgePixels(blankHeader, { frontalVerdict: 'frontal', width: 64, height: 2000 })).toMatchObject({ reason: { code: 'too-small', text: 'picture too small (64 × 2000 pixels)' } });
    expect(judgePixels(blankHeader, { frontalVerdict: 'other', width: 2000, height: 2000, blank: true })).toMatchObject({ verdict: 'unreadable', reason: { code: 'pixels-blank' } });
  });

  test('the reason names the body part where it is a word, and nothing else', () => {
    const text = (bodyPartExamined: string) => {
      const judged = judgePixels(chestHeader({ bodyPartExamined }), { frontalVerdict: 'other', width: 2000, height: 2000 });
      return judged.verdict === 'analyse' ? '' : judged.reason.text;
    };
    expect(text('HAND')).toBe('body part other than chest (hand)');
    expect(text('HAND <script>')).toBe('body part other than chest');
  });
});

describe('claims', () => {
  test.each([
    ['CHEST', 'chest'],
    ['THORAX', 'chest'],
    ['TORAX PA', 'chest'],
    ['Ngực', 'chest'],
    ['RIBS', 'chest'],
    ['CHESTABDOMEN', 'chest'],
    ['TSPINE', 'other'],
    ['THORACIC SPINE', 'other'],
    ['CSPINE', 'other'],
    ['HIP', 'other'],
    ['EXTREMITY', 'other'],
    ['KUB', 'other'],
    ['XYZZY', 'blank'],
    ['', 'blank'],
    [undefined, 'blank'],
  ])('body part %s is %s', (word, claim) => {
    expect(bodyPartClaim(word)).toBe(claim);
  });

  test.each([
    ['PA', undefined, 'frontal'],
    ['AP', undefined, 'frontal'],
    ['AP SUPINE', undefined, 'frontal'],
    ['LL', undefined, 'view-lateral'],
    ['LATERAL', undefined, 'view-lateral'],
    ['LEFT_LATERAL', undefined, 'view-lateral'],
    ['LLO', undefined, 'view-oblique'],
    ['RLD', undefined, 'view-decubitus'],
    ['LEFT LATERAL DECUBITUS', undefined, 'view-decubitus'],
    ['SWIMMERS', undefined, 'blank'],
    [undefined, 'A\\F', 'view-lateral'],
    [undefined, 'P\\F', 'view-lateral'],
    [undefined, 'L\\F', 'frontal'],
    [undefined, 'LA\\F', 'frontal'],
    [undefined, undefined, 'blank'],
  ])('view %s, orientation %s is %s', (viewPosition, patientOrientation, claim) => {
    expect(viewClaim({ ...(viewPosition === undefined ? {} : { viewPosition }), ...(patientOrientation === undefined ? {} : { patientOrientation }) })).toBe(claim);
  });
});

test('age limits: from 15 includes 15, and an unknown age excludes nothing', () => {
  expect(ageAllows({ min: 15 }, 14.9)).toBe(false);
  expect(ageAllows({ min: 15 }, 15)).toBe(true);
  expect(ageAllows({ max: 90 }, 91)).toBe(false);
  expect(ageAllows({ min: 15 }, undefined)).toBe(true);
  expect(ageAllows(undefined, 3)).toBe(true);
  expect(ageReason({ min: 15 }, 3)).toEqual({ code: 'age-below-minimum', text: 'patient is under 15' });
});
