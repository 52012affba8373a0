/**
 * CharLS (JPEG-LS) and OpenJPH (HTJ2K) as WebAssembly: both have the same shape of decoder. An instance is kept between
 * pictures and dropped after any failure.
 */
import { createRequire } from 'node:module';
import { FirstreadError } from '../../errors.ts';

interface FrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned?: boolean;
}

interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): void;
  getFrameInfo(): FrameInfo;
  getInterleaveMode?(): number;
  delete(): void;
}

interface CodecModule {
  readonly JpegLSDecoder?: new () => WasmDecoder;
  readonly HTJ2KDecoder?: new () => WasmDecoder;
  getExceptionMessage?(exception: unknown): readonly string[] | string;
}

type ModuleFactory = (options: { print(line: string): void; printErr(line: string): void }) => Promise<CodecModule>;

export interface WasmPicture {
  readonly bytes: Uint8Array;
  readonly info: FrameInfo;
  /** JPEG-LS colour: 0 by plane, 1 by line, 2 by pixel (CharLS gives line and pixel back by pixel). */
  readonly interleaveMode: number;
  readonly warnings: readonly string[];
}

const require = createRequire(import.meta.url);
const WARNINGS_MAX = 16;

export class EmscriptenCodec {
  private readonly packagePath: string;
  private readonly decoderName: 'JpegLSDecoder' | 'HTJ2KDecoder';
  private module: Promise<CodecModule> | undefined;
  private warnings: string[] = [];

  constructor(packagePath: string, decoderName: 'JpegLSDecoder' | 'HTJ2KDecoder') {
    this.packagePath = packagePath;
    this.decoderName = decoderName;
  }

  private load(): Promise<CodecModule> {
    const note = (line: string): void => {
      if (this.warnings.length < WARNINGS_MAX) this.warnings.push(String(line).slice(0, 200));
    };
    this.module ??= (require(this.packagePath) as ModuleFactory)({ print: note, printErr: note });
    return this.module;
  }

  async decode(encoded: Uint8Array): Promise<WasmPicture> {
    const module = await this.load();
    this.warnings = [];
    try {
      const decoder = new module[this.decoderName]!();
      decoder.getEncodedBuffer(encoded.length).set(encoded);
      decoder.decode();
      const picture = { bytes: decoder.getDecodedBuffer().slice(), info: { ...decoder.getFrameInfo() }, interleaveMode: decoder.getInterleaveMode?.() ?? 2, warnings: this.warnings };
      decoder.delete();
      return picture;
    } catch (error) {
      this.module = undefined;
      throw new FirstreadError('pixels-damaged', `${this.decoderName}: ${describe(error, module)}`, {}, error instanceof Error ? error : undefined);
    }
  }
}

function describe(error: unknown, module: CodecModule): string {
  if (error instanceof Error && error.message !== '') return error.message.slice(0, 200);
  try {
    const message = module.getExceptionMessage?.(error);
    if (message !== undefined) return String(message).slice(0, 200);
  } catch {
    // The module is broken; there is nothing more to learn from it.
  }
  return 'the decoder gave up';
}
