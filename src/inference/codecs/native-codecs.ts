/**
 * One instance of dcmjs-codecs' WebAssembly module (libijg, OpenJPEG, CharLS, OpenJPH behind one context interface).
 * Driven directly and not through the package's JavaScript, because that is one global instance which cannot be
 * replaced after a trap, and which throws the decoders' warnings away: here every warning is returned, since
 * "premature end of data" is the only sign that a picture is half grey.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { FirstreadError } from '../../errors.ts';

/** The order in which the module numbers them. */
const PHOTOMETRIC = ['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_PARTIAL_422', 'YBR_PARTIAL_420', 'YBR_ICT', 'YBR_RCT', 'CMYK', 'ARGB', 'HSV'];

export interface CodecPicture {
  readonly columns: number;
  readonly rows: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly samplesPerPixel: number;
  readonly signed: boolean;
  readonly planar: boolean;
  readonly photometricInterpretation: string;
}

export interface CodecOutput {
  readonly bytes: Uint8Array;
  readonly planar: boolean;
  readonly warnings: readonly string[];
}

type NativeDecoder = 'DecodeRle' | 'DecodeJpeg' | 'DecodeJpegLs' | 'DecodeJpeg2000' | 'DecodeHtJpeg2000';
type NativeEncoder = 'EncodeRle' | 'EncodeJpeg' | 'EncodeJpegLs' | 'EncodeJpeg2000' | 'EncodeHtJpeg2000';

export interface EncoderParameters {
  readonly lossy?: boolean;
  /** JPEG, 1–100. */
  readonly quality?: number;
  /** JPEG lossless selection value, 1–7. */
  readonly predictor?: number;
  /** JPEG-LS NEAR. */
  readonly allowedLossyError?: number;
  /** JPEG 2000: 0 LRCP, 1 RLCP, 2 RPCL, 3 PCRL, 4 CPRL. */
  readonly progressionOrder?: number;
  /** JPEG 2000 compression ratio. */
  readonly rate?: number;
}

type Exports = Record<string, (...args: number[]) => number> & { readonly memory: { readonly buffer: ArrayBuffer } };

/** The platform's WebAssembly, as much of it as is used (TypeScript has its types only in the browser library). */
interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WasmApi };

let compiled: object | undefined;

function compile(): object {
  compiled ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('dcmjs-codecs/build/dcmjs-native-codecs.wasm')));
  return compiled;
}

/** The module's memory only grows; past this it is dropped after use and made anew. */
const MEMORY_KEEP_MAX_BYTES = 512 * 2 ** 20;
const WARNINGS_MAX = 16;

class CodecException extends Error {}

export class NativeCodecs {
  private wasm: Exports | undefined;
  private warnings: string[] = [];

  private instance(): Exports {
    if (this.wasm !== undefined) return this.wasm;
    const text = (pointer: number, length: number): string => new TextDecoder('latin1').decode(new Uint8Array(this.wasm!.memory.buffer, pointer, Math.min(length, 400)));
    const note = (pointer: number, length: number): void => {
      if (this.warnings.length < WARNINGS_MAX) this.warnings.push(text(pointer, length));
    };
    const imports = {
      env: {
        emscripten_notify_memory_growth: () => undefined,
        onCodecsInfo: note,
        onCodecsTrace: () => undefined,
        onCodecsException: (pointer: number, length: number) => {
          throw new CodecException(text(pointer, length));
        },
      },
      wasi_snapshot_preview1: {
        environ_get: () => 0,
        environ_sizes_get: (count: number, size: number) => {
          const view = new DataView(this.wasm!.memory.buffer);
          view.setUint32(count, 0, true);
          view.setUint32(size, 0, true);
          return 0;
        },
        proc_exit: (code: number) => {
          throw new CodecException(`the module exited with ${code}`);
        },
        clock_time_get: (_clock: number, _precision: bigint, pointer: number) => {
          new DataView(this.wasm!.memory.buffer).setBigUint64(pointer, 0n, true);
          return 0;
        },
        fd_write: (_descriptor: number, vectors: number, count: number, written: number) => {
          const view = new DataView(this.wasm!.memory.buffer);
          let total = 0;
          for (let i = 0; i < count; i++) {
            note(view.getUint32(vectors + 8 * i, true), view.getUint32(vectors + 8 * i + 4, true));
            total += view.getUint32(vectors + 8 * i + 4, true);
          }
          view.setUint32(written, total, true);
          return 0;
        },
        fd_seek: () => 0,
        fd_close: () => 0,
      },
    };
    this.wasm = new WebAssembly.Instance(compile(), imports).exports as Exports;
    this.wasm['_initialize']?.();
    return this.wasm;
  }

