import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
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
