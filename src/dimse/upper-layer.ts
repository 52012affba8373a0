/**
 * The upper layer's state machine as data: PS3.8 Table 9-10 (transitions) and Tables 9-6 to 9-9 (actions), laid out so
 * that they can be checked against the standard by eye. Pure: what an action does is named here and done in
 * connection.ts. A blank cell is a programmer's error (a primitive issued in the wrong state): an assertion.
 */
import assert from 'node:assert';

export const STATES = ['Sta1', 'Sta2', 'Sta3', 'Sta4', 'Sta5', 'Sta6', 'Sta7', 'Sta8', 'Sta9', 'Sta10', 'Sta11', 'Sta12', 'Sta13'] as const;
export type State = (typeof STATES)[number];

/** What each event is; the words are the standard's. */
export const EVENTS = {
  Evt1: 'A-ASSOCIATE request (local user)',
  Evt2: 'transport connection confirmation',
  Evt3: 'A-ASSOCIATE-AC PDU received',
  Evt4: 'A-ASSOCIATE-RJ PDU received',
  Evt5: 'transport connection indication',
  Evt6: 'A-ASSOCIATE-RQ PDU received',
  Evt7: 'A-ASSOCIATE response: accept',
  Evt8: 'A-ASSOCIATE response: reject',
  Evt9: 'P-DATA request',
  Evt10: 'P-DATA-TF PDU received',
  Evt11: 'A-RELEASE request',
  Evt12: 'A-RELEASE-RQ PDU received',
  Evt13: 'A-RELEASE-RP PDU received',
  Evt14: 'A-RELEASE response',
  Evt15: 'A-ABORT request',
  Evt16: 'A-ABORT PDU received',
  Evt17: 'transport connection closed',
  Evt18: 'ARTIM timer expired',
  Evt19: 'unrecognized or invalid PDU received',
} as const;
export type Event = keyof typeof EVENTS;

/** PS3.8 Table 9-10. Sta4 waits for TCP to open, so no PDU can come there. */
const TABLE_9_10: Record<Event, string> = {
  //     Sta1 Sta2 Sta3 Sta4 Sta5 Sta6 Sta7 Sta8 Sta9 Sta10 Sta11 Sta12 Sta13
  Evt1: 'AE-1 -    -    -    -    -    -    -    -    -     -     -     -',
  Evt2: '-    -    -    AE-2 -    -    -    -    -    -     -     -     -',
  Evt3: '-    AA-1 AA-8 -    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt4: '-    AA-1 AA-8 -    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt5: 'AE-5 -    -    -    -    -    -    -    -    -     -     -     -',
  Evt6: '-    AE-6 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-7',
  Evt7: '-    -    AE-7 -    -    -    -    -    -    -     -     -     -',
  Evt8: '-    -    AE-8 -    -    -    -    -    -    -     -     -     -',
  Evt9: '-    -    -    -    -    DT-1 -    AR-7 -    -     -     -     -',
  Evt10: '-   AA-1 AA-8 -    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt11: '-   -    -    -    -    AR-1 -    -    -    -     -     -     -',
  Evt12: '-   AA-1 AA-8 -    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt13: '-   AA-1 AA-8 -    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3  AA-8  AA-6',
  Evt14: '-   -    -    -    -    -    -    AR-4 AR-9 -     -     AR-4  -',
  Evt15: '-   -    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1  AA-1  -',
  Evt16: '-   AA-2 AA-3 -    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3  AA-3  AA-2',
  Evt17: '-   AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4  AA-4  AR-5',
  Evt18: '-   AA-2 -    -    -    -    -    -    -    -     -     -     AA-2',
  Evt19: '-   AA-1 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-7',
};

export type Effect =
  | 'open-transport'
  | 'close-transport'
  | 'start-artim'
  | 'stop-artim'
  | 'send-associate-rq'
  | 'send-associate-ac'
  | 'send-associate-rj'
  | 'send-p-data'
  | 'send-release-rq'
  | 'send-release-rp'
  | 'send-abort-user'
  | 'send-abort-provider'
  | 'indicate-associate'
  | 'confirm-associate-accept'
  | 'confirm-associate-reject'
  | 'indicate-p-data'
  | 'indicate-release'
  | 'confirm-release'
  | 'indicate-abort'
  | 'indicate-p-abort';

interface Action {
  readonly effects: readonly Effect[];
  readonly next: State;
  /** The other outcome of the two actions that have one (AE-6: request refused; AR-8: we accepted the association). */
  readonly otherwise?: { readonly effects: readonly Effect[]; readonly next: State };
}

