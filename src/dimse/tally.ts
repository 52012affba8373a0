/** Counts by key and in all: connections and associations per address. Keys at zero are forgotten. */
export class Tally {
  readonly #counts = new Map<string, number>();
  total = 0;

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.total++;
    this.#counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    this.total--;
    const count = this.of(key) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
