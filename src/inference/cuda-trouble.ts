/**
 * Why CUDA cannot be used, in words for whoever runs the machine: onnxruntime's own message names source files first and
 * the reason last, or says "Failed to load shared library" for whatever is missing. PURE: what the dynamic loader said
 * comes from cuda-probe.ts. Leaves out what happens to a GPU after the start (the worker ends, and the hub restarts it).
 */

/** What the dynamic loader said to each part; a part that loads is absent. */
export interface CudaProbe {
  /** Files that are not beside onnxruntime-node. */
  readonly missingFiles: readonly string[];
  readonly provider?: string;
  readonly driver?: string;
  readonly cudnn?: string;
}

/** cudaError_t → what to do about it. The text of the error itself is shown before it. */
const DEVICE_ADVICE: ReadonlyMap<number, string> = new Map([
  [2, 'The card\'s memory is full (nvidia-smi shows by what): free it, or set batchMax lower'],
  [35, 'Update NVIDIA\'s driver: it is older than the CUDA libraries here (CUDA 13 needs 580 or later)'],
  [46, 'Another process holds the card for itself alone (nvidia-smi shows which)'],
  [100, 'The driver sees no GPU: nvidia-smi must list one, a container needs --gpus all, and CUDA_VISIBLE_DEVICES must not hide it'],
  [101, 'nvidia-smi -L lists the GPUs there are; the first one is cuda:0'],
  [209, 'This build of onnxruntime has no code for this generation of GPU'],
  [803, 'The driver was updated under a running kernel: restart the machine'],
]);

/** `undefined`: what onnxruntime said is not about CUDA. `probe` is asked only where the message does not say it all. */
export function cudaTrouble(said: string, probe: () => CudaProbe): string | undefined {
  const [, failed, number, text] = /\b(CUDA|CUDNN|CUBLAS|CURAND|CUFFT) failure (\d+): ([^;\n]{1,200})/.exec(said) ?? [];
  if (failed === 'CUDA') return sentences(`CUDA error ${number}, ${text?.trim()}`, DEVICE_ADVICE.get(Number(number)));
  if (failed !== undefined) {
    return sentences(`${failed} failed with ${number}, ${text?.trim()}`, 'Mostly the card\'s memory is full (nvidia-smi), the library is not the one for this CUDA, or the card is older than the library serves');
  }
  if (/cuDNN is (?:unavailable|not available)/.test(said)) return cudnnTrouble(probe().cudnn);
  if (/Failed to load (?:shared )?library/.test(said)) return libraryTrouble(probe());
  return /ExecutionProvider_?Cuda|CUDAExecutionProvider|providers\/cuda/i.test(said) ? sentences(`onnxruntime says: ${said.slice(-300).trim()}`) : undefined;
}

function libraryTrouble(probe: CudaProbe): string {
  if (probe.missingFiles.length > 0) return sentences(`onnxruntime's CUDA provider is not installed (${probe.missingFiles.join(', ')} beside onnxruntime-node)`, 'npm ci brings the CPU provider only');
  const all: string[] = [];
  if (probe.driver !== undefined) all.push(sentences(`NVIDIA's driver is not there (${probe.driver})`, 'Install it, or start the container with --gpus all'));
  // The loader stops at the first library that it does not find: where that is the driver, it has been said.
  if (probe.provider !== undefined && !probe.provider.startsWith('libcuda.so')) {
    const major = /^libcu(?:blas|blasLt|dart)\.so\.(\d+)/.exec(probe.provider)?.[1];
    all.push(sentences(`The CUDA provider's libraries are not complete (${probe.provider})`, major === undefined ? undefined : `It is built for CUDA ${major}: install the runtime libraries of CUDA ${major}, or put their folder on LD_LIBRARY_PATH`));
  }
  return all.length > 0 ? all.join('. ') : 'onnxruntime cannot load its CUDA provider, though each library is found: its version must be that of onnxruntime-node in package.json';
}

const cudnnTrouble = (loader: string | undefined): string =>
  sentences(`cuDNN cannot be loaded${loader === undefined ? '' : ` (${loader})`}`, 'Install cuDNN 9 for the same CUDA, or put its folder on LD_LIBRARY_PATH');

const sentences = (...parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined).join('. ');
