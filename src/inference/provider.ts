/**
 * Execution providers by name: `cpu`, or `cuda:N` for the GPU with that device id. PURE.
 * Leaves out TensorRT, DirectML and WebGPU: nobody has measured them here.
 */
import { FirstreadError } from '../errors.ts';

export interface Provider {
  readonly name: 'cpu' | 'cuda';
  readonly deviceId: number;
}

const DEVICE_ID_MAX = 63;

export function parseProvider(text: string): Provider {
  if (text === 'cpu') return { name: 'cpu', deviceId: 0 };
  const cuda = /^cuda(?::(\d{1,2}))?$/.exec(text);
  const deviceId = Number(cuda?.[1] ?? 0);
  if (cuda === null || deviceId > DEVICE_ID_MAX) {
    throw new FirstreadError('config-invalid', `provider: found ${JSON.stringify(text.slice(0, 40))}; write "cpu" or "cuda:N", where N is the device id of the GPU`);
  }
  return { name: 'cuda', deviceId };
}

export const describeProvider = (provider: Provider): string => (provider.name === 'cpu' ? 'cpu' : `cuda:${provider.deviceId}`);

/** What onnxruntime writes as `provider` into its profile. */
export const profileName = (provider: Provider): string => (provider.name === 'cpu' ? 'CPUExecutionProvider' : 'CUDAExecutionProvider');
