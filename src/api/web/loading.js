/**
 * Asking for the list: at first, when something changed, when somebody scrolls, and after the server was away. What the
 * reader asks wins over all else, and the latest of that; what asks by itself waits until the answer before is here. So a
 * burst of news on a slow line brings as many answers as the line carries, where each new question would undo the last.
 */
import * as api from './api.js';
import { worklistParameters } from './query.js';

/** Gathers a burst of changes, or of scrolling, into one question. */
const SETTLE_MS = 150;
const SCROLL_MS = 40;
/** Waiting moves studies up without any event; also the net under a proxy that swallows the live feed. */
const REFRESH_MS = 20_000;
const RETRY_MS = 4_000;
const ROWS_MAX = 500;
/** Those that left the list last: enough to say what became of the rows that are shown. */
const LATEST_READ = 60;

export function createLoading({ list, queryNow, onAnswer, onBecame, onFailure }) {
  /** The question whose answer is waited for: an answer to any other is thrown away. */
  let current;
  /** Something changed since it was asked. */
  let again = false;
  let failing = false;
  /** What the reader did is owed an answer also where a later question has overtaken it. */
  let owed = { byReader: false, reset: false };
  let settle;
  let scrolling;
  let retry;

  /** Their clock and ours need not agree: times of the answer are told in ours. */
  function inOurTime(answer) {
    const offsetMs = Date.now() - answer.serverNowMs;
    for (const row of answer.rows) if (row.claim) row.claim.sinceMs += offsetMs;
    return answer;
  }

  const ask = async (query, range, background) => inOurTime(await api.worklist(worklistParameters(query, { ...range, nowMs: Date.now() }), background));

  async function load(range, { byReader = false, background = false, reset = false, generation = 'new' } = {}) {
    const mine = { byReader, offset: range.offset, limit: Math.min(ROWS_MAX, range.limit) };
    const wanted = { offset: mine.offset, limit: mine.limit };
    // A new answer is newer than whatever changed before; places that came into view leave that to be asked.
    again = generation === 'same' && (again || isAwaited());
    current = mine;
    owed = { byReader: owed.byReader || byReader, reset: owed.reset || reset };
    try {
      const query = queryNow();
      const answer = await ask(query, wanted, background);
      if (mine !== current) return undefined;
      // Places that came into view say nothing of what changed: that is still to be asked again.
      if (generation === 'new') {
        failing = false;
        clearTimeout(retry);
      }
      // From here on the list may ask for what it lacks.
      mine.answered = true;
      list.take(wanted, answer, Date.now(), { asked: owed.byReader, generation, reset: owed.reset });
      owed = { byReader: false, reset: false };
      onAnswer(answer, query);
      if (list.store.goneUids().length > 0) await tellWhatBecame(query, wanted, mine).catch(() => undefined);
      return answer;
    } catch (error) {
      if (mine !== current) return undefined;
      failing = true;
      again = false;
      if (owed.reset) list.forget();
      clearTimeout(retry);
      retry = setTimeout(() => refresh({ background: true }), RETRY_MS);
      onFailure(error);
      return undefined;
    } finally {
      if (mine === current) {
        current = undefined;
        if (again) soon();
      }
    }
  }

  /** Rows that are shown and are not among the answer's any more: read by somebody, claimed, or only elsewhere. */
  async function tellWhatBecame(query, range, mine) {
    const gone = new Set(list.store.goneUids());
    const everywhere = { ...query, state: [], finding: '' };
    const answers = [await ask({ ...everywhere, scope: 'read', sort: 'rank', direction: 'asc' }, { offset: 0, limit: LATEST_READ }, true)];
    if (query.scope === 'mine') answers.push(await ask({ ...query, scope: 'unread' }, range, true));
    if (mine !== current) return;
    const hereAtMs = Date.now();
    for (const row of answers.flatMap(({ rows }) => rows)) if (gone.has(row.studyInstanceUid)) list.store.became(row, hereAtMs);
    list.render();
    onBecame();
  }

  const isAwaited = () => current !== undefined && !current.answered;

  function refresh({ byReader = false, background = false } = {}) {
    if (byReader || current === undefined) return load(list.range(), { byReader, background });
    again = true;
    return undefined;
  }

  function soon() {
    settle ??= setTimeout(() => {
      settle = undefined;
      refresh({ background: true });
    }, SETTLE_MS);
  }

  function cameIntoView(range) {
    // The reader's own answer draws the list anew, which then asks for what it lacks; and twice the same is asked once.
    if (isAwaited() && (current.byReader || (current.offset <= range.offset && current.offset + current.limit >= range.offset + range.limit))) return;
    load(range, { background: true, generation: 'same' });
  }

  const refreshing = setInterval(() => document.hidden || refresh({ background: true }), REFRESH_MS);
  const seen = () => document.hidden || refresh({ background: true });
  document.addEventListener('visibilitychange', seen);

  return {
    refresh,
    soon,
    isFailing: () => failing,
    /** Another question than before: from its beginning. */
    fromStart: () => load({ offset: 0, limit: list.range().limit }, { byReader: true, reset: true }),
    /** These places have come into view. */
    range(range) {
      clearTimeout(scrolling);
      scrolling = setTimeout(() => cameIntoView(range), SCROLL_MS);
    },
    close() {
      current = { answered: true };
      clearInterval(refreshing);
      for (const timer of [settle, scrolling, retry]) clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    },
  };
}
