/**
 * Asks the dynamic loader what of CUDA is missing on this machine. Only after onnxruntime has failed: it keeps the
 * loader's words to its log. Leaves out whether a GPU is there: that CUDA itself says (cuda-trouble.ts).
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { CudaProbe } from './cuda-trouble.ts';

const PROVIDER_FILES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;
const LOADER_TEXT_LENGTH_MAX = 200;

/** Where onnxruntime-node keeps its native parts, and where the CUDA provider belongs. */
export function providerFolder(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

export function probeCuda(folder: string = providerFolder()): CudaProbe {
  const missingFiles = PROVIDER_FILES.filter((name) => !existsSync(join(folder, name)));
  const provider = missingFiles.length > 0 ? undefined : loaderSays(join(folder, PROVIDER_FILES[1]));
  // The names are fixed: the driver's by NVIDIA, cuDNN's by onnxruntime, which opens it when the first network wants it.
  const driver = loaderSays('libcuda.so.1');
  const cudnn = loaderSays('libcudnn.so.9');
  return { missingFiles, ...(provider === undefined ? {} : { provider }), ...(driver === undefined ? {} : { driver }), ...(cudnn === undefined ? {} : { cudnn }) };
}

/** undefined: all that the library needs is there. */
export function loaderSays(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_NOW);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : 'unknown';
    // Node misses its own entry point in the first, the provider its host in the second: what they need, they have.
    return /did not self-register|undefined symbol: Provider_GetHost/.test(said) ? undefined : said.slice(0, LOADER_TEXT_LENGTH_MAX);
  }
}
