/**
 * What the DICOM edge tells, to where people look: log, metrics, audit trail, and the list of refused attempts with
 * what to change on the device.
 */
import type { ListenerEvent } from '../dimse/listener-events.ts';
import { ERRORS } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { StoreOutcome } from '../intake/receive.ts';
import type { Audit } from '../ops/audit.ts';
import type { FirstreadMetrics } from '../ops/firstread-metrics.ts';
import type { Log } from '../ops/log.ts';
import { sentenceAsWord } from '../ops/redaction.ts';
import type { Registry } from '../registry/registry.ts';

export interface ListenerJournalParts {
  readonly registry: Pick<Registry, 'recordRefusal' | 'noteAssociation' | 'commitSoon'>;
  readonly log: Log;
  readonly audit: Audit;
  readonly metrics: FirstreadMetrics;
  readonly now: () => number;
}

interface Refusal {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly remoteAddress: string;
  readonly code: string;
  readonly text: string;
}

/** Refusals of one kind from one peer are counted together; a flood must not cost a commit each. */
const REFUSAL_FLUSH_MS = 500;
const REFUSALS_WAITING_MAX = 1_000;

export interface ListenerJournal {
  onListenerEvent(event: ListenerEvent): void;
  onStoreOutcome(outcome: StoreOutcome): void;
  close(): void;
}

export function createListenerJournal({ registry, log, audit, metrics, now }: ListenerJournalParts): ListenerJournal {
  const waiting: Refusal[] = [];

  function flush(): void {
    const refusals = waiting.splice(0);
    if (refusals.length === 0) return;
    // A refusal that cannot be noted (disk full) has been logged and audited; intake goes on.
    registry.commitSoon(() => refusals.forEach((refusal) => registry.recordRefusal(refusal, now()))).catch(() => log.write('storage-failed', { reason: 'refusal-not-recorded' }));
  }
  const timer = setInterval(flush, REFUSAL_FLUSH_MS);

  function refused(what: 'association' | 'instance' | 'connection', refusal: Refusal): void {
    metrics.refused.add({ what, code: refusal.code });
    audit.record({ event: what === 'instance' ? 'instance-refused' : 'association-refused', who: refusal.callingAeTitle || '-', outcome: 'refused', from: refusal.remoteAddress, details: { what, code: refusal.code } });
    if (waiting.length < REFUSALS_WAITING_MAX) waiting.push(refusal);
  }

  return {
    onListenerEvent(event) {
      switch (event.kind) {
        case 'association-accepted':
          metrics.associationsOpened.add({});
          log.write('association-opened', { callingAeTitle: event.callingAeTitle, calledAeTitle: event.calledAeTitle, remoteAddress: event.remoteAddress });
          registry.commitSoon(() => registry.noteAssociation(event, now())).catch(() => undefined);
          return;
        case 'association-ended':
          log.write(event.how === 'released' ? 'association-closed' : 'association-aborted', { callingAeTitle: event.callingAeTitle, remoteAddress: event.remoteAddress, reason: sentenceAsWord(event.why), count: event.instanceCount });
          return;
        case 'association-refused': {
          const code = event.reject === undefined ? event.how : rejectCode(event.reject.source, event.reject.reason);
          log.write(event.reject === undefined ? 'protocol-violation' : 'association-refused', { callingAeTitle: event.callingAeTitle, calledAeTitle: event.calledAeTitle, remoteAddress: event.remoteAddress, reason: sentenceAsWord(code) });
          refused('association', { ...event, code, text: adviceFor(code, event.why) });
          return;
        }
        case 'connection-refused':
        case 'tls-failed':
          log.write('association-refused', { remoteAddress: event.remoteAddress, reason: event.kind === 'tls-failed' ? 'tls-failed' : sentenceAsWord(event.why) });
          refused('connection', { callingAeTitle: '', calledAeTitle: '', remoteAddress: event.remoteAddress, code: event.kind === 'tls-failed' ? 'tls-failed' : event.why, text: adviceFor(event.kind, event.why) });
          return;
        case 'listener-error':
          log.write('protocol-violation', { reason: sentenceAsWord(event.why) });
          return;
        case 'message-refused':
          log.write('instance-refused', { callingAeTitle: event.callingAeTitle, remoteAddress: event.remoteAddress, code: event.code, dicomStatus: hexOf(event.status), byteLength: event.byteLength });
          refused('instance', { ...event, text: ERRORS[event.code].meaning });
          return;
        case 'store-answered': // What the sink decided, it tells itself: onStoreOutcome.
      }
    },

    onStoreOutcome(outcome) {
      const { request } = outcome;
      if (outcome.kind === 'aborted') {
        log.write('instance-aborted', { callingAeTitle: request.callingAeTitle, remoteAddress: request.remoteAddress, reason: sentenceAsWord(outcome.why), byteLength: outcome.byteLength });
        return;
      }
      if (outcome.kind === 'refused') {
        const { meaning } = ERRORS[outcome.code as ErrorCode];
        log.write(outcome.code === 'storage-failed' ? 'storage-failed' : 'instance-refused', { callingAeTitle: request.callingAeTitle, remoteAddress: request.remoteAddress, code: outcome.code, byteLength: outcome.byteLength });
        refused('instance', { callingAeTitle: request.callingAeTitle, calledAeTitle: request.calledAeTitle, remoteAddress: request.remoteAddress, code: outcome.code, text: meaning });
        return;
      }
      const { stored, stages } = outcome;
      metrics.instancesReceived.add({ outcome: outcome.kind });
      metrics.bytesReceived.add({}, stored.byteLength);
      metrics.observeStage('receive', stages.flushMs + stages.syncMs + stages.keepMs + stages.recordMs);
      const event = outcome.kind === 'stored' ? 'instance-stored' : outcome.kind === 'duplicate' ? 'instance-duplicate' : 'instance-differs';
      log.write(event, { sopInstanceUid: stored.header.sopInstanceUid, callingAeTitle: request.callingAeTitle, byteLength: stored.byteLength, transferSyntaxUid: stored.header.transferSyntaxUid });
    },

    close() {
      clearInterval(timer);
      flush();
    },
  };
}

/** As the standard writes a status: A700H. */
const hexOf = (status: number): string => `${status.toString(16).toUpperCase().padStart(4, '0')}H`;

/** PS3.8 Table 9-21: what we say when we reject. */
function rejectCode(source: number, reason: number): string {
  if (source === 1) return reason === 3 ? 'calling-ae-unknown' : reason === 7 ? 'called-ae-unknown' : 'rejected';
  return reason === 2 ? 'local-limit-exceeded' : 'temporary-congestion';
}

function adviceFor(code: string, why: string): string {
  switch (code) {
    case 'calling-ae-unknown':
      return 'this calling AE title is not on the list, or not with this address: add it to callingAeTitles here, or correct it on the device';
    case 'tls-failed':
      return 'no TLS came about: switch it on at the device (and give it a certificate where dicomTlsClientCa is set), or take dicomTlsCertificate out here';
    case 'called-ae-unknown':
      return 'the device calls another AE title than ours: correct it on the device, or set acceptAnyCalledAeTitle';
    case 'local-limit-exceeded':
    case 'temporary-congestion':
      return 'too many associations at once; the device may try again';
    default:
      return why;
  }
}
