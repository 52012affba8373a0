/** A person's saved views of the list: the page's own query string under a name. What it says is the page's business. */
import type { Database } from './database.ts';

export interface SavedView {
  readonly name: string;
  readonly query: string;
  readonly savedAtMs: number;
}

export interface SavedViewRows {
  /** By name. */
  views(person: string): SavedView[];
  /** False where the person has as many as are kept and this is not one of them. */
  saveView(person: string, view: SavedView): boolean;
  removeView(person: string, name: string): boolean;
}

/** More than a menu can show. */
export const SAVED_VIEWS_MAX = 50;

export function createSavedViewRows(database: Database): SavedViewRows {
  const views = (person: string): SavedView[] =>
    database
      .all('SELECT name, query, saved_at_ms FROM saved_views WHERE person = ?', person)
      .map((row) => ({ name: String(row['name']), query: String(row['query']), savedAtMs: Number(row['saved_at_ms']) }))
      .sort((a, b) => a.name.localeCompare(b.name, 'vi'));

  return {
    views,
    saveView: (person, { name, query, savedAtMs }) =>
      database.transact(() => {
        const mine = views(person);
        if (mine.length >= SAVED_VIEWS_MAX && !mine.some((view) => view.name === name)) return false;
        database.run(
          'INSERT INTO saved_views VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET query = excluded.query, saved_at_ms = excluded.saved_at_ms',
          person,
          name,
          query,
          savedAtMs,
        );
        return true;
      }),
    removeView: (person, name) => database.transact(() => database.run('DELETE FROM saved_views WHERE person = ? AND name = ?', person, name) > 0),
  };
}
