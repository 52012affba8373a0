/**
 * The requestor: opens an association, C-ECHO and C-STORE as SCU (PS3.7 §9.1.1, 9.1.5). A data set is sent as its bytes
 * are, cut into P-DATA-TFs no longer than the peer asked for; nothing is transcoded. One operation at a time.
 */
import assert from 'node:assert';
import type { Socket } from 'node:net';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../dicom/part10.ts';
import { DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/transfer-syntaxes.ts';
import { encodeAeTitle } from './ae-title.ts';
import { APPLICATION_CONTEXT_UID } from './associate-pdu.ts';
import type { AssociateAc, AssociateRq, PresentationContext } from './associate-pdu.ts';
import { VERIFICATION_UID } from './association.ts';
import type { AcceptedContext } from './association.ts';
import { AssociationError, errorOfEnding } from './association-error.ts';
import { COMMAND_FIELD, COMMAND_SET_MAX_BYTES, NO_DATA_SET, RESPONSE_BIT, decodeCommandSet, encodeCommandSet } from './command.ts';
import type { CommandSet } from './command.ts';
import { FragmentCutter } from './fragment-cutter.ts';
import type { CutFragment } from './fragment-cutter.ts';
import { Connection } from './connection.ts';
import type { Ending } from './connection-user.ts';
import { DIMSE_LIMITS } from './limits.ts';
import type { DimseLimits } from './limits.ts';
import { openSocket } from './open-socket.ts';
import type { PeerAddress } from './open-socket.ts';
import { PDV_HEADER_BYTES, encodePDataHeader } from './pdu.ts';
import type { Fragment } from './pdu-framer.ts';
import type { StoreStatus } from './store-port.ts';

export interface ScuTimeouts {
  /** TCP (and TLS) established. */
  readonly connectTimeoutMs: number;
  /** From A-ASSOCIATE-RQ to its answer, and from A-RELEASE-RQ to its. */
  readonly associateTimeoutMs: number;
  /** From the last byte of a request to its response. */
  readonly responseTimeoutMs: number;
  /** The peer takes no bytes for so long. */
  readonly sendTimeoutMs: number;
}

export const SCU_TIMEOUTS: ScuTimeouts = {
  connectTimeoutMs: 10_000, // a PACS on the hospital's network answers in milliseconds
  associateTimeoutMs: 30_000, // DCMTK's ACSE timeout
  responseTimeoutMs: 120_000, // an archive that compresses or writes to tape before it answers
  sendTimeoutMs: 60_000, // DCMTK's socket timeout
};

export interface AssociationOptions extends PeerAddress {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly presentationContexts: readonly Omit<PresentationContext, 'id'>[];
  readonly timeouts?: Partial<ScuTimeouts>;
  readonly limits?: Partial<DimseLimits>;
}

export interface StoreOperation {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** The data set's bytes in that transfer syntax, without preamble and file meta information. */
  readonly dataSet: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface Association {
  /** What the peer accepted. */
  readonly contexts: readonly AcceptedContext[];
  cEcho(): Promise<number>;
  /** @throws AssociationError context-not-accepted, peer-silent, association-lost */
  cStore(operation: StoreOperation): Promise<StoreStatus>;
  /** Orderly end; falls back to an abort when the peer does not answer. Never rejects. */
  release(): Promise<void>;
  abort(): void;
}

/** 255 is the highest odd presentation context ID. */
const CONTEXTS_MAX = 128;
/** A peer that announces "no maximum", or a giant one, gets PDUs of this size. */
const PDU_SENT_MAX_BYTES = 131_072;
/** Below this a peer's maximum is taken for nonsense: a PDU of it would carry next to nothing. */
const PDU_SENT_MIN_BYTES = 64;

/** @throws AssociationError peer-unreachable, peer-silent, association-rejected(-transient), association-lost */
export async function openAssociation(options: AssociationOptions): Promise<Association> {
  const { presentationContexts } = options;
  assert(presentationContexts.length > 0 && presentationContexts.length <= CONTEXTS_MAX, `${presentationContexts.length} presentation contexts`);
  const timeouts = { ...SCU_TIMEOUTS, ...options.timeouts };
  const socket = await openSocket(options, timeouts.connectTimeoutMs);
  const requestor = new Requestor(socket, { ...DIMSE_LIMITS, ...options.limits }, timeouts);
  await requestor.associate(options);
  return requestor;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** A response that says how the operation went. */
type Answer = CommandSet & { readonly status: number };

/** What keeps `response` from being the request's. Without a status nobody knows whether the peer keeps the object: never taken for success. */
function problemOf(request: CommandSet, response: CommandSet): string | undefined {
  if (response.messageIdBeingRespondedTo !== request.messageId) return 'a response to another message';
  if (response.commandField !== (request.commandField | RESPONSE_BIT)) return 'a response to another command';
  return response.status === undefined ? 'a response without a status' : undefined;
}

class Requestor implements Association {
  contexts: readonly AcceptedContext[] = [];
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #timeouts: ScuTimeouts;
  readonly #limits: DimseLimits;
  #proposed: readonly PresentationContext[] = [];
  #fragmentMaxBytes = PDU_SENT_MAX_BYTES - PDV_HEADER_BYTES;
  #messageId = 0;
  #isBusy = false;
  #ending: Ending | undefined;
  #accepted: Waiting<void> | undefined;
  #response: Waiting<CommandSet> | undefined;
  readonly #command: Uint8Array[] = [];
  #commandBytes = 0;
  readonly #whenEnded: Promise<void>;
  #resolveEnded: () => void = () => {};

  constructor(socket: Socket, limits: DimseLimits, timeouts: ScuTimeouts) {
    this.#socket = socket;
    this.#limits = limits;
    this.#timeouts = timeouts;
    this.#whenEnded = new Promise((resolve) => { this.#resolveEnded = resolve; });
    this.#connection = new Connection(socket, 'requestor', limits, {
      associateAccepted: (ac) => this.#associateAccepted(ac),
      takeFragment: (fragment) => this.#takeFragment(fragment),
      isMidMessage: () => false,
      ended: (ending) => this.#ended(ending),
    });
  }

  associate({ callingAeTitle, calledAeTitle, presentationContexts }: AssociationOptions): Promise<void> {
    this.#proposed = presentationContexts.map((context, index) => ({ ...context, id: 2 * index + 1 }));
    const rq: AssociateRq = {
      protocolVersion: 1,
      calledAeTitle: encodeAeTitle(calledAeTitle),
      callingAeTitle: encodeAeTitle(callingAeTitle),
      applicationContextUid: APPLICATION_CONTEXT_UID,
      presentationContexts: this.#proposed,
      userInformation: {
        maximumLengthBytes: this.#limits.pDataPduAnnouncedBytes,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersion: IMPLEMENTATION_VERSION_NAME,
        roleSelections: [],
      },
    };
    return this.#within(this.#timeouts.associateTimeoutMs, 'no answer to the association request', (waiting) => {
      this.#accepted = waiting;
      this.#connection.request(rq);
    });
  }

  async cEcho(): Promise<number> {
    const context = this.#contextFor(VERIFICATION_UID);
    const { status } = await this.#operate(context, { commandField: COMMAND_FIELD.cEchoRq, affectedSopClassUid: VERIFICATION_UID });
    return status;
  }

  async cStore({ sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet }: StoreOperation): Promise<StoreStatus> {
    const context = this.#contextFor(sopClassUid, transferSyntaxUid);
    const command = { commandField: COMMAND_FIELD.cStoreRq, affectedSopClassUid: sopClassUid, affectedSopInstanceUid: sopInstanceUid, priority: 0 };
    const { status, errorComment } = await this.#operate(context, command, dataSet);
    return { status, ...(errorComment === undefined ? {} : { errorComment }) };
  }

  async release(): Promise<void> {
    if (this.#ending === undefined) {
      if (this.#isBusy) this.#connection.abort('released in the middle of an operation');
      else this.#connection.release();
    }
    const timer = setTimeout(() => this.#connection.abort('no answer to the release request'), this.#timeouts.associateTimeoutMs);
    await this.#whenEnded;
    clearTimeout(timer);
  }

  abort(): void {
    if (this.#ending === undefined) this.#connection.abort('given up');
  }

  #contextFor(abstractSyntaxUid: string, transferSyntaxUid?: string): AcceptedContext {
    const context = this.contexts.find(
      (accepted) => accepted.abstractSyntaxUid === abstractSyntaxUid && (transferSyntaxUid ?? accepted.transferSyntaxUid) === accepted.transferSyntaxUid,
    );
    if (context !== undefined) return context;
    throw new AssociationError('context-not-accepted', `the peer did not accept ${abstractSyntaxUid}${transferSyntaxUid === undefined ? '' : ` in ${transferSyntaxUid}`}`);
  }

  async #operate(context: AcceptedContext, command: CommandSet, dataSet?: Uint8Array | AsyncIterable<Uint8Array>): Promise<Answer> {
    assert(!this.#isBusy, 'one operation at a time');
    if (this.#ending !== undefined) throw errorOfEnding(this.#ending);
    this.#isBusy = true;
    this.#messageId = (this.#messageId % 0xffff) + 1;
    const request = { ...command, messageId: this.#messageId, commandDataSetType: dataSet === undefined ? NO_DATA_SET : 0x0001 };
    // A peer may refuse before it has the whole data set: the answer is listened for from the start.
    let early: CommandSet | undefined;
    let failure: Error | undefined;
    this.#response = { resolve: (response) => { early = response; }, reject: (error) => { failure = error; } };
    try {
      await this.#sendCommand(context.id, encodeCommandSet(request));
      if (dataSet !== undefined) await this.#sendDataSet(context, dataSet);
      if (failure !== undefined) throw failure;
      const response = early ?? (await this.#within<CommandSet>(this.#timeouts.responseTimeoutMs, 'no response', (waiting) => { this.#response = waiting; }));
      const problem = problemOf(request, response);
      if (problem === undefined) return response as Answer;
      this.#connection.abort(problem);
      throw new AssociationError('association-lost', `the peer sent ${problem}`);
    } catch (error) {
      // Half a message cannot be taken back.
      if (this.#ending === undefined) this.#connection.abort('the operation failed');
      throw error;
    } finally {
      this.#response = undefined;
      this.#isBusy = false;
    }
  }

  async #sendDataSet({ id, transferSyntaxUid }: AcceptedContext, dataSet: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const cutter = new FragmentCutter(this.#fragmentMaxBytes);
    for await (const chunk of dataSet instanceof Uint8Array ? [dataSet] : dataSet) {
      for (const fragment of cutter.push(chunk)) await this.#sendFragment(id, false, fragment, false);
    }
    // A deflated data set of odd length is to be padded (PS3.5 A.5); files without the padding exist.
    if (transferSyntaxUid === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) cutter.padToEven();
    await this.#sendFragment(id, false, cutter.rest(), true);
  }

  async #sendCommand(contextId: number, command: Uint8Array): Promise<void> {
    const cutter = new FragmentCutter(this.#fragmentMaxBytes);
    for (const fragment of cutter.push(command)) await this.#sendFragment(contextId, true, fragment, false);
    await this.#sendFragment(contextId, true, cutter.rest(), true);
  }

  async #sendFragment(contextId: number, isCommand: boolean, { parts, byteLength }: CutFragment, isLast: boolean): Promise<void> {
    if (this.#ending !== undefined || !this.#connection.canSend) throw errorOfEnding(this.#ending ?? { how: 'connection-lost', why: '' });
    const header = encodePDataHeader(contextId, isCommand, isLast, byteLength);
    if (!this.#connection.sendPData(header, ...parts)) await this.#drained();
  }

  #drained(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new AssociationError('peer-silent', 'the peer takes no more bytes')), this.#timeouts.sendTimeoutMs);
    this.#socket.once('drain', resolve);
    void this.#whenEnded.then(resolve);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#socket.off('drain', resolve);
    });
  }

  #within<T>(timeoutMs: number, why: string, start: (waiting: Waiting<T>) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(() => {
      reject(new AssociationError('peer-silent', why));
      this.#connection.abort(why);
    }, timeoutMs);
    if (this.#ending === undefined) start({ resolve, reject });
    else reject(errorOfEnding(this.#ending));
    return promise.finally(() => clearTimeout(timer));
  }

  #associateAccepted(ac: AssociateAc): void {
    const offered = ac.userInformation.maximumLengthBytes;
    const pduMaxBytes = offered === 0 ? PDU_SENT_MAX_BYTES : Math.max(PDU_SENT_MIN_BYTES, Math.min(offered, PDU_SENT_MAX_BYTES));
    this.#fragmentMaxBytes = pduMaxBytes - PDV_HEADER_BYTES;
    this.contexts = ac.contextResults.flatMap(({ id, result, transferSyntaxUid }) => {
      const proposed = this.#proposed.find((context) => context.id === id);
      if (result !== 0 || proposed === undefined || !proposed.transferSyntaxUids.includes(transferSyntaxUid)) return [];
      return [{ id, abstractSyntaxUid: proposed.abstractSyntaxUid, transferSyntaxUid }];
    });
    this.#accepted?.resolve();
    this.#accepted = undefined;
  }

  #takeFragment({ isCommand, isLast, bytes }: Fragment): void {
    // None of our operations has a response with a data set.
    if (!isCommand) return this.#connection.abort('a data set that nobody asked for');
    this.#commandBytes += bytes.length;
    if (this.#commandBytes > COMMAND_SET_MAX_BYTES) return this.#connection.abort('a command set over the ceiling');
    this.#command.push(new Uint8Array(bytes));
    if (!isLast) return;
    const commandSet = Buffer.concat(this.#command);
    this.#command.length = 0;
    this.#commandBytes = 0;
    try {
      const response = decodeCommandSet(commandSet);
      if (this.#response === undefined) return this.#connection.abort('a message that nobody asked for');
      this.#response.resolve(response);
    } catch {
      this.#connection.abort('a malformed response');
    }
  }

  #ended(ending: Ending): void {
    this.#ending = ending;
    const error = errorOfEnding(ending);
    this.#accepted?.reject(error);
    this.#response?.reject(error);
    this.#resolveEnded();
  }
}
