/**
 * Who sends, and who was turned away. A refused attempt is counted by (calling AE, called AE, address, reason), so that a
 * device knocking all night is one row with a number, and a flood of invented AE titles cannot fill the disk.
 */
import type { InstanceOrigin } from '../study/types.ts';
import type { Database, Row } from './database.ts';

/** Different refused (AE, address, reason) kept; beyond it the ones not seen for longest go. */
export const REFUSALS_MAX = 10_000;
/** Peers kept that only ever opened associations; beyond it the ones not seen for longest go. Who sent an image stays. */
export const IDLE_PEERS_MAX = 10_000;
/** Counting them reads the table: only after so many associations. */
export const ASSOCIATIONS_BETWEEN_CLEARING = 256;
/** A table that has grown before there was a limit shrinks step by step: the event loop waits for each. */
const CLEARED_AT_ONCE_MAX = 4 * ASSOCIATIONS_BETWEEN_CLEARING;
/** Devices that sent, and peers that only asked, in one answer: more than a region has. */
export const DEVICES_LISTED_MAX = 1_000;
/** AE titles are 16 characters; anything longer was not one. */
const PEER_TEXT_CHARACTERS_MAX = 64;

export interface RefusedAttempt {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly code: string;
  /** What happened and what to change on the device. */
  readonly text: string;
}

export interface RefusalRecord extends RefusedAttempt {
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly attemptCount: number;
}

export interface DeviceRecord {
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  readonly calledAeTitle: string;
  readonly firstSeenAtMs: number;
  readonly lastSeenAtMs: number;
  readonly associationCount: number;
  readonly instanceCount: number;
  readonly byteCount: number;
  /** Instances since the time asked for ("today" is the caller's). */
  readonly recentInstanceCount: number;
}

export interface Arrival {
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  readonly atMs: number;
}

export interface DeviceRows {
  noteInstance(origin: InstanceOrigin, byteLength: number): void;
  noteAssociation(peer: Pick<InstanceOrigin, 'callingAeTitle' | 'calledAeTitle' | 'remoteAddress'>, nowMs: number): void;
  /** Last seen first; those that sent images are not crowded out by those that only asked. */
  devices(sinceMs: number): DeviceRecord[];
  /** When each image came, oldest first: a device's habit follows from it. Answered from the index, in the order it has. */
  arrivalsBetween(fromMs: number, beforeMs: number): Arrival[];
  recordRefusal(attempt: RefusedAttempt, nowMs: number): void;
  /** Last seen first. */
  refusals(limit: number): RefusalRecord[];
}

