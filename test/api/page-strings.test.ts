/** Words of the page: both languages complete, no word that sounds like an all-clear, every reason translated. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { REASONS } from '../../src/study/reasons.ts';

const WEB = fileURLToPath(new URL('../../src/api/web/', import.meta.url));
const VIEWER = fileURLToPath(new URL('../../src/api/viewer/', import.meta.url));
const sources = readdirSync(WEB, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(js|html|css)$/.test(name)).map((name) => ({ name, text: readFileSync(`${WEB}${name}`, 'utf8') }));
let strings: Record<'en' | 'vi', Record<string, string>>;
let reasons: Record<string, string>;
let journal: Record<string, unknown>;
let format: { personName(name: string): string; ticking(ms: number): string; duration(ms: number): string; studyMoment(date: string, time: string): string };

beforeAll(async () => {
  vi.stubGlobal('localStorage', { getItem: () => 'en', setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: { lang: '' } });
  const load = (name: string): Promise<Record<string, unknown>> => import(`${WEB}${name}`) as Promise<Record<string, unknown>>;
  strings = { en: (await load('strings/en.js'))['default'], vi: (await load('strings/vi.js'))['default'] } as typeof strings;
  reasons = (await load('reasons-vi.js'))['REASONS_VI'] as typeof reasons;
  journal = (await load('study/journal.js'))['JOURNAL_VI'] as typeof journal;
  format = (await load('format.js')) as unknown as typeof format;
});

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();

describe('strings', () => {
  test('each has English and Vietnamese with the same blanks', () => {
    expect(Object.keys(strings.vi).sort()).toEqual(Object.keys(strings.en).sort());
    for (const [key, english] of Object.entries(strings.en)) {
      const vietnamese = strings.vi[key]!;
      expect([key, english.trim() !== '', vietnamese.trim() !== '']).toEqual([key, true, true]);
      expect([key, placeholders(vietnamese)]).toEqual([key, placeholders(english)]);
    }
  });

  test('each key that the page asks for is there', () => {
    const viewer = readdirSync(VIEWER).filter((name) => name.endsWith('.js')).map((name) => readFileSync(`${VIEWER}${name}`, 'utf8'));
    const asked = [...sources.filter(({ name }) => name.endsWith('.js')).map(({ text }) => text), ...viewer].flatMap((text) => [...text.matchAll(/\b(?:t|line)\('([^'$]+)'/g)].map((match) => match[1]!));
    expect(asked.length).toBeGreaterThan(60);
    expect(asked.filter((key) => !(key in strings.en))).toEqual([]);
  });

  test('nothing on the page says "normal"', () => {
    for (const { name, text } of sources.filter((one) => !one.name.endsWith('.css'))) {
      const shown = name.endsWith('.js') ? [...text.matchAll(/'([^'\n]*)'/g)].map((match) => match[1]!).join('\n') : text;
      expect([name, /\bnormal\b|bình thường/i.test(shown)]).toEqual([name, false]);
    }
  });

  test('every reason of the study room has its Vietnamese', () => {
    expect(Object.keys(REASONS).filter((code) => !(code in reasons))).toEqual([]);
  });

  test('every kind of journal entry has its Vietnamese', () => {
    const kinds = [...readFileSync(fileURLToPath(new URL('../../src/study/events.ts', import.meta.url)), 'utf8').matchAll(/readonly kind: '(\w+)'/g)].map((match) => match[1]!);
    const commands = ['analyse', 'compare', 'writeReports', 'deliver'];
    expect(kinds).toContain('acknowledged');
    expect(kinds.filter((kind) => !commands.includes(kind) && !(kind in journal))).toEqual([]);
  });
});

describe('sources', () => {
  test('no inline script, style or handler, nothing from elsewhere, nothing that makes markup of text', () => {
    for (const { name, text } of sources) {
      expect([name, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.test(text.replace(/\/\*[\s\S]*?\*\//g, ''))]).toEqual([name, false]);
      if (name.endsWith('.html')) expect([name, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/.test(text)]).toEqual([name, false]);
      expect([name, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/.test(text)]).toEqual([name, false]);
    }
  });
});

describe('format', () => {
  test('names: components, ideographs, invisible marks, length', () => {
    expect(format.personName('NGUYỄN^VĂN ĐỨC')).toBe('NGUYỄN VĂN ĐỨC');
    expect(format.personName('Wang^XiaoDong=王^小東')).toBe('Wang XiaoDong · 王 小東');
    expect(format.personName('A\u202Eevil\u200f\u0007^B')).toBe('Aevil B');
    expect(format.personName('x'.repeat(400)).length).toBe(121);
    expect(format.personName('^^')).toBe('No name');
  });
  test('times', () => {
    expect(format.ticking(62_000)).toBe('1:02');
    expect(format.ticking(-5)).toBe('0:00');
    expect(format.ticking(3_600_000 * 1.5)).toBe('1 h 30');
    expect(format.duration(3_600_000 * 50)).toBe('2 d 2 h');
    expect(format.studyMoment(`${new Date().getFullYear()}1121`, '091000.123')).toBe('21 Nov 09:10');
    expect(format.studyMoment('20040826', '185059')).toBe('26 Aug 2004 18:50');
    expect(format.studyMoment('rubbish', 'x')).toBe('');
  });
});
