/** A scripted peer: a plain socket that sends the bytes it is told and collects what comes back, PDU by PDU. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export class RawPeer {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const ended = (): void => {
      this.#isEnded = true;
      this.#wake();
    };
    socket.on('error', ended);
    socket.on('end', ended);
    socket.on('close', ended);
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  send(...pdus: readonly Uint8Array[]): this {
    for (const pdu of pdus) this.socket.write(pdu);
    return this;
  }

  /** The next whole PDU, or undefined when the other side has closed without one. */
  async receive(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#received.length >= 6) {
        const end = 6 + this.#received.readUInt32BE(2);
        if (this.#received.length >= end) {
          const pdu = this.#received.subarray(0, end);
          this.#received = this.#received.subarray(end);
          return pdu;
        }
      }
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }

  /** Everything until the other side closes its half. */
  async receiveAll(): Promise<Buffer[]> {
    const pdus: Buffer[] = [];
    for (let pdu = await this.receive(); pdu !== undefined; pdu = await this.receive()) pdus.push(pdu);
    return pdus;
  }

  close(): void {
    this.socket.destroy();
  }
}
