import { assert } from '../base/assert.ts';

/** The latest rows that were read, bounded; whoever writes a row forgets it here. */
export class RowCache<Row> {
  readonly #rows = new Map<number, Row>();
  readonly #rows_max: number;

  constructor(rows_max: number) {
    assert(rows_max >= 1, 'a cache without room');
    this.#rows_max = rows_max;
  }

  /** Rows that are not there are not remembered. */
  get(key: number, load: (key: number) => Row | null): Row | null {
    const cached = this.#rows.get(key);
    if (cached !== undefined) return cached;
    const row = load(key);
    if (row === null) return null;
    if (this.#rows.size >= this.#rows_max) {
      const oldest = this.#rows.keys().next();
      if (oldest.done !== true) this.#rows.delete(oldest.value);
    }
    this.#rows.set(key, row);
    return row;
  }

  forget(key: number): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
