/** The receiving side of a hub: spool, free space, C-STORE sink, listener, wired to registry and study engine. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Config } from '../config/config.ts';
import type { DestinationSetting } from '../config/destinations.ts';
import { startListener } from '../dimse/listener.ts';
import type { Listener } from '../dimse/listener.ts';
import { FirstreadError } from '../errors.ts';
import type { AdmissionPolicy, CallingDevice } from '../intake/admission.ts';
import { admitsSopClass, plainAddress, refuseAssociation } from '../intake/admission.ts';
import { FREE_SPACE_LIMITS, openFreeSpace } from '../intake/free-space.ts';
import type { FreeSpace } from '../intake/free-space.ts';
import { createStoreSink } from '../intake/receive.ts';
import type { Registrar } from '../intake/receive.ts';
import type { Spool } from '../intake/spool.ts';
import type { RecordedInstance, StoredInstance } from '../registry/instance-rows.ts';
import type { NewDelivery } from '../registry/report-rows.ts';
import type { Registry } from '../registry/registry.ts';
import type { InstanceHeader, Study } from '../study/types.ts';
import { listenError } from './listen-error.ts';
import type { ListenerJournal } from './listener-journal.ts';
import { orderContext } from './order-context.ts';
import type { StudyEngine } from './study-engine.ts';

export function admissionPolicy(config: Config): AdmissionPolicy {
  return {
    callingDevices: config.callingAeTitles.length === 0 ? 'any' : config.callingAeTitles.map(callingDevice),
    calledAeTitles: config.acceptAnyCalledAeTitle ? 'any' : [config.aeTitle],
    acceptPrivateSopClasses: true,
  };
}

/** `XQUANG1`, or `XQUANG1@10.0.0.7`. An at sign may be part of a title: only what follows the last one as an address counts. */
export function callingDevice(entry: string): CallingDevice {
  const at = entry.lastIndexOf('@');
  const address = entry.slice(at + 1);
  return at > 0 && isIP(address) !== 0 ? { aeTitle: entry.slice(0, at), remoteAddresses: [address] } : { aeTitle: entry };
}

/** @throws FirstreadError('config-invalid') naming the file that cannot be read */
function listenerTls({ dicomTlsCertificate: cert, dicomTlsKey: key, dicomTlsClientCa: ca }: Config): TlsOptions | undefined {
  if (cert === '' && key === '') return undefined;
  if (cert === '' || key === '') throw new FirstreadError('config-invalid', 'dicomTlsCertificate and dicomTlsKey belong together: set both, or neither');
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new FirstreadError('config-invalid', `${path} cannot be read: ${(error as Error).message}`);
    }
  };
  return { cert: read(cert), key: read(key), ...(ca === '' ? {} : { ca: read(ca), requestCert: true, rejectUnauthorized: true }) };
}

export interface RegistrarParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly engine: StudyEngine;
  readonly now: () => number;
}

/** Row, study, journal and, where a destination wants originals, its outbox row: one commit; then the commands. */
export function createRegistrar({ config, registry, engine, now }: RegistrarParts): Registrar {
  const forwarding = config.destinations.filter(({ sendOriginals }) => sendOriginals);

  return {
    async record(stored) {
      const order = orderContext(stored.header, stored.origin, config);
      const recorded = await registry.commitSoon((): RecordedInstance => {
        const before = registry.recordInstance(stored, order, now());
        if (before.kind === 'duplicate') return before;
        const versionCount = before.kind === 'stored' ? 1 : registry.instancesWithUid(stored.header.sopInstanceUid).length;
        for (const destination of forwarding) {
          if (before.kind !== 'stored' && (versionCount > VERSIONS_MAX || isEcho(destination, stored))) continue;
          registry.enqueueDelivery(before.study.studyInstanceUid, before.study.revision, original(destination.name, stored, before.kind), now());
        }
        // Whether the report is this patient's is the very question that a human is asked: the study stays on the list.
        if (!isFinalReport(stored.header) || before.clash !== undefined || asksWhose(before.study)) return before;
        const read = registry.applyStudyEvent(before.study.studyInstanceUid, { kind: 'read', by: 'final report', where: 'final-report' }, now());
        return { ...before, study: read.study, commands: [...before.commands, ...read.commands] };
      });
      engine.changed(recorded.study);
      engine.execute(recorded.study.studyInstanceUid, recorded.commands);
      return recorded.kind;
    },
  };
}