export function createDeviceRows(database: Database): DeviceRows {
  function note(peer: Pick<InstanceOrigin, 'callingAeTitle' | 'calledAeTitle' | 'remoteAddress'>, nowMs: number, associations: number, instances: number, bytes: number): void {
    database.run(
      `INSERT INTO devices (calling_ae, remote_address, called_ae, first_seen_at_ms, last_seen_at_ms, association_count, instance_count, byte_count)
       VALUES (?, ?, ?, ?4, ?4, ?, ?, ?)
       ON CONFLICT (calling_ae, remote_address) DO UPDATE SET called_ae = excluded.called_ae,
         last_seen_at_ms = max(last_seen_at_ms, excluded.last_seen_at_ms),
         association_count = association_count + excluded.association_count,
         instance_count = instance_count + excluded.instance_count, byte_count = byte_count + excluded.byte_count`,
      short(peer.callingAeTitle),
      short(peer.remoteAddress),
      short(peer.calledAeTitle),
      nowMs,
      associations,
      instances,
      bytes,
    );
  }

  let associations = 0;

  function noteAssociation(peer: Pick<InstanceOrigin, 'callingAeTitle' | 'calledAeTitle' | 'remoteAddress'>, nowMs: number): void {
    note(peer, nowMs, 1, 0, 0);
    associations += 1;
    if (associations < ASSOCIATIONS_BETWEEN_CLEARING) return;
    associations = 0;
    const excess = Number(database.get('SELECT count(*) AS n FROM devices WHERE instance_count = 0')?.['n']) - IDLE_PEERS_MAX;
    if (excess <= 0) return;
    database.run(
      `DELETE FROM devices WHERE (calling_ae, remote_address) IN
         (SELECT calling_ae, remote_address FROM devices WHERE instance_count = 0 ORDER BY last_seen_at_ms LIMIT ?)`,
      Math.min(excess, CLEARED_AT_ONCE_MAX),
    );
  }

  function recordRefusal(attempt: RefusedAttempt, nowMs: number): void {
    const { callingAeTitle, calledAeTitle, remoteAddress, code, text } = attempt;
    database.transact(() => {
      database.run(
        `INSERT INTO refusals (calling_ae, called_ae, remote_address, code, text, first_at_ms, last_at_ms, attempt_count)
         VALUES (?, ?, ?, ?, ?, ?6, ?6, 1)
         ON CONFLICT DO UPDATE SET text = excluded.text, last_at_ms = excluded.last_at_ms, attempt_count = attempt_count + 1`,
        short(callingAeTitle),
        short(calledAeTitle),
        short(remoteAddress),
        code,
        text,
        nowMs,
      );
      const count = Number(database.get('SELECT count(*) AS n FROM refusals')?.['n']);
      if (count > REFUSALS_MAX) {
        database.run(
          `DELETE FROM refusals WHERE (calling_ae, called_ae, remote_address, code) IN
             (SELECT calling_ae, called_ae, remote_address, code FROM refusals ORDER BY last_at_ms LIMIT ?)`,
          count - REFUSALS_MAX,
        );
      }
    });
  }

  return {
    noteInstance: (origin, byteLength) => note(origin, origin.receivedAtMs, 0, 1, byteLength),
    noteAssociation,
    devices: (sinceMs) =>
      database
        .all(
          `WITH recent AS (SELECT calling_ae, remote_address, count(*) AS n FROM instances WHERE received_at_ms >= ?1 GROUP BY 1, 2)
           SELECT d.*, coalesce(recent.n, 0) AS recent FROM (
             SELECT * FROM (SELECT * FROM devices WHERE instance_count > 0 ORDER BY last_seen_at_ms DESC LIMIT ?2)
             UNION ALL SELECT * FROM (SELECT * FROM devices WHERE instance_count = 0 ORDER BY last_seen_at_ms DESC LIMIT ?2)
           ) d LEFT JOIN recent USING (calling_ae, remote_address)
           ORDER BY d.last_seen_at_ms DESC`,
          sinceMs,
          DEVICES_LISTED_MAX,
        )
        .map(deviceOf),
    arrivalsBetween: (fromMs, beforeMs) =>
      database
        .all('SELECT calling_ae, remote_address, received_at_ms FROM instances WHERE received_at_ms >= ? AND received_at_ms < ? ORDER BY received_at_ms', fromMs, beforeMs)
        .map((row) => ({ callingAeTitle: String(row['calling_ae']), remoteAddress: String(row['remote_address']), atMs: Number(row['received_at_ms']) })),
    recordRefusal,
    refusals: (limit) => database.all('SELECT * FROM refusals ORDER BY last_at_ms DESC LIMIT ?', limit).map(refusalOf),
  };
}

function short(text: string): string {
  return text.slice(0, PEER_TEXT_CHARACTERS_MAX);
}

function deviceOf(row: Row): DeviceRecord {
  return {
    callingAeTitle: String(row['calling_ae']),
    remoteAddress: String(row['remote_address']),
    calledAeTitle: String(row['called_ae']),
    firstSeenAtMs: Number(row['first_seen_at_ms']),
    lastSeenAtMs: Number(row['last_seen_at_ms']),
    associationCount: Number(row['association_count']),
    instanceCount: Number(row['instance_count']),
    byteCount: Number(row['byte_count']),
    recentInstanceCount: Number(row['recent']),
  };
}

function refusalOf(row: Row): RefusalRecord {
  return {
    callingAeTitle: String(row['calling_ae']),
    calledAeTitle: String(row['called_ae']),
    remoteAddress: String(row['remote_address']),
    code: String(row['code']),
    text: String(row['text']),
    firstAtMs: Number(row['first_at_ms']),
    lastAtMs: Number(row['last_at_ms']),
    attemptCount: Number(row['attempt_count']),
  };
}
