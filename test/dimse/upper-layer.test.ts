import { describe, expect, it } from 'vitest';
import { ACTIONS, EVENTS, STATES, actionOf, stepUpperLayer } from '../../src/dimse/upper-layer.ts';
import type { ActionName, Event, State } from '../../src/dimse/upper-layer.ts';

/**
 * PS3.8 Table 9-10 a second time, told by state instead of by event and typed in separately: what is not named here must
 * be blank there. `T` are the six ways in which a PDU can be wrong for an open association.
 */
const provider = (...events: readonly Event[]): readonly [Event, ActionName][] => events.map((event) => [event, 'AA-8']);
const OPEN_END: readonly [Event, ActionName][] = [['Evt15', 'AA-1'], ['Evt16', 'AA-3'], ['Evt17', 'AA-4'], ['Evt19', 'AA-8']];
const BY_STATE: Record<State, readonly (readonly [Event, ActionName])[]> = {
  Sta1: [['Evt1', 'AE-1'], ['Evt5', 'AE-5']],
  Sta2: [
    ['Evt3', 'AA-1'], ['Evt4', 'AA-1'], ['Evt6', 'AE-6'], ['Evt10', 'AA-1'], ['Evt12', 'AA-1'], ['Evt13', 'AA-1'],
    ['Evt16', 'AA-2'], ['Evt17', 'AA-5'], ['Evt18', 'AA-2'], ['Evt19', 'AA-1'],
  ],
  Sta3: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt10', 'Evt12', 'Evt13'), ['Evt7', 'AE-7'], ['Evt8', 'AE-8'], ...OPEN_END],
  Sta4: [['Evt2', 'AE-2'], ['Evt15', 'AA-2'], ['Evt17', 'AA-4']],
  Sta5: [['Evt3', 'AE-3'], ['Evt4', 'AE-4'], ...provider('Evt6', 'Evt10', 'Evt12', 'Evt13'), ...OPEN_END],
  Sta6: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt13'), ['Evt9', 'DT-1'], ['Evt10', 'DT-2'], ['Evt11', 'AR-1'], ['Evt12', 'AR-2'], ...OPEN_END],
  Sta7: [...provider('Evt3', 'Evt4', 'Evt6'), ['Evt10', 'AR-6'], ['Evt12', 'AR-8'], ['Evt13', 'AR-3'], ...OPEN_END],
  Sta8: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt10', 'Evt12', 'Evt13'), ['Evt9', 'AR-7'], ['Evt14', 'AR-4'], ...OPEN_END],
  Sta9: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt10', 'Evt12', 'Evt13'), ['Evt14', 'AR-9'], ...OPEN_END],
  Sta10: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt10', 'Evt12'), ['Evt13', 'AR-10'], ...OPEN_END],
  Sta11: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt10', 'Evt12'), ['Evt13', 'AR-3'], ...OPEN_END],
  Sta12: [...provider('Evt3', 'Evt4', 'Evt6', 'Evt10', 'Evt12', 'Evt13'), ['Evt14', 'AR-4'], ...OPEN_END],
  Sta13: [
    ['Evt3', 'AA-6'], ['Evt4', 'AA-6'], ['Evt6', 'AA-7'], ['Evt10', 'AA-6'], ['Evt12', 'AA-6'], ['Evt13', 'AA-6'],
    ['Evt16', 'AA-2'], ['Evt17', 'AR-5'], ['Evt18', 'AA-2'], ['Evt19', 'AA-7'],
  ],
};

/** Next states of PS3.8 Tables 9-6 to 9-9; the second is the action's other outcome. */
const NEXT: Record<ActionName, readonly State[]> = {
  'AE-1': ['Sta4'], 'AE-2': ['Sta5'], 'AE-3': ['Sta6'], 'AE-4': ['Sta1'], 'AE-5': ['Sta2'], 'AE-6': ['Sta3', 'Sta13'], 'AE-7': ['Sta6'], 'AE-8': ['Sta13'],
  'DT-1': ['Sta6'], 'DT-2': ['Sta6'],
  'AR-1': ['Sta7'], 'AR-2': ['Sta8'], 'AR-3': ['Sta1'], 'AR-4': ['Sta13'], 'AR-5': ['Sta1'], 'AR-6': ['Sta7'], 'AR-7': ['Sta8'],
  'AR-8': ['Sta9', 'Sta10'], 'AR-9': ['Sta11'], 'AR-10': ['Sta12'],
  'AA-1': ['Sta13'], 'AA-2': ['Sta1'], 'AA-3': ['Sta1'], 'AA-4': ['Sta1'], 'AA-5': ['Sta1'], 'AA-6': ['Sta13'], 'AA-7': ['Sta13'], 'AA-8': ['Sta13'],
};

const pairs = STATES.flatMap((state) => (Object.keys(EVENTS) as Event[]).map((event) => [state, event] as const));

describe('every pair of state and event', () => {
  it.each(pairs)('%s %s', (state, event) => {
    const expected = BY_STATE[state].find(([each]) => each === event)?.[1];
    expect(actionOf(state, event)).toBe(expected);
    if (expected === undefined) {
      expect(() => stepUpperLayer(state, event)).toThrow(/cannot happen/);
      return;
    }
    const [next, otherwise = next] = NEXT[expected];
    expect(stepUpperLayer(state, event).next).toBe(next);
    expect(stepUpperLayer(state, event, true).next).toBe(otherwise);
  });
});

describe('actions', () => {
  it('that leave for Sta13 from an open association start ARTIM, so that no peer can keep a connection', () => {
    for (const name of ['AE-8', 'AR-4', 'AA-1', 'AA-8'] as const) expect(ACTIONS[name].effects).toContain('start-artim');
    expect(ACTIONS['AE-6'].otherwise.effects).toContain('start-artim');
  });

  it('abort as the user or as the provider, as the table says', () => {
    expect(ACTIONS['AA-1'].effects).toContain('send-abort-user');
    expect(ACTIONS['AA-8'].effects).toContain('send-abort-provider');
  });
});
