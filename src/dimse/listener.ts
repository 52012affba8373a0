/**
 * The listening end: TCP or TLS sockets → Connection → StoreProvider, inside ceilings on connections and associations, in
 * all and per address. Every refused attempt is told through `onEvent` with who, from where and why.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import { readAeTitle } from './ae-title.ts';
import type { AssociateRq } from './associate-pdu.ts';
import { negotiate } from './association.ts';
import type { NegotiationPolicy } from './association.ts';
import { Connection } from './connection.ts';
import type { AssociateAnswer, Ending } from './connection-user.ts';
import { DIMSE_LIMITS } from './limits.ts';
import type { DimseLimits } from './limits.ts';
import type { ListenerEvent } from './listener-events.ts';
import { OPEN_DOOR } from './negotiation-policy.ts';
import { REJECT } from './pdu.ts';
import type { AssociateReject } from './pdu.ts';
import { withReadBuffer } from './read-buffer.ts';
import { StoreProvider } from './store-provider.ts';
import type { StoreSink } from './store-port.ts';
import { Tally } from './tally.ts';

export interface ListenerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  readonly storeSink: StoreSink;
  readonly policy?: Partial<NegotiationPolicy>;
  readonly limits?: Partial<DimseLimits>;
  readonly onEvent?: (event: ListenerEvent) => void;
  /** Present: TLS only (PS3.15 B.12: 1.2 or later). */
  readonly tls?: TlsOptions;
}

export interface Listener {
  readonly port: number;
  /** Associations established now. */
  associations(): number;
  /** New associations are refused as transient; current ones may finish within the grace, then are aborted. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** While closing, an association with nothing under way need not be waited for longer than this. */
const CLOSING_IDLE_TIMEOUT_MS = 2_000;
/** After the A-ABORTs of a closing listener: time for them to leave. */
const ABORT_FLUSH_MS = 200;

export async function startListener(options: ListenerOptions): Promise<Listener> {
  const house = new House(options);
  const server = options.tls === undefined ? plainServer(house) : tlsServer(house, options.tls);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => house.tell({ kind: 'listener-error', why: error.message }));
  return {
    port: (server.address() as AddressInfo).port,
    associations: () => house.associations.total,
    close: ({ graceMs = 0 } = {}) => house.close(server, graceMs),
  };
}

function plainServer(house: House): Server {
  return createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (accepted) => {
    if (!house.hasRoomFor(accepted)) return;
    const socket = withReadBuffer(accepted);
    house.count(socket);
    house.welcome(socket);
  });
}

function tlsServer(house: House, tls: TlsOptions): Server {
  const server = createTlsServer({ minVersion: 'TLSv1.2', handshakeTimeout: house.limits.artimTimeoutMs, ...tls }, (socket) => house.welcome(socket));
  // Emitted for the raw socket: ceilings hold before any handshake.
  server.prependListener('connection', (raw: Socket) => {
    if (house.hasRoomFor(raw)) house.count(raw);
  });
  server.on('tlsClientError', (error: Error, socket: Socket) => house.tlsFailed(error, socket));
  return server;
}

