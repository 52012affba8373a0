/** Tables as hospitals export them: separators, encodings, column names, words for yes and no; and what is wrong, named. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { csvLine } from '../../src/api/csv.ts';
import { CSV_LIMITS, decodeText, parseCsv, readCsvFile } from '../../src/commands/csv-table.ts';
import { isTrace, judgeLabel } from '../../src/commands/label-words.ts';
import { readLabels } from '../../src/commands/labels-table.ts';
import type { LabelOptions } from '../../src/commands/labels-table.ts';

const read = (csv: string, options: Partial<LabelOptions> = {}) => readLabels(parseCsv(csv), { family: 'tuberculosis', ...options });

describe('CSV as it comes', () => {
  test.each([
    ['comma', 'file,label\na.png,1\nb.png,0\n', ','],
    ['semicolon and CRLF', 'file;label\r\na.png;1\r\nb.png;0\r\n', ';'],
    ['tab, old Mac line ends, no last one', 'file\tlabel\ra.png\t1\rb.png\t0', '\t'],
    ['what Excel says first', 'sep=;\r\nfile;label\r\na.png;1\r\nb.png;0', ';'],
    ['blank lines and blanks', '\n file , label \n\n a.png , 1 \n,,\nb.png,0\n\n', ','],
    ['quotes', '"file","label"\n"a.png","1"\n"b.png",0', ','],
  ])('%s', (_, text, delimiter) => {
    expect(parseCsv(text)).toMatchObject({ header: ['file', 'label'], delimiter, rows: [{ cells: ['a.png', '1'] }, { cells: ['b.png', '0'] }] });
  });

  test('quoted separators, quotes and line ends; lines are counted as an editor does', () => {
    const { rows } = parseCsv('file,note\n"a,b.png","said ""tb""\nand more"\nc.png,x');
    expect(rows).toEqual([{ line: 2, cells: ['a,b.png', 'said "tb"\nand more'] }, { line: 4, cells: ['c.png', 'x'] }]);
  });

  test('UTF-8 with BOM, UTF-16 from Excel, and an old code page', () => {
    const text = 'file;nhãn\nphổi.png;có';
    expect(decodeText(Buffer.from(`\ufeff${text}`))).toBe(text);
    expect(decodeText(Buffer.from(`\ufeff${text}`, 'utf16le'))).toBe(text);
    expect(decodeText(Buffer.from('Müller', 'latin1'))).toBe('Müller');
    expect(decodeText(Buffer.from('così però città Þór', 'latin1'))).toBe('così però città Þór');
    // Windows-1258, as Excel saves CSV on a Vietnamese Windows: tones are letters of their own.
    expect(decodeText(Buffer.from('4bea ec74 2071 7561 d23b 44fd f56e 6720 74ed 6e68'.replaceAll(' ', ''), 'hex'))).toBe('Kết quả;Dương tính');
    expect(decodeText(Buffer.from('44fd f56e 6720 74ed 6e68 3bc2 6d20 74ed 6e68'.replaceAll(' ', ''), 'hex'))).toBe('Dương tính;Âm tính');
  });

  test('what is no table is refused with the line, and limits hold', async () => {
    expect(() => parseCsv('')).toThrow('empty');
    expect(() => parseCsv('file,label\n"a.png,1\n')).toThrow(/line 2: a quote is opened/);
    expect(() => parseCsv('file,label\na.png,1,2\n')).toThrow(/line 2 has 3 cells, the header has 2/);
    expect(() => parseCsv('PK\u0003\u0004\0\0')).toThrow(/no text file/);
    expect(() => parseCsv('file\na\nb\nc\n', { ...CSV_LIMITS, rowCountMax: 2 })).toThrow(/more than 2 rows/);
    expect(parseCsv('file\na\nb\n', { ...CSV_LIMITS, rowCountMax: 2 }).rows).toHaveLength(2);
    expect(() => parseCsv('a,b,c\n', { ...CSV_LIMITS, columnCountMax: 2 })).toThrow(/more than 2 cells/);
    expect(() => parseCsv(`file\n${'x'.repeat(20)}\n`, { ...CSV_LIMITS, cellCharactersMax: 10 })).toThrow(/20 characters/);
    const folder = await mkdtemp(join(tmpdir(), 'firstread-csv-'));
    await writeFile(join(folder, 'a.csv'), 'file,label\n"');
    await expect(readCsvFile(join(folder, 'a.csv'))).rejects.toMatchObject({ code: 'table-invalid', message: expect.stringContaining('a.csv: line 2') });
    await expect(readCsvFile(join(folder, 'a.csv'), { ...CSV_LIMITS, bytesMax: 5 })).rejects.toThrow(/12 bytes/);
    await expect(readCsvFile(join(folder, 'none.csv'))).rejects.toThrow(/there is no file/);
    await rm(folder, { recursive: true });
  });

  test('what is written is no formula, and reads back', () => {
    const cells = ['=HYPERLINK("x")', 'a,b', 'say "x"', '-5', 'two\nlines'];
    const line = csvLine([...cells, 0.5, undefined]);
    expect(line.startsWith(`"'=HYPERLINK`)).toBe(true);
    expect(parseCsv(`a,b,c,d,e,f,g\n${line}`).rows[0]!.cells).toEqual([`'${cells[0]}`, ...cells.slice(1, 3), "'-5", 'two lines', '0.5', '']);
  });
});

describe('labels', () => {
  test('columns are found by many names, whatever their case', () => {
    const { rows, columns } = read('SOP_Instance_UID;Accession No;Image Index;Patient ID;Gender;Patient Age;Finding\n1.2.3;A1;f.dcm;P1;Female;045Y;TB\n;A2;;P2;m;7.5;Normal\n');
    expect(columns).toEqual({ file: 'Image Index', accessionNumber: 'Accession No', sopInstanceUid: 'SOP_Instance_UID', patient: 'Patient ID', sex: 'Gender', age: 'Patient Age', label: 'Finding' });
    expect(rows[0]).toMatchObject({ line: 2, file: 'f.dcm', accessionNumber: 'A1', sopInstanceUid: '1.2.3', positive: true, patient: 'P1', sex: 'F', ageYears: 45 });
    expect(rows[1]).toMatchObject({ line: 3, accessionNumber: 'A2', positive: false, sex: 'M', ageYears: 7 });
    expect(rows[1]).not.toHaveProperty('file');
  });

  test('a table in Vietnamese, composed or not', () => {
    const csv = 'Tên tệp;Kết quả;Giới tính;Tuổi;Mã bệnh nhân\nảnh 1.png;Dương tính;Nữ;43 tuổi;BN1\nảnh 2.png;Âm tính;Nam;61;BN2\n';
    for (const text of [csv, csv.normalize('NFD')]) {
      const { rows } = read(text);
      expect(rows).toMatchObject([{ positive: true, sex: 'F', ageYears: 43, patient: 'BN1' }, { positive: false, sex: 'M', ageYears: 61, patient: 'BN2' }]);
      expect(rows[0]!.file?.normalize('NFC')).toBe('ảnh 1.png');
    }
  });

  test("the finding's own column before a general one; --label-column before both", () => {
    const csv = 'file,label,tb,nodule\na,no,yes,no\n';
    expect(read(csv).rows[0]!.positive).toBe(true);
    expect(read(csv, { family: 'lung nodule' }).columns.label).toBe('nodule');
    expect(read(csv, { labelColumn: 'LABEL' }).rows[0]!.positive).toBe(false);
  });

  test.each([
    ['1', true], ['0', false], ['1.0', true], ['0.0', false], ['Yes', true], ['NO', false], ['pos', true], ['Neg.', false], ['+', true], ['-', false],
    ['TB', true], ['No TB', false], ['non-TB', false], ['normal', false], ['Có', true], ['Bình thường', false], ['MTB not detected', false],
    ['Dương tính', true], ['âm tính'.normalize('NFD'), false], ['Dương tính (+)', true], ['(-)', false], ['TB (-)', false], ['lao (+)', true], ['không lao', false], ['am tinh', false],
    // Doubt and contradiction are neither; -1 means uncertain in public sets.
    ['TB?', undefined], ['? TB', undefined], ['-1', undefined], ['-1.0', undefined], ['>0', undefined], ['Dương tính (-)', undefined],
    ['pneumonia', undefined], ['2', undefined], ['unsure', undefined], ['nodule', undefined],
  ])('%j', (label, positive) => {
    expect(judgeLabel(label, 'tuberculosis')).toBe(positive === undefined ? undefined : positive ? 'positive' : 'negative');
  });

  test('--positive and --negative replace our words of that side; * is every other one', () => {
    expect(judgeLabel('nodule', 'lung nodule')).toBe('positive');
    expect(judgeLabel('TB', 'lung nodule')).toBeUndefined();
    expect(judgeLabel('Active', 'tuberculosis', { positive: ['active'] })).toBe('positive');
    expect(judgeLabel('tb', 'tuberculosis', { positive: ['active'] })).toBeUndefined();
    expect(judgeLabel('normal', 'tuberculosis', { positive: ['active'] })).toBe('negative');
    expect(judgeLabel('pneumonia', 'tuberculosis', { negative: ['*'] })).toBe('negative');
    expect(judgeLabel('tb', 'tuberculosis', { negative: ['*'] })).toBe('positive');
  });

  test('rows that say nothing are left out by line and name, never guessed', () => {
    const { rows, leftOut } = read('file,tb\na.png,1\nb.png,\n,0\nc.png,perhaps\n');
    expect(rows.map((row) => row.file)).toEqual(['a.png']);
    expect(leftOut).toEqual([
      { line: 3, name: 'b.png', reason: 'has no label' },
      { line: 4, name: 'line 4', reason: 'names no film' },
      { line: 5, name: 'c.png', reason: 'the label "perhaps" is neither positive nor negative' },
    ]);
  });

  test('a table that cannot be used says what to do', () => {
    expect(() => read('bytes,label\n1,1\n')).toThrow(/no column names the film.*"bytes", "label"/);
    expect(() => read('file,x\na,1\n')).toThrow(/no column holds the truth.*--label-column/);
    expect(() => read('file,label\na,covid\nb,flu\n')).toThrow(/says yes or no to tuberculosis; it says "covid", "flu": say which mean yes with --positive/);
    expect(() => read('file,label\na,1\n', { labelColumn: 'truth' })).toThrow(/no column "truth"/);
  });
});

describe('what laboratories write', () => {
  test.each([
    ['MTB DETECTED VERY LOW; RIF Resistance NOT DETECTED', 'positive'],
    ['MTB DETECTED HIGH;RIF Resistance DETECTED', 'positive'],
    ['MTB Trace DETECTED; RIF Resistance INDETERMINATE', 'positive'],
    ['MTB detected (trace)', 'positive'],
    ['MTB NOT DETECTED', 'negative'],
    ['MTBC not detected', 'negative'],
    ['T', 'positive'], ['TI', 'positive'], ['RR', 'positive'], ['TT', 'positive'], ['N', 'negative'],
    ['Trace', 'positive'], ['very low', 'positive'], ['2+', 'positive'], ['scanty', 'positive'],
    ['MTB (-)', 'negative'], ['MTB-', 'negative'], ['MTB (+), RIF (-)', 'positive'], ['MTB DETECTED LOW; Rifampicin resistance not detected', 'positive'], ['MTB DETECTED?', undefined],
    ['Phát hiện MTB', 'positive'], ['Có phát hiện vi khuẩn lao, không kháng RIF', 'positive'], ['MTB: phát hiện, rất thấp', 'positive'], ['Không phát hiện MTB', 'negative'], ['MTB không phát hiện', 'negative'], ['Không kháng RIF', undefined],
    ['no growth', 'negative'], ['Growth', 'positive'],
    ['INVALID', undefined], ['ERROR', undefined], ['NO RESULT', undefined], ['contaminated', undefined], ['RIF Resistance DETECTED', undefined], ['indeterminate', undefined],
  ])('%s is %s', (label, judged) => expect(judgeLabel(label, 'tuberculosis')).toBe(judged));

  test('a person\'s word goes before ours, and the words of the laboratory say nothing of nodules', () => {
    expect(judgeLabel('trace', 'tuberculosis', { negative: ['trace'] })).toBe('negative');
    expect(judgeLabel('MTB DETECTED LOW', 'tuberculosis', { positive: ['MTB DETECTED HIGH'] })).toBeUndefined();
    expect(judgeLabel('MTB DETECTED LOW', 'lung nodule')).toBeUndefined();
  });

  test.each([['TT', true], ['MTB Trace DETECTED', true], ['Phát hiện MTB, vết', true], ['trace', true], ['MTB DETECTED LOW', false], ['attention', false]])('%s is a trace: %s', (label, trace) => expect(isTrace(label)).toBe(trace));

  test('a cell too long for any word of ours is neither, at once; a person may still mean all others', () => {
    const long = `tb${' '.repeat(9_000)}.`;
    expect(judgeLabel(long, 'tuberculosis')).toBeUndefined();
    expect(judgeLabel(long, 'tuberculosis', { negative: ['*'] })).toBe('negative');
  });

  test('a patient ID is enough only where that is said', () => {
    expect(() => read('Patient ID,Xpert\nP1,T\n')).toThrow(/no column names the film: call one file, accession or/);
    expect(read('Patient ID,Xpert\nP1,T\n', { patientIsEnough: true }).rows).toMatchObject([{ patient: 'P1', positive: true }]);
  });
});
