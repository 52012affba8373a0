/**
 * PORT of the operations page: devices, deliveries, what was set aside, models and the machine, as the routes ask for them.
 * The hub composes it (hub/operations-side.ts); a test plays it from plain objects. Everything a page shows in two
 * languages comes as a code with its facts; texts are English, for the command line and for people who read JSON.
 */
import type { CodedReason, FindingFamily, InstanceStatus } from '../study/types.ts';
import type { Language, Wording } from '../study/wording.ts';
import type { DeliveryRow, DeviceRow, ModelRow, RefusalRow } from './ports.ts';

/** What a technologist types into a device. */
export interface SenderCard {
  readonly aeTitle: string;
  /** Addresses of this machine under which the listener may be reached; empty where it listens on this machine only. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly tls: 'off' | 'on' | 'with-client-certificate';
  /** Any device may send; otherwise its AE title (and address) must be on the list. */
  readonly anyDevice: boolean;
  readonly anyCalledAeTitle: boolean;
}

export interface DeviceBoardRow extends DeviceRow {
  readonly lastImageAtMs?: number;
  /** The usual time between two examinations; absent until it has sent often enough to have a habit. */
  readonly usualGapMs?: number;
  /** Silent for longer than its habit, at an hour at which it usually sends. */
  readonly silent: boolean;
}

export interface DestinationRow {
  readonly name: string;
  readonly kind: 'dimse' | 'folder' | 'removed';
  /** Host and port with the called AE title, or the folder. */
  readonly where: string;
  readonly pendingCount: number;
  readonly failedCount: number;
  /** Of the last 24 hours. */
  readonly sentCount: number;
  readonly lastSentAtMs?: number;
  /** `resting`: it does not answer, and is asked again at `restsUntilMs`. */
  readonly state: 'idle' | 'sending' | 'resting' | 'removed';
  readonly restsUntilMs?: number;
  readonly problem?: { readonly code: string; readonly text: string };
}

export interface BoardDelivery extends DeliveryRow {
  readonly accessionNumber: string;
  readonly createdAtMs: number;
}

export interface DeliveriesQuery {
  readonly state: DeliveryRow['state'];
  readonly destination?: string;
  readonly limit: number;
  readonly offset: number;
}

/** One delivery, or everything that has not arrived at a destination. */
export type WhichDeliveries = { readonly id: string } | { readonly destination: string };

export interface SetAsideImage {
  readonly sopInstanceUid: string;
  readonly status: InstanceStatus;
  readonly reason: CodedReason;
  /** How often a worker took it up; 0 where the header alone said that there is nothing to analyse. */
  readonly attempts: number;
  /** The last error, for whoever mends it. */
  readonly error?: string;
  readonly receivedAtMs: number;
  readonly callingAeTitle: string;
}

export interface SetAsideRow {
  readonly studyInstanceUid: string;
  readonly patientName: string;
  readonly patientId: string;
  readonly accessionNumber: string;
  readonly receivedAtMs: number;
  readonly sinceMs: number;
  readonly reason: CodedReason;
  /** Some other image of the study is flagged all the same. */
  readonly flagged: boolean;
  /** Some image can be tried again; a conflict cannot, a human compares. */
  readonly canRetry: boolean;
  readonly retriedBy?: string;
  readonly images: readonly SetAsideImage[];
}

export interface FamilySwitch {
  readonly on: boolean;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

/** What everybody on the page must know. */
export interface Notice extends FamilySwitch {
  readonly kind: 'family-off';
  readonly family: FindingFamily;
}

export interface BoardModel extends Omit<ModelRow, 'family' | 'threshold' | 'thresholdOrigin'> {
  readonly task: string;
  readonly shadow: boolean;
  readonly trainedAt: string;
  readonly licence: string;
  readonly hasCard: boolean;
  readonly whyNotReady?: string;
  /** One of each family that it answers for; none for the lung field. */
  readonly families: readonly {
    readonly family: FindingFamily;
    readonly threshold: number;
    readonly thresholdOrigin: Wording;
    readonly siteThreshold?: { readonly id: string; readonly manifestThreshold: number; readonly groups: readonly { readonly group: Wording; readonly threshold: number }[] };
    readonly thresholdRemark?: Wording;
    readonly on: boolean;
  }[];
}

export interface FamilyBoard {
  readonly family: FindingFamily;
  readonly on: boolean;
  /** Latest first. */
  readonly switches: readonly FamilySwitch[];
}

export interface WorkerRow {
  readonly pid: number;
  readonly ready: boolean;
  readonly provider: string;
  readonly models: readonly string[];
  /** Of the last five minutes. */
  readonly imagesPerMinute: number;
  readonly answeredCount: number;
  readonly rssBytes: number;
}

export interface SystemFacts {
  readonly startedAtMs: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number; readonly floorBytes: number; readonly storedBytes: number; readonly bytesPerDay: number };
  readonly queue: { readonly kind: 'embedded' | 'redis'; readonly healthy: boolean; readonly waiting: number; readonly active: number; readonly delayed: number };
  readonly workers: { readonly wanted: number; readonly rows: readonly WorkerRow[]; readonly problem?: string };
  readonly audit: { readonly entryCount: number; readonly healthy: boolean };
  readonly retention: { readonly days: number };
}

export interface OpenedCardPicture {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface OperationsPort {
  senderCard(): SenderCard;
  devices(sinceMs: number, nowMs: number): Promise<readonly DeviceBoardRow[]>;
  refusals(query: { readonly limit: number; readonly offset: number }): readonly RefusalRow[];

  destinations(nowMs: number): readonly DestinationRow[];
  deliveries(query: DeliveriesQuery): readonly BoardDelivery[];
  /** How many are tried again. */
  retryDeliveries(which: WhichDeliveries, nowMs: number): number;
  /** Their studies, one entry a delivery. */
  dropDeliveries(which: WhichDeliveries, by: string, reason: string, nowMs: number): Promise<readonly string[]>;

  setAside(query: { readonly limit: number; readonly offset: number }): { readonly total: number; readonly rows: readonly SetAsideRow[] };
  /** How many images are tried again; undefined: no such study. */
  retryStudy(studyInstanceUid: string, by: string): number | undefined;
  dismiss(studyInstanceUid: string, by: string, reason: string): 'done' | 'unknown-study' | 'refused';

  models(): Promise<{ readonly models: readonly BoardModel[]; readonly families: readonly FamilyBoard[] }>;
  /** `undefined` where the model has none. */
  modelCard(sha256: string, language: Language): Promise<ModelCard | undefined>;
  /** `name` was checked against CARD_PICTURE. */
  cardPicture(sha256: string, name: string): Promise<OpenedCardPicture | undefined>;
  /** 'unchanged' where it stood so already. */
  switchFamily(family: FindingFamily, to: FamilySwitch): 'done' | 'unchanged';
  notices(): readonly Notice[];

  system(nowMs: number): Promise<SystemFacts>;
}

/** A model's card as Markdown, and which language it was found in. */
export interface ModelCard {
  readonly markdown: string;
  readonly language: Language;
}

/** A picture of a model's card: a file in the model's own folder, no path, no hidden file. */
export const CARD_PICTURE = '^[A-Za-z0-9][A-Za-z0-9_-]{0,80}\\.(png|svg)$';
