/**
 * The acceptor's messages: C-ECHO and C-STORE as SCP (PS3.7 §9.1.1, 9.1.5, 9.3.1, 9.3.5). Assembles command sets, streams
 * data sets into the StoreSink, answers one message before it reads the next (our operations window is one).
 * C-CANCEL is ignored; other operations are answered 0211H. Storage commitment's N-ACTION will be one more case in
 * `#begin`; its data set is small and would be gathered where others are drained.
 */
import { ERRORS, FirstreadError } from '../errors.ts';
import { VERIFICATION_UID } from './association.ts';
import type { AcceptedContext } from './association.ts';
import {
  COMMAND_FIELD, COMMAND_SET_MAX_BYTES, NO_DATA_SET, RESPONSE_BIT, SUCCESS, decodeCommandSet, encodeCommandSet, responseTo,
} from './command.ts';
import type { CommandSet } from './command.ts';
import { encodePDataHeader } from './pdu.ts';
import type { Fragment } from './pdu-framer.ts';
import type { StoreReceiver, StoreRequest, StoreSink, StoreStatus } from './store-port.ts';

/** What one message came to; `storeAnswered` is the listener's event, less the association's own facts. */
export interface StoreAnswer {
  readonly affectedSopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly status: number;
  readonly byteLength: number;
}

/** Why the listener itself refuses a message; what the sink refuses, the sink tells. */
export type MessageRefusalCode = 'sop-class-refused' | 'operation-unsupported' | 'data-set-missing' | 'object-too-large' | 'storage-failed';

export interface MessageRefusal {
  readonly code: MessageRefusalCode;
  /** The DIMSE status that it is answered with. */
  readonly status: number;
  /** Of its data set, when it was refused. */
  readonly byteLength: number;
}

export interface StoreProviderPorts {
  readonly sink: StoreSink;
  readonly objectMaxBytes: number;
  readonly origin: Pick<StoreRequest, 'callingAeTitle' | 'calledAeTitle' | 'remoteAddress' | 'remotePort' | 'associationId'>;
  /** False once the association is over. */
  readonly send: (parts: readonly Uint8Array[]) => void;
  /** A-ABORT as service user: the peer broke DIMSE's rules. */
  readonly abort: (why: string) => void;
  /** A-ABORT as provider, invalid PDU parameter: the peer broke the upper layer's rules. */
  readonly abortAsInvalid: (why: string) => void;
  readonly onStoreAnswered: (answer: StoreAnswer) => void;
  /** Once a message, when it is decided. */
  readonly onMessageRefused: (refusal: MessageRefusal) => void;
}

/** A message whose data set is coming (or is not expected): where its bytes go, and what to answer at its end. */
interface Message {
  readonly request: CommandSet;
  readonly context: AcceptedContext;
  receiver: StoreReceiver | undefined;
  answer: StoreStatus;
  byteLength: number;
}

export class StoreProvider {
  readonly #ports: StoreProviderPorts;
  readonly #contexts: ReadonlyMap<number, AcceptedContext>;
  readonly #command: Uint8Array[] = [];
  #commandBytes = 0;
  #commandContextId = 0;
  #message: Message | undefined;
  #isOver = false;
  #settling: Promise<void> = Promise.resolve();

  constructor(contexts: ReadonlyMap<number, AcceptedContext>, ports: StoreProviderPorts) {
    this.#contexts = contexts;
    this.#ports = ports;
  }

  get isMidMessage(): boolean {
    return this.#message !== undefined || this.#commandBytes > 0;
  }

  /** Resolves when what the sink was asked to do is done. */
  get settled(): Promise<void> {
    return this.#settling;
  }

  takeFragment(fragment: Fragment): Promise<void> | void {
    const context = this.#contexts.get(fragment.contextId);
    if (context === undefined) return this.#ports.abortAsInvalid('P-DATA on a presentation context that was not accepted');
    if (fragment.isCommand) return this.#takeCommandFragment(fragment, context);
    const message = this.#message;
    if (message === undefined) return this.#ports.abort('a data set before its command');
    if (message.context.id !== fragment.contextId) return this.#ports.abortAsInvalid('a data set on another context than its command');
    return this.#takeDataFragment(message, fragment);
  }

  /** The association is over: what is half received is forgotten; what is being committed runs to its end. */
  end(why: string): void {
    this.#isOver = true;
    const message = this.#message;
    this.#message = undefined;
    if (message?.receiver === undefined) return;
    this.#settling = message.receiver.abort(why);
    message.receiver = undefined;
  }

