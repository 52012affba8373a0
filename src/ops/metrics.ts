/**
 * Prometheus text exposition, format 0.0.4 (a small one of our own): counters, gauges, histograms. Names and labels are
 * fixed where a metric is made; label values are limited in number, so that a hostile AE title cannot grow memory.
 * Leaves out: summaries, exemplars, timestamps.
 */
import assert from 'node:assert';

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels?: Labels, amount?: number): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  /** Seconds, as Prometheus wants it; callers with milliseconds use `observeMs`. */
  observe(seconds: number, labels?: Labels): void;
  observeMs(milliseconds: number, labels?: Labels): void;
}

export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  histogram(name: string, help: string, labelNames?: readonly string[], bucketsSeconds?: readonly number[]): Histogram;
  /** Called before each exposition, to set gauges that are read off something. */
  onCollect(collect: () => void): void;
  render(): string;
}

/** Series per metric; what is over the limit is counted under the label value `other`. */
export const SERIES_COUNT_MAX = 200;

/** 1 ms to 2 min: from a decode on a GPU machine to a delivery on a bad day. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

interface Family {
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(name: string): string[];
}

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const collectors: (() => void)[] = [];

  const register = (name: string, family: Family): void => {
    assert(/^[a-z_:][a-z0-9_:]*$/.test(name), `not a metric name: ${name}`);
    assert(!families.has(name), `metric ${name} is made twice`);
    families.set(name, family);
  };

  return {
    counter(name, help, labelNames = []) {
      const series = createSeries(labelNames, () => ({ value: 0 }));
      if (labelNames.length === 0) series.at({});
      register(name, { help, type: 'counter', lines: (n) => series.lines((labels, cell) => [`${n}${labels} ${cell.value}`]) });
      return {
        add(labels = {}, amount = 1) {
          assert(amount >= 0, 'a counter only goes up');
          series.at(labels).value += amount;
        },
      };
    },
    gauge(name, help, labelNames = []) {
      const series = createSeries(labelNames, () => ({ value: 0 }));
      register(name, { help, type: 'gauge', lines: (n) => series.lines((labels, cell) => [`${n}${labels} ${numberText(cell.value)}`]) });
      return {
        set(value, labels = {}) {
          series.at(labels).value = value;
        },
      };
    },
    histogram(name, help, labelNames = [], bucketsSeconds = LATENCY_BUCKETS_SECONDS) {
      const series = createSeries(labelNames, () => ({ counts: new Array<number>(bucketsSeconds.length).fill(0), count: 0, sum: 0 }));
      register(name, {
        help,
        type: 'histogram',
        lines: (n) => series.lines((labels, cell) => {
          let cumulative = 0;
          const buckets = bucketsSeconds.map((bound, i) => `${n}_bucket${withLabel(labels, `le="${bound}"`)} ${(cumulative += cell.counts[i]!)}`);
          return [...buckets, `${n}_bucket${withLabel(labels, 'le="+Inf"')} ${cell.count}`, `${n}_sum${labels} ${numberText(cell.sum)}`, `${n}_count${labels} ${cell.count}`];
        }),
      });
      const observe = (seconds: number, labels: Labels = {}): void => {
        if (!Number.isFinite(seconds) || seconds < 0) return; // a clock stepped back: not a latency
        const cell = series.at(labels);
        const i = bucketsSeconds.findIndex((bound) => seconds <= bound);
        if (i !== -1) cell.counts[i]! += 1;
        cell.count += 1;
        cell.sum += seconds;
      };
      return { observe, observeMs: (ms, labels) => observe(ms / 1000, labels) };
    },
    onCollect: (collect) => void collectors.push(collect),
    render() {
      for (const collect of collectors) collect();
      let text = '';
      for (const [name, family] of families) {
        text += `# HELP ${name} ${family.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${family.type}\n`;
        for (const line of family.lines(name)) text += `${line}\n`;
      }
      return text;
    },
  };
}

function createSeries<Cell>(labelNames: readonly string[], empty: () => Cell) {
  const cells = new Map<string, Cell>();
  const labelText = (labels: Labels): string =>
    labelNames.length === 0 ? '' : `{${labelNames.map((name) => `${name}="${escapeLabel(labels[name] ?? '')}"`).join(',')}}`;
  return {
    at(labels: Labels): Cell {
      let text = labelText(labels);
      let cell = cells.get(text);
      if (cell === undefined && cells.size >= SERIES_COUNT_MAX) {
        text = labelText(Object.fromEntries(labelNames.map((name) => [name, 'other'])));
        cell = cells.get(text);
      }
      if (cell === undefined) cells.set(text, (cell = empty()));
      return cell;
    },
    lines: (write: (labels: string, cell: Cell) => string[]): string[] => [...cells].flatMap(([labels, cell]) => write(labels, cell)),
  };
}

const withLabel = (labels: string, extra: string): string => (labels === '' ? `{${extra}}` : `${labels.slice(0, -1)},${extra}}`);

const escapeLabel = (value: string): string => value.slice(0, 64).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
