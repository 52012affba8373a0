/**
 * Named checks behind /readyz: is the listener open, does a worker have its models, does the queue answer, is there
 * room on the disk. A check says why not, in words an operator can act on and without patient data.
 */
export interface CheckOutcome {
  readonly ok: boolean;
  /** Why not; also allowed beside ok, e.g. "degraded: 1 of 2 workers". */
  readonly reason?: string;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: readonly (CheckOutcome & { readonly name: string; readonly required: boolean })[];
}

export interface Readiness {
  /** A check that is asked each time. One that throws fails. `required: false` is shown and does not turn it red. */
  add(name: string, check: () => CheckOutcome, options?: { readonly required?: boolean }): void;
  /** A check that others report: red with "not started yet" until the first report. */
  addReported(name: string, options?: { readonly required?: boolean }): (outcome: CheckOutcome) => void;
  report(): ReadinessReport;
}

export function createReadiness(onChange: (name: string, outcome: CheckOutcome) => void = () => undefined): Readiness {
  const checks = new Map<string, { check: () => CheckOutcome; required: boolean; lastOk?: boolean }>();
  const readiness: Readiness = {
    add(name, check, options = {}) {
      checks.set(name, { check, required: options.required ?? true });
    },
    addReported(name, options = {}) {
      let latest: CheckOutcome = { ok: false, reason: 'not started yet' };
      readiness.add(name, () => latest, options);
      return (outcome) => {
        latest = outcome;
      };
    },
    report() {
      const outcomes = [...checks].map(([name, entry]) => {
        const outcome = ask(entry.check);
        if (entry.lastOk !== undefined && entry.lastOk !== outcome.ok) onChange(name, outcome);
        entry.lastOk = outcome.ok;
        return { name, required: entry.required, ...outcome };
      });
      // Nothing asked is nothing known.
      return { ready: outcomes.length > 0 && outcomes.every((outcome) => outcome.ok || !outcome.required), checks: outcomes };
    },
  };
  return readiness;
}

function ask(check: () => CheckOutcome): CheckOutcome {
  try {
    return check();
  } catch {
    return { ok: false, reason: 'the check itself failed' };
  }
}
