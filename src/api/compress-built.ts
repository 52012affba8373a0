/** What a build made, compressed once and for all instead of on every request. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Scripts, styles and WebAssembly of this folder, each beside itself as `.gz` and `.br`. */
export function compressBuilt(folder: string, brotliQuality: number): void {
  for (const name of readdirSync(folder).filter((one) => /\.(js|css|wasm)$/.test(one))) {
    const bytes = readFileSync(join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }));
  }
}
