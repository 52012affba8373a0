/** The address bar: which question the list answers and which study is open. Back and Forward go through them. */
import { readQuery, writeQuery } from './query.js';

export function createAddress({ scope, onQuery, onStudy }) {
  const studyIn = () => /^#study=([0-9.]{1,64})$/.exec(location.hash)?.[1];
  let query = readQuery(location.search, scope);
  let study;

  const written = () => {
    const asked = writeQuery(query, scope);
    return `/${asked === '' ? '' : `?${asked}`}${study === undefined ? '' : `#study=${study}`}`;
  };
  /** Typing, and leafing from study to study, are one step of the history. */
  const write = (how) => written() !== `${location.pathname}${location.search}${location.hash}` && history[how](null, '', written());

  const moved = () => {
    const before = writeQuery(query, scope);
    query = readQuery(location.search, scope);
    study = studyIn();
    if (writeQuery(query, scope) !== before) onQuery(query);
    onStudy(study);
  };
  addEventListener('popstate', moved);

  return {
    query: () => query,
    studyAtStart: studyIn(),
    ask(next, { step = true } = {}) {
      query = next;
      write(step ? 'pushState' : 'replaceState');
    },
    study(uid) {
      const how = study === undefined && uid !== undefined ? 'pushState' : 'replaceState';
      study = uid;
      write(how);
    },
    close: () => removeEventListener('popstate', moved),
  };
}