/** More of one UID are an archive that changes what it is sent and routes it back: no device corrects an image so often. */
const VERSIONS_MAX = 4;

/** What a destination sends us, it has: a copy that it coerced must not go round in a circle. */
function isEcho(destination: DestinationSetting, { origin }: StoredInstance): boolean {
  return destination.kind === 'dimse' && (destination.calledAeTitle.trim() === origin.callingAeTitle.trim() || plainAddress(destination.host) === plainAddress(origin.remoteAddress));
}

const WHOSE: ReadonlySet<string> = new Set(['conflict', 'uid-in-other-study', 'uid-of-other-patient', 'study-of-other-patient', 'study-uid-missing']);

const asksWhose = ({ attention }: Study): boolean => attention !== undefined && WHOSE.has(attention.code);

/**
 * A modality that uses a UID twice (its clock or database was set back), or corrects what it sent, is answered success:
 * what came goes on to the destination like any other object, and no earlier one stands for it.
 */
function original(destination: string, { header: { sopInstanceUid }, contentSha256, fileKey }: StoredInstance, kind: RecordedInstance['kind']): NewDelivery {
  const object = { destination, subject: 'instance', objectKey: sopInstanceUid, fileKey } as const;
  return kind === 'stored' ? object : { ...object, objectKey: `${sopInstanceUid} ${contentSha256}`, isOtherBytes: true };
}

const REPORT_CLASSES = '1.2.840.10008.5.1.4.1.1.88.';

/**
 * A structured report that a person has verified: the study was read elsewhere and leaves the list. Ours are PRELIMINARY
 * and UNVERIFIED, so one that comes back from the PACS reads nothing.
 */
export function isFinalReport({ sopClassUid, completionFlag, verificationFlag, preliminaryFlag }: InstanceHeader): boolean {
  return sopClassUid.startsWith(REPORT_CLASSES) && verificationFlag === 'VERIFIED' && completionFlag !== 'PARTIAL' && preliminaryFlag !== 'PRELIMINARY';
}

export interface IntakeSideParts {
  readonly config: Config;
  readonly registrar: Registrar;
  readonly now: () => number;
  readonly spool: Spool;
  readonly journal: ListenerJournal;
  readonly freeSpace: FreeSpace;
}

export async function openSiteFreeSpace(config: Config, now: () => number): Promise<FreeSpace> {
  return openFreeSpace(config.data, { ...FREE_SPACE_LIMITS, floorBytes: config.freeSpaceFloorBytes }, now);
}

export async function startIntake(parts: IntakeSideParts): Promise<Listener> {
  const { config, spool, freeSpace, journal, now } = parts;
  const admission = admissionPolicy(config);
  const storeSink = createStoreSink({ spool, registrar: parts.registrar, admission, freeSpace, now, onOutcome: (outcome) => journal.onStoreOutcome(outcome) });
  const tls = listenerTls(config);
  return startListener({
    ...(tls === undefined ? {} : { tls }),
    host: config.dicomHost,
    port: config.dicomPort,
    storeSink,
    policy: {
      admit: (requester) => refuseAssociation(admission, requester),
      acceptsAbstractSyntax: (uid) => admitsSopClass(admission, uid),
    },
    limits: {
      pDataPduMaxBytes: config.pduLengthMaxBytes,
      artimTimeoutMs: config.artimTimeoutMs,
      idleTimeoutMs: config.associationIdleTimeoutMs,
      associationsMax: config.associationsMax,
      associationsPerPeerMax: config.associationsPerPeerMax,
      objectMaxBytes: config.objectMaxBytes,
    },
    onEvent: (event) => journal.onListenerEvent(event),
  }).catch((error: unknown) => {
    throw listenError(error, { host: config.dicomHost, port: config.dicomPort, flag: 'dicom' });
  });
}