  private openContext(wasm: Exports, picture: CodecPicture): number {
    const context = wasm['CreateCodecsContext']!();
    wasm['SetColumns']!(context, picture.columns);
    wasm['SetRows']!(context, picture.rows);
    wasm['SetBitsAllocated']!(context, picture.bitsAllocated);
    wasm['SetBitsStored']!(context, picture.bitsStored);
    wasm['SetSamplesPerPixel']!(context, picture.samplesPerPixel);
    wasm['SetPixelRepresentation']!(context, picture.signed ? 1 : 0);
    wasm['SetPlanarConfiguration']!(context, picture.planar ? 1 : 0);
    const photometric = PHOTOMETRIC.indexOf(picture.photometricInterpretation);
    wasm['SetPhotometricInterpretation']!(context, photometric < 0 ? (picture.samplesPerPixel === 1 ? 1 : 3) : photometric);
    return context;
  }

  /** Runs `work`; whatever goes wrong inside drops the instance, whose heap can no longer be trusted. */
  private guarded<T>(operation: string, work: (wasm: Exports) => T): T {
    this.warnings = [];
    try {
      const wasm = this.instance();
      const outcome = work(wasm);
      if (wasm.memory.buffer.byteLength > MEMORY_KEEP_MAX_BYTES) this.wasm = undefined;
      return outcome;
    } catch (error) {
      this.wasm = undefined;
      throw new FirstreadError('pixels-damaged', `${operation}: ${error instanceof Error ? error.message.slice(0, 200) : 'trap'}`, {}, error);
    }
  }

  decode(decoder: NativeDecoder, encoded: Uint8Array, picture: CodecPicture): CodecOutput {
    return this.guarded(decoder, (wasm) => {
      const context = this.openContext(wasm, picture);
      wasm['SetEncodedBufferSize']!(context, encoded.length);
      new Uint8Array(wasm.memory.buffer).set(encoded, wasm['GetEncodedBuffer']!(context));
      const parameters = wasm['CreateDecoderParameters']!();
      wasm['SetConvertColorspaceToRgb']!(parameters, 0);
      wasm[decoder]!(context, parameters);
      wasm['ReleaseDecoderParameters']!(parameters);
      const pointer = wasm['GetDecodedBuffer']!(context);
      const bytes = new Uint8Array(wasm.memory.buffer, pointer, wasm['GetDecodedBufferSize']!(context)).slice();
      const planar = wasm['GetPlanarConfiguration']!(context) === 1;
      wasm['ReleaseCodecsContext']!(context);
      return { bytes, planar, warnings: this.warnings };
    });
  }

  /** For fixtures and tests: Firstread itself never re-encodes an image. */
  encode(encoder: NativeEncoder, samples: Uint8Array, picture: CodecPicture, options: EncoderParameters = {}): Uint8Array {
    return this.guarded(encoder, (wasm) => {
      const context = this.openContext(wasm, picture);
      wasm['SetDecodedBufferSize']!(context, samples.length);
      new Uint8Array(wasm.memory.buffer).set(samples, wasm['GetDecodedBuffer']!(context));
      const parameters = wasm['CreateEncoderParameters']!();
      wasm['SetLossy']!(parameters, options.lossy === true ? 1 : 0);
      wasm['SetQuality']!(parameters, options.quality ?? 90);
      wasm['SetSmoothingFactor']!(parameters, 0);
      wasm['SetSampleFactor']!(parameters, 0);
      wasm['SetPredictor']!(parameters, options.predictor ?? 1);
      wasm['SetPointTransform']!(parameters, 0);
      wasm['SetAllowedLossyError']!(parameters, options.allowedLossyError ?? 2);
      wasm['SetProgressionOrder']!(parameters, options.progressionOrder ?? 0);
      wasm['SetRate']!(parameters, options.rate ?? 20);
      wasm['SetAllowMct']!(parameters, 1);
      wasm[encoder]!(context, parameters);
      wasm['ReleaseEncoderParameters']!(parameters);
      const bytes = new Uint8Array(wasm.memory.buffer, wasm['GetEncodedBuffer']!(context), wasm['GetEncodedBufferSize']!(context)).slice();
      wasm['ReleaseCodecsContext']!(context);
      return bytes;
    });
  }
}
