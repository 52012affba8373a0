import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { loaderSays, probeCuda } from '../../src/inference/cuda-probe.ts';
import { cudaTrouble } from '../../src/inference/cuda-trouble.ts';
import type { CudaProbe } from '../../src/inference/cuda-trouble.ts';
import { judgeProfile } from '../../src/inference/provider-profile.ts';
import { describeProvider, parseProvider } from '../../src/inference/provider.ts';
import { tinyYolo } from '../models/tiny-models.ts';

describe('provider', () => {
  test('cpu and cuda:N, and nothing else', () => {
    expect(parseProvider('cpu')).toEqual({ name: 'cpu', deviceId: 0 });
    expect(parseProvider('cuda')).toEqual({ name: 'cuda', deviceId: 0 });
    expect(describeProvider(parseProvider('cuda:3'))).toBe('cuda:3');
    for (const wrong of ['gpu', 'cuda:', 'cuda:-1', 'cuda:64', 'CPU', '']) expect(() => parseProvider(wrong)).toThrow(/write "cpu" or "cuda:N"/);
  });

  /** The real thing: onnxruntime's own profile of a run on this machine's CPU. */
  test('a run that fell back to the CPU is seen in onnxruntime\'s profile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firstread-profile-test-'));
    try {
      const session = await InferenceSession.create(tinyYolo(), { enableProfiling: true, profileFilePrefix: join(folder, 'run') });
      await session.run({ images: new Tensor('float32', new Float32Array(3 * 320 * 320), [1, 3, 320, 320]) });
      session.endProfiling();
      const [file] = await readdir(folder);
      const profile = await readFile(join(folder, file ?? ''), 'utf8');
      expect(judgeProfile(profile, 'CPUExecutionProvider')).toBeUndefined();
      expect(judgeProfile(profile, 'CUDAExecutionProvider')).toMatch(/Conv on CPUExecutionProvider/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('shape arithmetic on the CPU is no fallback, a heavy node is', () => {
    const node = (provider: string, op_name: string) => ({ cat: 'Node', args: { provider, op_name } });
    const profile = (...nodes: object[]): string => JSON.stringify(nodes);
    expect(judgeProfile(profile(node('CUDAExecutionProvider', 'Conv'), node('CPUExecutionProvider', 'Gather')), 'CUDAExecutionProvider')).toBeUndefined();
    expect(judgeProfile(profile(node('CUDAExecutionProvider', 'Conv'), node('CPUExecutionProvider', 'Resize')), 'CUDAExecutionProvider')).toBe('1 × Resize on CPUExecutionProvider');
    expect(judgeProfile(profile(node('CPUExecutionProvider', 'Gather')), 'CUDAExecutionProvider')).toMatch(/no node ran/);
    expect(judgeProfile('no json', 'x')).toMatch(/not JSON/);
  });
});

/** onnxruntime 1.30's own messages, as it gave them on machines where one thing after the other was missing. */
describe('what is wrong with CUDA', () => {
  const cudaCall = (failure: string, kind = 'cudaError'): string =>
    `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, const char*, int) [with ERRTYPE = ${kind}; bool THRW = true; SUCCTYPE = ${kind}; std::conditional_t<THRW, void, common::Status> = void] ${failure} ; GPU=-1 ; hostname=gpu1 ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider.cc ; line=352 ; expr=cudaSetDevice(info_.device_id); \n\n`;
  const notLoaded = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';
  const notFound = (library: string): string => `${library}: cannot open shared object file: No such file or directory`;
  const unasked = (): CudaProbe => {
    throw new Error('the message says it all');
  };

  test.each([
    [100, 'no CUDA-capable device is detected', /^CUDA error 100, no CUDA-capable device is detected\. The driver sees no GPU/],
    [35, 'CUDA driver version is insufficient for CUDA runtime version', /Update NVIDIA's driver/],
    [101, 'invalid device ordinal', /nvidia-smi -L lists/],
    [719, 'unspecified launch failure', /^CUDA error 719, unspecified launch failure$/],
  ])('CUDA error %i: the reason, not the source file that onnxruntime names first', (number, text, words) => {
    const trouble = cudaTrouble(cudaCall(`CUDA failure ${number}: ${text}`), unasked);
    expect(trouble).toMatch(words);
    expect(trouble).not.toMatch(/onnxruntime_src|hostname/);
  });

  test('"Failed to load shared library" is told apart: provider, driver, CUDA of another major', () => {
    const both = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];
    expect(cudaTrouble(notLoaded, () => ({ missingFiles: both, driver: notFound('libcuda.so.1') }))).toMatch(/not installed \(libonnxruntime_providers_shared\.so, .* npm ci brings the CPU provider only$/);
    const onlyDriver = cudaTrouble(notLoaded, () => ({ missingFiles: [], provider: notFound('libcuda.so.1'), driver: notFound('libcuda.so.1') }));
    expect(onlyDriver).toMatch(/^NVIDIA's driver is not there/);
    expect(onlyDriver).not.toMatch(/not complete/);
    const onlyCuda = cudaTrouble(notLoaded, () => ({ missingFiles: [], provider: notFound('libcublasLt.so.13') }));
    expect(onlyCuda).toMatch(/^The CUDA provider's libraries are not complete \(libcublasLt\.so\.13: .*built for CUDA 13: install/);
    const neither = cudaTrouble(notLoaded, () => ({ missingFiles: [], provider: notFound('libcublasLt.so.13'), driver: notFound('libcuda.so.1') }));
    expect(neither).toMatch(/driver is not there .*built for CUDA 13/);
    expect(cudaTrouble(notLoaded, () => ({ missingFiles: [] }))).toMatch(/version must be that of onnxruntime-node/);
  });

  test('cuDNN, which onnxruntime opens only for the first convolution, is not the model\'s fault', () => {
    const said = "Non-zero status code returned while running Conv node. Name:'/conv' Status Message: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_kernel.h:296 static cudnnContext* onnxruntime::cuda::CudaKernel::RequireCudnnHandle(cudnnHandle_t) [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : cuDNN is unavailable or disabled for CUDA Execution Provider: dlopen failed for libcudnn.so: libcudnn.so: cannot open shared object file";
    expect(cudaTrouble(said, () => ({ missingFiles: [], cudnn: notFound('libcudnn.so.9') }))).toMatch(/^cuDNN cannot be loaded \(libcudnn\.so\.9: .*Install cuDNN 9/);
    expect(cudaTrouble(cudaCall('CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED', 'cudnnStatus_t'), unasked)).toMatch(/^CUDNN failed with 1001, CUDNN_STATUS_NOT_INITIALIZED\. /);
  });

  test('a damaged network stays the model\'s fault, wherever its folder lies', () => {
    for (const said of ['Load model from /srv/cuda-models/x/model.onnx failed:Protobuf parsing failed.', 'Got invalid dimensions for input: image', '']) expect(cudaTrouble(said, unasked)).toBeUndefined();
  });

  test('the loader is asked for real: a library that is there, one that is not, files that are no libraries', async () => {
    expect(loaderSays('libm.so.6')).toBeUndefined();
    expect(loaderSays('libfirstread-no-such.so.1')).toMatch(/^libfirstread-no-such\.so\.1: cannot open shared object file/);
    const folder = await mkdtemp(join(tmpdir(), 'firstread-provider-test-'));
    try {
      expect(probeCuda(folder).missingFiles).toHaveLength(2);
      await writeFile(join(folder, 'libonnxruntime_providers_shared.so'), '');
      expect(probeCuda(folder)).toMatchObject({ missingFiles: ['libonnxruntime_providers_cuda.so'] });
      await writeFile(join(folder, 'libonnxruntime_providers_cuda.so'), 'no library');
      expect(probeCuda(folder)).toMatchObject({ missingFiles: [], provider: expect.stringMatching(/file too short|invalid ELF header/) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
