/**
 * Cuts a data set that comes in chunks of any size into fragments of one size, without copying. Every fragment but the
 * last has an even length: DCMTK, for one, aborts on odd ones. Pure.
 */
export interface CutFragment {
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
}

export class FragmentCutter {
  readonly #fragmentBytes: number;
  #parts: Uint8Array[] = [];
  #byteLength = 0;
  #isOdd = false;

  constructor(fragmentMaxBytes: number) {
    this.#fragmentBytes = fragmentMaxBytes - (fragmentMaxBytes % 2);
  }

  /** The fragments that are full and are not the last: more bytes follow them. */
  *push(chunk: Uint8Array): Generator<CutFragment> {
    this.#isOdd = this.#isOdd !== (chunk.length % 2 === 1);
    for (let at = 0; at < chunk.length; ) {
      if (this.#byteLength === this.#fragmentBytes) yield this.rest();
      const take = Math.min(chunk.length - at, this.#fragmentBytes - this.#byteLength);
      this.#parts.push(chunk.subarray(at, at + take));
      this.#byteLength += take;
      at += take;
    }
  }

  /** One byte 00H where all that was pushed has an odd length; the fragment at hand then has room for it. */
  padToEven(): void {
    if (!this.#isOdd) return;
    this.#parts.push(Uint8Array.of(0));
    this.#byteLength++;
    this.#isOdd = false;
  }

  /** What is left: the last fragment, maybe empty. */
  rest(): CutFragment {
    const fragment = { parts: this.#parts, byteLength: this.#byteLength };
    this.#parts = [];
    this.#byteLength = 0;
    return fragment;
  }
}
