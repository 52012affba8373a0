/**
 * Reads onnxruntime's profile (Chrome trace JSON) to see whether the heavy nodes ran where they should: a provider can
 * load and still leave nodes to the CPU silently. PURE.
 */

/** Operators that cost something; shape arithmetic may stay on the CPU. */
const HEAVY_OPERATORS = new Set(['Conv', 'FusedConv', 'ConvTranspose', 'ConvInteger', 'QLinearConv', 'NhwcConv', 'NhwcFusedConv', 'Gemm', 'MatMul', 'FusedMatMul', 'LSTM', 'GRU', 'Attention', 'MultiHeadAttention', 'AveragePool', 'MaxPool', 'Resize', 'BatchNormalization']);

/** undefined when all heavy nodes ran on `wanted` (e.g. CUDAExecutionProvider), else what is wrong. */
export function judgeProfile(profileJson: string, wanted: string): string | undefined {
  let events: unknown;
  try {
    events = JSON.parse(profileJson);
  } catch {
    return 'its profile is not JSON';
  }
  if (!Array.isArray(events)) return 'its profile is no list of events';
  let there = 0;
  const elsewhere = new Map<string, number>();
  for (const event of events as readonly { cat?: unknown; args?: { provider?: unknown; op_name?: unknown } }[]) {
    if (event.cat !== 'Node' || typeof event.args?.provider !== 'string') continue;
    const operator = String(event.args.op_name);
    if (event.args.provider === wanted) there += 1;
    else if (HEAVY_OPERATORS.has(operator)) {
      const where = `${operator} on ${event.args.provider}`;
      elsewhere.set(where, (elsewhere.get(where) ?? 0) + 1);
    }
  }
  if (elsewhere.size > 0) return [...elsewhere].map(([where, count]) => `${count} × ${where}`).join(', ');
  return there === 0 ? `no node ran on ${wanted}` : undefined;
}