/** What the connections of one listener share. */
class House {
  readonly limits: DimseLimits;
  readonly associations = new Tally();
  readonly #sockets = new Tally();
  readonly #policy: NegotiationPolicy;
  readonly #options: ListenerOptions;
  readonly #guests = new Set<Guest>();
  readonly #open = new Set<Socket>();
  /** What sinks were asked to do and have not done, of associations that are over. */
  readonly #unsettled = new Set<Promise<void>>();
  #isClosing = false;
  #emptied: (() => void) | undefined;
  #vacated: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const limits = { ...DIMSE_LIMITS, ...options.limits };
    // What is asked for must be within what is taken.
    this.limits = { ...limits, pDataPduAnnouncedBytes: Math.min(limits.pDataPduAnnouncedBytes, limits.pDataPduMaxBytes) };
    this.#policy = { ...OPEN_DOOR, ...options.policy };
  }

  get sink(): StoreSink {
    return this.#options.storeSink;
  }

  tell(event: ListenerEvent): void {
    this.#options.onEvent?.(event);
  }

  /** False, and the socket closed, where a ceiling on connections is reached. */
  hasRoomFor(socket: Socket): boolean {
    const remoteAddress = socket.remoteAddress ?? '';
    const refusal =
      this.#sockets.total >= this.limits.connectionsMax ? 'connections-max'
      : this.#sockets.of(remoteAddress) >= this.limits.connectionsPerPeerMax ? 'connections-per-peer-max'
      : undefined;
    if (refusal === undefined) return true;
    this.tell({ kind: 'connection-refused', remoteAddress, remotePort: socket.remotePort ?? 0, why: refusal });
    socket.destroy();
    return false;
  }

  count(socket: Socket): void {
    const remoteAddress = socket.remoteAddress ?? '';
    this.#sockets.add(remoteAddress);
    this.#open.add(socket);
    socket.once('close', () => {
      this.#sockets.remove(remoteAddress);
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#vacated?.();
    });
  }

  welcome(socket: Socket): void {
    if (socket.destroyed) return;
    socket.setNoDelay(true);
    this.#guests.add(new Guest(this, socket));
  }

  tlsFailed(error: Error, socket: Socket): void {
    this.tell({ kind: 'tls-failed', remoteAddress: socket.remoteAddress ?? '', remotePort: socket.remotePort ?? 0, why: error.message });
    socket.destroy();
  }

  /** The policy, with the ceilings before it. */
  policyNow(): NegotiationPolicy {
    return {
      ...this.#policy,
      admit: (requester) => this.#limitReached(requester.remoteAddress) ?? this.#policy.admit(requester),
    };
  }

  #limitReached(remoteAddress: string): AssociateReject | undefined {
    if (this.#isClosing) return { ...REJECT.temporaryCongestion, code: 'closing' };
    if (this.associations.total >= this.limits.associationsMax) return { ...REJECT.localLimitExceeded, code: 'associations-max' };
    if (this.associations.of(remoteAddress) >= this.limits.associationsPerPeerMax) {
      return { ...REJECT.localLimitExceeded, code: 'associations-per-peer-max' };
    }
    return undefined;
  }

  departed(guest: Guest): void {
    this.#guests.delete(guest);
    const settled = guest.settled.finally(() => this.#unsettled.delete(settled));
    this.#unsettled.add(settled);
    if (this.associations.total === 0) this.#emptied?.();
  }

  async close(server: Server, graceMs: number): Promise<void> {
    this.#isClosing = true;
    for (const guest of this.#guests) guest.connection.shortenIdleTimeout(CLOSING_IDLE_TIMEOUT_MS);
    if (this.associations.total > 0 && graceMs > 0) await this.#untilEmptyOr(graceMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const guest of [...this.#guests]) guest.connection.abort('shutting down');
    // The server's own count does not know the sockets that took over a handle.
    const vacated = new Promise<void>((resolve) => {
      this.#vacated = resolve;
      if (this.#open.size === 0) resolve();
    });
    const flushed = setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
    }, ABORT_FLUSH_MS);
    await Promise.all([closed, vacated]);
    clearTimeout(flushed);
    // What a sink was asked to commit is committed, even where the answer could no longer be sent.
    await Promise.all(this.#unsettled);
  }

  #untilEmptyOr(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One connection, from TCP accept to close; a provider once the association is established. */
class Guest {
  readonly connection: Connection;
  readonly #house: House;
  readonly #remoteAddress: string;
  readonly #remotePort: number;
  readonly #associationId = randomUUID();
  #provider: StoreProvider | undefined;
  #instanceCount = 0;
  #titles = { callingAeTitle: '', calledAeTitle: '' };

  constructor(house: House, socket: Socket) {
    this.#house = house;
    this.#remoteAddress = socket.remoteAddress ?? '';
    this.#remotePort = socket.remotePort ?? 0;
    socket.once('close', () => house.departed(this));
    this.connection = new Connection(socket, 'acceptor', house.limits, {
      answerAssociate: (rq) => this.#answer(rq),
      takeFragment: (fragment) => this.#provider!.takeFragment(fragment),
      isMidMessage: () => this.#provider?.isMidMessage ?? false,
      ended: (ending) => this.#ended(ending),
    });
  }

  get settled(): Promise<void> {
    return this.#provider?.settled ?? Promise.resolve();
  }

  get #who() {
    return { associationId: this.#associationId, ...this.#titles, remoteAddress: this.#remoteAddress, remotePort: this.#remotePort };
  }

  #answer(rq: AssociateRq): AssociateAnswer {
    const house = this.#house;
    this.#titles = { callingAeTitle: readAeTitle(rq.callingAeTitle), calledAeTitle: readAeTitle(rq.calledAeTitle) };
    const negotiation = negotiate(rq, this.#remoteAddress, house.policyNow(), house.limits.pDataPduAnnouncedBytes);
    if (negotiation.kind === 'rejected') return negotiation;
    house.associations.add(this.#remoteAddress);
    this.#provider = new StoreProvider(negotiation.contexts, {
      sink: house.sink,
      objectMaxBytes: house.limits.objectMaxBytes,
      origin: this.#who,
      send: (parts) => { if (this.connection.canSend) this.connection.sendPData(...parts); },
      abort: (why) => this.connection.abort(why),
      abortAsInvalid: (why) => this.connection.abortAsInvalid(why),
      onStoreAnswered: (answer) => {
        this.#instanceCount++;
        house.tell({ kind: 'store-answered', ...this.#who, ...answer });
      },
      onMessageRefused: (refusal) => house.tell({ kind: 'message-refused', ...this.#who, ...refusal }),
    });
    house.tell({
      kind: 'association-accepted',
      ...this.#who,
      acceptedContextCount: negotiation.contexts.size,
      proposedContextCount: rq.presentationContexts.length,
      implementationVersion: rq.userInformation.implementationVersion,
    });
    return negotiation;
  }

  #ended(ending: Ending): void {
    const house = this.#house;
    if (this.#provider === undefined) {
      house.tell({ kind: 'association-refused', ...this.#who, how: ending.how, why: ending.why, ...(ending.reject === undefined ? {} : { reject: ending.reject }) });
      return;
    }
    house.associations.remove(this.#remoteAddress);
    this.#provider.end(ending.why === '' ? ending.how : ending.why);
    house.tell({
      kind: 'association-ended',
      ...this.#who,
      how: ending.how,
      why: ending.why,
      instanceCount: this.#instanceCount,
      bytesReceived: this.connection.bytesReceived,
    });
    house.departed(this);
  }
}
