/** The exposition as Prometheus reads it: every line fits the format, histograms add up, labels cannot grow for ever. */
import { describe, expect, test } from 'vitest';
import { createFirstreadMetrics, STAGES } from '../../src/ops/firstread-metrics.ts';
import { createMetrics, SERIES_COUNT_MAX } from '../../src/ops/metrics.ts';
import { createReadiness } from '../../src/ops/readiness.ts';

const LINE = /^(# HELP [a-z_]+ .+|# TYPE [a-z_]+ (counter|gauge|histogram)|[a-z_:][a-z0-9_:]*(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? ([-+]?[0-9.e+-]+|NaN|[-+]Inf))$/;

describe('metrics', () => {
  test('every line of the real set fits the format, and TYPE comes before its samples', () => {
    const metrics = createFirstreadMetrics({ version: '1.0.0' });
    for (const stage of STAGES) metrics.observeStage(stage, 12);
    metrics.refused.add({ what: 'association', code: 'a"b\\c\nd' });
    const text = metrics.registry.render();
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
    expect(text.endsWith('\n')).toBe(true);
    const declared = new Set<string>();
    for (const line of lines) {
      const type = /^# TYPE (\S+)/.exec(line);
      if (type) declared.add(type[1]!);
      else if (!line.startsWith('#')) expect(declared.has(/^[a-z_:]+?(?=_bucket|_sum|_count|[ {])|^[a-z_:]+/.exec(line)![0]) || declared.has(/^[a-z0-9_:]+/.exec(line)![0])).toBe(true);
    }
    for (const stage of STAGES) expect(text).toContain(`firstread_stage_seconds_count{stage="${stage}"} 1`);
  });

  test('a histogram is cumulative and ends in +Inf', () => {
    const m = createMetrics();
    const h = m.histogram('latency_seconds', 'x', ['stage'], [0.1, 1]);
    for (const seconds of [0.05, 0.1, 0.5, 3, NaN, -1]) h.observe(seconds, { stage: 'a' });
    expect(m.render().split('\n').slice(2, 7)).toEqual([
      'latency_seconds_bucket{stage="a",le="0.1"} 2', 'latency_seconds_bucket{stage="a",le="1"} 3', 'latency_seconds_bucket{stage="a",le="+Inf"} 4',
      'latency_seconds_sum{stage="a"} 3.65', 'latency_seconds_count{stage="a"} 4',
    ]);
  });

  test('invented label values are gathered under "other"', () => {
    const m = createMetrics();
    const c = m.counter('refused_total', 'x', ['code']);
    for (let i = 0; i < 5_000; i += 1) c.add({ code: `made-up-${i}` });
    const lines = m.render().split('\n').filter((line) => line.startsWith('refused_total'));
    expect(lines).toHaveLength(SERIES_COUNT_MAX + 1);
    expect(lines.at(-1)).toBe(`refused_total{code="other"} ${5_000 - SERIES_COUNT_MAX}`);
  });

  test('a counter never goes down and a name is made once', () => {
    const m = createMetrics();
    const c = m.counter('a_total', 'x');
    expect(() => c.add({}, -1)).toThrow();
    expect(() => m.gauge('a_total', 'x')).toThrow();
  });
});

describe('readiness', () => {
  test('nothing asked is not ready', () => {
    expect(createReadiness().report().ready).toBe(false);
  });

  test('red until every required check passes, with reasons; a check that throws fails', () => {
    const changes: string[] = [];
    const readiness = createReadiness((name, { ok }) => void changes.push(`${name} ${ok}`));
    const worker = readiness.addReported('worker');
    readiness.add('disk', () => ({ ok: true }));
    readiness.add('optional', () => ({ ok: false, reason: 'off' }), { required: false });
    expect(readiness.report()).toMatchObject({ ready: false, checks: [{ name: 'worker', ok: false, reason: 'not started yet' }, { name: 'disk', ok: true }, { name: 'optional', ok: false }] });
    worker({ ok: true });
    expect(readiness.report().ready).toBe(true);
    readiness.add('broken', () => { throw new Error('secret'); });
    expect(readiness.report()).toMatchObject({ ready: false });
    expect(JSON.stringify(readiness.report())).not.toContain('secret');
    expect(changes).toEqual(['worker true']);
  });
});
