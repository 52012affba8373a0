/**
 * Asking for the list: at first, when something changed, when somebody scrolls, and after the server was away. The latest
 * question wins; an answer to an older one is thrown away.
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
  let asked = 0;
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
    const mine = ++asked;
    owed = { byReader: owed.byReader || byReader, reset: owed.reset || reset };
    const wanted = { offset: range.offset, limit: Math.min(ROWS_MAX, range.limit) };
    try {
      const query = queryNow();
      const answer = await ask(query, wanted, background);
      if (mine !== asked) return undefined;
      failing = false;
      clearTimeout(retry);
      list.take(wanted, answer, Date.now(), { asked: owed.byReader, generation, reset: owed.reset });
      owed = { byReader: false, reset: false };
      onAnswer(answer, query);
      if (list.store.goneUids().length > 0) tellWhatBecame(query, wanted, mine).catch(() => undefined);
      return answer;
    } catch (error) {
      if (mine !== asked) return undefined;
      failing = true;
      if (owed.reset) list.forget();
      clearTimeout(retry);
      retry = setTimeout(() => refresh({ background: true }), RETRY_MS);
      onFailure(error);
      return undefined;
    }
  }

  /** Rows that are shown and are not among the answer's any more: read by somebody, claimed, or only elsewhere. */
  async function tellWhatBecame(query, range, mine) {
    const gone = new Set(list.store.goneUids());
    const everywhere = { ...query, state: [], finding: '' };
    const answers = [await ask({ ...everywhere, scope: 'read', sort: 'rank', direction: 'asc' }, { offset: 0, limit: LATEST_READ }, true)];
    if (query.scope === 'mine') answers.push(await ask({ ...query, scope: 'unread' }, range, true));
    if (mine !== asked) return;
    const hereAtMs = Date.now();
    for (const row of answers.flatMap(({ rows }) => rows)) if (gone.has(row.studyInstanceUid)) list.store.became(row, hereAtMs);
    list.render();
    onBecame();
  }

  const refresh = (options) => load(list.range(), options);
  const refreshing = setInterval(() => document.hidden || refresh({ background: true }), REFRESH_MS);
  const seen = () => document.hidden || refresh({ background: true });
  document.addEventListener('visibilitychange', seen);

  return {
    refresh,
    isFailing: () => failing,
    /** Another question than before: from its beginning. */
    fromStart: () => load({ offset: 0, limit: list.range().limit }, { byReader: true, reset: true }),
    soon() {
      clearTimeout(settle);
      settle = setTimeout(() => refresh({ background: true }), SETTLE_MS);
    },
    /** These places have come into view. */
    range(range) {
      clearTimeout(scrolling);
      scrolling = setTimeout(() => load(range, { background: true, generation: 'same' }), SCROLL_MS);
    },
    close() {
      asked += 1;
      clearInterval(refreshing);
      for (const timer of [settle, scrolling, retry]) clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    },
  };
}
