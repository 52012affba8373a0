/**
 * Watches that a peer, while it is its turn, says something (idle timeout) and, in the middle of a message, says it at a
 * least pace: a sender that drips one byte a second is never idle. A window in which we ourselves held it back, or in which
 * its message began, is excused: the next one is not.
 */
import type { DimseLimits } from './limits.ts';

export interface Watched {
  /** Bytes received so far. */
  bytesReceived(): number;
  /** We are busy with what has come: the peer owes nothing. */
  isHeldByUs(): boolean;
  /** A PDU or message has begun and not ended. */
  isMidway(): boolean;
  expired(why: 'idle timeout' | 'slower than the least pace'): void;
}

export type SilenceLimits = Pick<DimseLimits, 'idleTimeoutMs' | 'paceWindowMs' | 'paceMinBytes'>;

export class SilenceWatch {
  readonly #watched: Watched;
  readonly #limits: SilenceLimits;
  #idle: NodeJS.Timeout;
  readonly #pace: NodeJS.Timeout;
  #bytesAtWindow = 0;
  #wasHeldInWindow = false;
  /** Between messages for some of the window: one that has only just begun is not slow. */
  #wasBetweenInWindow = true;

  constructor(limits: SilenceLimits, watched: Watched) {
    this.#limits = limits;
    this.#watched = watched;
    this.#idle = this.#startIdle(limits.idleTimeoutMs);
    this.#pace = setInterval(() => this.#judgePace(), limits.paceWindowMs);
  }

  /** The peer spoke (told before its bytes are looked at), or has its turn again. */
  heard(): void {
    if (!this.#watched.isMidway()) this.#wasBetweenInWindow = true;
    this.#idle.refresh();
  }

  held(): void {
    this.#wasHeldInWindow = true;
  }

  shortenIdleTimeout(idleTimeoutMs: number): void {
    clearTimeout(this.#idle);
    this.#idle = this.#startIdle(idleTimeoutMs);
  }

  stop(): void {
    clearTimeout(this.#idle);
    clearInterval(this.#pace);
  }

  #startIdle(idleTimeoutMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#watched.isHeldByUs()) this.#idle.refresh();
      else this.#watched.expired('idle timeout');
    }, idleTimeoutMs);
  }

  #judgePace(): void {
    const bytes = this.#watched.bytesReceived();
    const received = bytes - this.#bytesAtWindow;
    const isExcused = this.#wasHeldInWindow || this.#wasBetweenInWindow || !this.#watched.isMidway();
    this.#bytesAtWindow = bytes;
    this.#wasBetweenInWindow = !this.#watched.isMidway();
    this.#wasHeldInWindow = this.#watched.isHeldByUs();
    if (!isExcused && received < this.#limits.paceMinBytes) this.#watched.expired('slower than the least pace');
  }
}
