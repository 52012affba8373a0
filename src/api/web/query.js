/**
 * The question that the list answers, as the address bar tells it: a link shows a colleague the same list, and Back goes
 * back. Pure. Only what differs from the beginning is written. Leaves out the study that is open (the hash says it).
 */
export const SCOPES = ['mine', 'unread', 'read'];
export const STATES = ['flagged', 'not-analysed', 'analysing', 'not-flagged'];
export const FINDINGS = ['tuberculosis', 'lung nodule'];
export const DATES = ['today', 'yesterday', 'week'];
const SORTS = ['rank', 'received', 'name', 'age'];
/** What can be chosen in the filter bar; each has a chip. */
export const FILTERS = ['state', 'finding', 'site', 'device', 'date', 'reader'];

const TEXT_LENGTH_MAX = 200;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

export const emptyQuery = (scope = 'mine') => ({ scope, search: '', state: [], finding: '', site: '', device: '', date: '', reader: '', sort: 'rank', direction: 'asc' });

const oneOf = (value, known, otherwise) => (known.includes(value) ? value : otherwise);
const text = (value) => (value ?? '').slice(0, TEXT_LENGTH_MAX);

/** What a link holds may be anything: what is not known is left out. */
export function readQuery(written, scope = 'mine') {
  const asked = new URLSearchParams(written);
  const date = text(asked.get('date'));
  return {
    scope: oneOf(asked.get('list'), SCOPES, scope),
    search: text(asked.get('search')),
    state: STATES.filter((state) => (asked.get('state') ?? '').split(',').includes(state)),
    finding: oneOf(asked.get('finding'), FINDINGS, ''),
    site: text(asked.get('site')), device: text(asked.get('device')), reader: text(asked.get('reader')),
    date: DATES.includes(date) || (DAY.test(date) && !Number.isNaN(Date.parse(date))) ? date : '',
    sort: oneOf(asked.get('sort'), SORTS, 'rank'),
    direction: oneOf(asked.get('direction'), ['asc', 'desc'], 'asc'),
  };
}

export function writeQuery(query, scope = 'mine') {
  const written = new URLSearchParams();
  if (query.scope !== scope) written.set('list', query.scope);
  if (query.search.trim() !== '') written.set('search', query.search.trim());
  if (query.state.length > 0) written.set('state', query.state.join(','));
  for (const name of ['finding', 'site', 'device', 'date', 'reader']) if (query[name] !== '') written.set(name, query[name]);
  if (query.sort !== 'rank') written.set('sort', query.sort);
  if (query.direction !== 'asc') written.set('direction', query.direction);
  return written.toString();
}

/** Local days: "today" is the hospital's day, not Greenwich's. Undefined where no date is asked for. */
export function dateRange(date, nowMs) {
  if (date === '') return undefined;
  const midnight = (daysAgo) => {
    const day = new Date(nowMs);
    return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysAgo).getTime();
  };
  if (date === 'today') return { fromMs: midnight(0), toMs: midnight(-1) };
  if (date === 'yesterday') return { fromMs: midnight(1), toMs: midnight(0) };
  if (date === 'week') return { fromMs: midnight(6), toMs: midnight(-1) };
  const [year, month, day] = date.split('-').map(Number);
  const fromMs = new Date(year, month - 1, day).getTime();
  return { fromMs, toMs: Math.min(new Date(year, month - 1, day + 1).getTime(), fromMs + 2 * DAY_MS) };
}

/** As the API asks for it. */
export function worklistParameters(query, { limit, offset, nowMs }) {
  const asked = new URLSearchParams({ limit: String(limit), offset: String(offset), scope: query.scope });
  if (query.search.trim() !== '') asked.set('search', query.search.trim());
  if (query.state.length > 0) asked.set('state', query.state.join(','));
  for (const name of ['finding', 'site', 'device', 'reader']) if (query[name] !== '') asked.set(name, query[name]);
  const range = dateRange(query.date, nowMs);
  if (range !== undefined) {
    asked.set('from', String(range.fromMs));
    asked.set('to', String(range.toMs));
  }
  if (query.sort !== 'rank') {
    asked.set('sort', query.sort);
    asked.set('direction', query.direction);
  }
  return asked;
}

export const isFiltered = (query) => query.search.trim() !== '' || FILTERS.some((name) => query[name].length > 0);
export const withoutFilters = (query) => ({ ...emptyQuery(query.scope), sort: query.sort, direction: query.direction });
