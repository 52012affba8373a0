/** How names, ages and times are written. Pure: `nowMs` comes in. */
import { currentLanguage, hasText, t } from './strings.js';

const NAME_LENGTH_MAX = 120;
// Marks that turn the direction of what follows, and other characters that nobody sees.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

export const plain = (text) => text.replace(INVISIBLE, '');

/** PS3.5 6.2.1: alphabetic=ideographic=phonetic groups, components by ^. */
export function personName(value) {
  const written = plain(value ?? '').split('=').map((group) => group.split('^').map((part) => part.trim()).filter(Boolean).join(' ')).filter(Boolean);
  const name = written.join(' · ');
  if (name === '') return t('patient.unnamed');
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX)}…` : name;
}

export function ageAndSex(row) {
  const sexKey = `patient.sex.${row.patientSex}`;
  const age = row.patientAgeYears === undefined ? undefined : t('patient.years', { n: row.patientAgeYears >= 2 ? Math.floor(row.patientAgeYears) : Math.round(row.patientAgeYears * 10) / 10 });
  return [age, hasText(sexKey) ? t(sexKey) : plain(row.patientSex ?? '').slice(0, 4) || undefined].filter(Boolean).join(' ');
}

export function duration(ms) {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 60) return t('wait.min', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return t('wait.days', { d: Math.floor(hours / 24), h: hours % 24 });
  return minutes % 60 === 0 ? t('wait.hours', { h: hours }) : t('wait.hour', { h: hours, m: String(minutes % 60).padStart(2, '0') });
}

/** As duration, and by the second below a minute. */
export const shortDuration = (ms) => (ms < 60_000 ? t('wait.seconds', { n: Math.max(1, Math.floor(ms / 1000)) }) : duration(ms));

/** Ticks by the second in the first hour, by the minute later: what a reader acts on. */
export function ticking(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds >= 3600) return duration(ms);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export const locale = () => (currentLanguage() === 'vi' ? 'vi-VN' : 'en-GB');

export const clock = (ms, withSeconds = false) =>
  new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', ...(withSeconds ? { second: '2-digit' } : {}) }).format(ms);

/** DICOM DA and TM carry no time zone: written as they are. */
export function studyMoment(date, time) {
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(date ?? '');
  if (day === null) return '';
  const year = Number(day[1]) === new Date().getFullYear() ? {} : { year: 'numeric' };
  const written = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', ...year, timeZone: 'UTC' }).format(Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3])));
  const hour = /^(\d{2})(\d{2})/.exec(time ?? '');
  return hour === null ? written : `${written} ${hour[1]}:${hour[2]}`;
}

/** A calendar day as the page writes it in a link, 2026-11-21. */
export const dayText = (day) => new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(Date.parse(day));

/** Whole and downwards: 40.6 against a threshold of 41 must not read as 41. */
export const scoreText = (score) => String(Math.floor(score));

export const thresholdText = (threshold) => threshold.toLocaleString(locale(), { maximumFractionDigits: 1 });

export const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString(locale(), { maximumFractionDigits: 1 })} MB`;

/** 07:12 today, else with its day. */
export function moment(ms) {
  const day = new Date(ms);
  if (day.toDateString() === new Date().toDateString()) return clock(ms);
  const year = day.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
  return `${new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', ...year }).format(ms)} ${clock(ms)}`;
}