  #takeCommandFragment({ bytes, isLast }: Fragment, context: AcceptedContext): Promise<void> | void {
    if (this.#message !== undefined) return this.#ports.abort('a command inside a data set');
    if (this.#commandBytes > 0 && this.#commandContextId !== context.id) return this.#ports.abort('a command on two contexts');
    this.#commandContextId = context.id;
    this.#commandBytes += bytes.length;
    if (this.#commandBytes > COMMAND_SET_MAX_BYTES) return this.#ports.abort('a command set over the ceiling');
    // A copy: a command of single bytes must not keep a chunk alive for each.
    if (bytes.length > 0) this.#command.push(new Uint8Array(bytes));
    if (!isLast) return undefined;
    const commandSet = Buffer.concat(this.#command);
    this.#command.length = 0;
    this.#commandBytes = 0;
    return this.#begin(commandSet, context);
  }

  #begin(commandSet: Uint8Array, context: AcceptedContext): Promise<void> | void {
    let request: CommandSet;
    try {
      request = decodeCommandSet(commandSet);
    } catch (error) {
      if (!(error instanceof FirstreadError)) throw error;
      return this.#ports.abort(error.message);
    }
    if ((request.commandField & RESPONSE_BIT) !== 0) return this.#ports.abort('a response to nothing');
    const hasDataSet = (request.commandDataSetType ?? NO_DATA_SET) !== NO_DATA_SET;
    if (request.commandField === COMMAND_FIELD.cCancelRq) return undefined;
    if (request.messageId === undefined) return this.#ports.abort('a request without message ID');

    const begun = this.#judge(request, context, hasDataSet);
    const isReceiver = 'commit' in begun;
    const message: Message = {
      request,
      context,
      receiver: isReceiver ? begun : undefined,
      answer: isReceiver ? { status: SUCCESS } : begun,
      byteLength: 0,
    };
    if (!hasDataSet) return this.#answer(message, message.answer);
    this.#message = message;
    return undefined;
  }

  /** Where the data set goes, or the status to answer with once it has been drained. */
  #judge(request: CommandSet, context: AcceptedContext, hasDataSet: boolean): StoreReceiver | StoreStatus {
    if (request.commandField === COMMAND_FIELD.cEchoRq) return { status: SUCCESS };
    if (request.commandField !== COMMAND_FIELD.cStoreRq) return this.#refuse('operation-unsupported', 0);
    // Senders exist that negotiate one storage class and name another, or leave out a UID: what to do about that is the
    // sink's to say, which also records it.
    const { affectedSopClassUid = '', affectedSopInstanceUid = '' } = request;
    if (context.abstractSyntaxUid === VERIFICATION_UID) return this.#refuse('sop-class-refused', 0);
    if (!hasDataSet) return this.#refuse('data-set-missing', 0);
    return this.#ports.sink.begin({
      affectedSopClassUid,
      affectedSopInstanceUid,
      transferSyntaxUid: context.transferSyntaxUid,
      ...this.#ports.origin,
    });
  }

  #takeDataFragment(message: Message, { bytes, isLast }: Fragment): Promise<void> | void {
    message.byteLength += bytes.length;
    if (message.byteLength > this.#ports.objectMaxBytes) return this.#refuseLength(message, isLast);
    let writing: Promise<void> | undefined;
    try {
      if (bytes.length > 0) writing = message.receiver?.write(bytes) ?? undefined;
    } catch {
      writing = this.#giveUp(message);
    }
    if (!isLast) return writing?.catch(() => this.#giveUp(message));
    this.#message = undefined;
    const finished = this.#finish(message, writing);
    this.#settling = finished;
    return finished;
  }

  async #finish(message: Message, writing: Promise<void> | undefined): Promise<void> {
    try {
      await writing;
    } catch {
      await this.#giveUp(message);
    }
    this.#answer(message, message.receiver === undefined ? message.answer : await message.receiver.commit());
  }

  /** The sink failed in the middle: the rest is drained, and the sender told to try again later. */
  async #giveUp(message: Message): Promise<void> {
    const { receiver } = message;
    message.receiver = undefined;
    message.answer = this.#refuse('storage-failed', message.byteLength);
    await receiver?.abort('the sink failed');
  }

  /** Over the ceiling once: drained and answered. A sender that goes on to twice the ceiling is cut off. */
  #refuseLength(message: Message, isLast: boolean): Promise<void> | void {
    const { receiver } = message;
    if (message.byteLength > 2 * this.#ports.objectMaxBytes) return this.#ports.abort('an object over twice the size limit');
    message.receiver = undefined;
    if (receiver !== undefined) message.answer = this.#refuse('object-too-large', message.byteLength);
    const forgotten = receiver?.abort('over the size limit');
    if (!isLast) return forgotten;
    this.#message = undefined;
    return this.#finish(message, forgotten);
  }

  #refuse(code: MessageRefusalCode, byteLength: number): StoreStatus {
    const { meaning, dicomStatus: status } = ERRORS[code];
    this.#ports.onMessageRefused({ code, status: status!, byteLength });
    return { status: status!, errorComment: meaning };
  }

  #answer(message: Message, { status, errorComment }: StoreStatus): void {
    const { request, context, byteLength } = message;
    if (!this.#isOver) {
      const response = encodeCommandSet(responseTo(request, status, errorComment));
      this.#ports.send([encodePDataHeader(context.id, true, true, response.length), response]);
    }
    if (request.commandField !== COMMAND_FIELD.cStoreRq) return;
    this.#ports.onStoreAnswered({
      affectedSopClassUid: request.affectedSopClassUid ?? '',
      transferSyntaxUid: context.transferSyntaxUid,
      status,
      byteLength,
    });
  }
}