/** PS3.8 Tables 9-6 (AE), 9-7 (DT), 9-8 (AR), 9-9 (AA). */
export const ACTIONS = {
  'AE-1': { effects: ['open-transport'], next: 'Sta4' },
  'AE-2': { effects: ['send-associate-rq'], next: 'Sta5' },
  'AE-3': { effects: ['confirm-associate-accept'], next: 'Sta6' },
  'AE-4': { effects: ['confirm-associate-reject', 'close-transport'], next: 'Sta1' },
  'AE-5': { effects: ['start-artim'], next: 'Sta2' },
  'AE-6': {
    effects: ['stop-artim', 'indicate-associate'],
    next: 'Sta3',
    otherwise: { effects: ['stop-artim', 'send-associate-rj', 'start-artim'], next: 'Sta13' },
  },
  'AE-7': { effects: ['send-associate-ac'], next: 'Sta6' },
  'AE-8': { effects: ['send-associate-rj', 'start-artim'], next: 'Sta13' },
  'DT-1': { effects: ['send-p-data'], next: 'Sta6' },
  'DT-2': { effects: ['indicate-p-data'], next: 'Sta6' },
  'AR-1': { effects: ['send-release-rq'], next: 'Sta7' },
  'AR-2': { effects: ['indicate-release'], next: 'Sta8' },
  'AR-3': { effects: ['confirm-release', 'close-transport'], next: 'Sta1' },
  'AR-4': { effects: ['send-release-rp', 'start-artim'], next: 'Sta13' },
  'AR-5': { effects: ['stop-artim'], next: 'Sta1' },
  'AR-6': { effects: ['indicate-p-data'], next: 'Sta7' },
  'AR-7': { effects: ['send-p-data'], next: 'Sta8' },
  'AR-8': {
    effects: ['indicate-release'],
    next: 'Sta9',
    otherwise: { effects: ['indicate-release'], next: 'Sta10' },
  },
  'AR-9': { effects: ['send-release-rp'], next: 'Sta11' },
  'AR-10': { effects: ['confirm-release'], next: 'Sta12' },
  'AA-1': { effects: ['send-abort-user', 'start-artim'], next: 'Sta13' },
  'AA-2': { effects: ['stop-artim', 'close-transport'], next: 'Sta1' },
  'AA-3': { effects: ['indicate-abort', 'close-transport'], next: 'Sta1' },
  'AA-4': { effects: ['indicate-p-abort'], next: 'Sta1' },
  'AA-5': { effects: ['stop-artim'], next: 'Sta1' },
  'AA-6': { effects: [], next: 'Sta13' },
  'AA-7': { effects: ['send-abort-provider'], next: 'Sta13' },
  'AA-8': { effects: ['send-abort-provider', 'indicate-p-abort', 'start-artim'], next: 'Sta13' },
} as const satisfies Record<string, Action>;
export type ActionName = keyof typeof ACTIONS;

export interface Transition {
  readonly action: ActionName;
  readonly effects: readonly Effect[];
  readonly next: State;
}

const TRANSITIONS = compileTable();

function compileTable(): ReadonlyMap<string, ActionName> {
  const transitions = new Map<string, ActionName>();
  for (const [event, row] of Object.entries(TABLE_9_10)) {
    const cells = row.split(/ +/);
    assert(cells.length === STATES.length, `${event} has ${cells.length} cells`);
    for (const [column, cell] of cells.entries()) {
      if (cell === '-') continue;
      assert(cell in ACTIONS, `${event} names ${cell}`);
      transitions.set(`${STATES[column]} ${event}`, cell as ActionName);
    }
  }
  return transitions;
}

/** The cell of Table 9-10, or undefined where it is blank. */
export function actionOf(state: State, event: Event): ActionName | undefined {
  return TRANSITIONS.get(`${state} ${event}`);
}

/** `otherwise` picks the second outcome: AE-6 where the request is refused, AR-8 where we are the acceptor. */
export function stepUpperLayer(state: State, event: Event, otherwise = false): Transition {
  const name = actionOf(state, event);
  assert(name !== undefined, `${event} (${EVENTS[event]}) cannot happen in ${state}`);
  const action: Action = ACTIONS[name];
  const { effects, next } = otherwise && action.otherwise !== undefined ? action.otherwise : action;
  return { action: name, effects, next };
}
