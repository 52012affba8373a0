/**
 * The reports before the public validators: dciodvfy and dcentvfy (dicom3tools), PixelMed's DicomSRValidator where it
 * is installed, and what DCMTK reads in them, against golden text.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChestReport } from '../../src/report/chest-report.ts';
import type { ChestReportFacts } from '../../src/report/report-facts.ts';
import { buildVisual } from '../../src/report/visual.ts';
import { goldenText } from '../golden/golden-text.ts';
import { CASES } from '../report/report-cases.ts';
import type { CaseName } from '../report/report-cases.ts';
import { needPeer } from './need-peer.ts';

const NAMES = Object.keys(CASES) as CaseName[];
const SOP_CLASSES = ['comprehensive-3d', 'comprehensive'] as const;
/** A reason whose code does not fit CodeValue: another attribute, which validators must take too. */
const LONG_REASON: ChestReportFacts = {
  ...CASES['tb-not-analysed'],
  statement: { kind: 'not-analysed', reason: { code: 'age-below-the-minimum-of-the-model', text: 'Patient is younger than the model may read' } },
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firstread-sr-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, facts: ChestReportFacts): string {
  const path = join(folder, `${name}-${facts.sopClass}.dcm`);
  writeFileSync(path, buildChestReport(facts).bytes);
  return path;
}

function runPeer(program: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 90_000, env: { ...process.env, ...env } });
  if (error !== undefined) throw error;
  return stdout + stderr;
}

describe.runIf(needPeer('dciodvfy'))('dicom3tools', () => {
  const files = [...NAMES.flatMap((name) => SOP_CLASSES.map((sopClass) => [name, { ...CASES[name], sopClass } as ChestReportFacts] as const)), ['long-reason', LONG_REASON] as const];

  it.each(files)('dciodvfy finds no error in %s', (name, facts) => {
    const said = runPeer('dciodvfy', ['-new', write(name, facts)]);
    expect(said).toMatch(/Comprehensive(3D)?SR/);
    expect(said.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
  });

  it('dciodvfy finds no error in a picture', () => {
    const path = join(folder, 'visual.dcm');
    const picture = { rows: 33, columns: 31, pixels: new Uint8Array(33 * 31 * 3).fill(80) };
    writeFileSync(path, buildVisual(CASES['tb-flagged'], picture).bytes);
    const said = runPeer('dciodvfy', ['-new', path]);
    expect(said).toContain('SCImage');
    expect(said.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
  });

  it('dcentvfy finds the reports of one study consistent', () => {
    const paths = NAMES.map((name) => write(name, CASES[name]));
    expect(runPeer('dcentvfy', paths)).not.toMatch(/Error/);
  });
});

describe.runIf(needPeer('dsrdump'))('dcmtk', () => {
  it.each(NAMES)('dsrdump prints %s as in the golden file', (name) => {
    const printed = runPeer('dsrdump', ['+Pc', '+Pt', '+Pl', '+Pu', write(name, CASES[name])]).replace(/^W: .*\n/gm, '');
    expect(printed).toBe(goldenText(`${name}.dsrdump.txt`, printed));
  });

  it('dcmdump reads Vietnamese names, NFC, đ included', () => {
    const printed = runPeer('dcmdump', ['+P', 'PatientName', '+P', 'SpecificCharacterSet', '+P', 'InstitutionName', write('names', CASES['tb-flagged'])]);
    expect(printed).toContain('[NGUYỄN^VĂN ĐỨC]'.normalize('NFC'));
    expect(printed).toContain('[Bệnh viện Thử]');
    expect(printed).toContain('ISO_IR 192');
  });

  it('dsr2html renders it', () => {
    const html = runPeer('dsr2html', [write('html', CASES['tb-flagged'])]);
    expect(html).toContain('Pulmonary tuberculosis');
    expect(html).toContain('VĂN ĐỨC NGUYỄN');
  });
});

/** Slow (6 s a file) and not everywhere: run where it is. Its XPaths are longer than Java's default limits. */
const pixelmed = spawnSync('sh', ['-c', 'command -v DicomSRValidator']).status === 0;
describe.runIf(pixelmed)('PixelMed', () => {
  const limits = ['Grp', 'Op'].map((which) => `-Djdk.xml.xpathExpr${which}Limit=0`).join(' ');

  it.each(NAMES)(
    'DicomSRValidator finds no error in %s',
    (name) => {
      const said = runPeer('DicomSRValidator', [write(name, CASES[name])], { JAVA_TOOL_OPTIONS: `${limits} -Djdk.xml.xpathTotalOpLimit=0` });
      expect(said).toContain('Found Root Template TID_1500');
      expect(said).toContain('IOD validation complete');
      expect(said).not.toMatch(/Error/);
    },
    90_000,
  );
});
