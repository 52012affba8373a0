/** The receiving side of a hub: spool, free space, C-STORE sink, listener, wired to registry and study engine. */
import type { Config } from '../config/config.ts';
import { startListener } from '../dimse/listener.ts';
import type { Listener } from '../dimse/listener.ts';
import type { AdmissionPolicy } from '../intake/admission.ts';
import { admitsSopClass, refuseAssociation } from '../intake/admission.ts';
import { FREE_SPACE_LIMITS, openFreeSpace } from '../intake/free-space.ts';
import type { FreeSpace } from '../intake/free-space.ts';
import { createStoreSink } from '../intake/receive.ts';
import type { Registrar } from '../intake/receive.ts';
import type { Spool } from '../intake/spool.ts';
import type { RecordedInstance } from '../registry/instance-rows.ts';
import type { Registry } from '../registry/registry.ts';
import type { ListenerJournal } from './listener-journal.ts';
import { orderContext } from './order-context.ts';
import type { StudyEngine } from './study-engine.ts';

export function admissionPolicy(config: Config): AdmissionPolicy {
  return {
    callingDevices: config.callingAeTitles.length === 0 ? 'any' : config.callingAeTitles.map((aeTitle) => ({ aeTitle })),
    calledAeTitles: config.acceptAnyCalledAeTitle ? 'any' : [config.aeTitle],
    acceptPrivateSopClasses: true,
  };
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
        for (const { name } of forwarding) {
          const original = { destination: name, subject: 'instance', objectKey: stored.header.sopInstanceUid, fileKey: stored.fileKey } as const;
          registry.enqueueDelivery(before.study.studyInstanceUid, before.study.revision, original, now());
        }
        return before;
      });
      engine.changed(recorded.study);
      engine.execute(recorded.study.studyInstanceUid, recorded.commands);
      return recorded.kind;
    },
  };
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
  return startListener({
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
  });
}
