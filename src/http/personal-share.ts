import { assert } from '../base/assert.ts';
import type { Key } from '../agenda/model.ts';

/** So much of one kind a person may have under way at this replica: nobody takes the places of all. */
export class PersonalShare {
  readonly #places: number;
  readonly #taken = new Map<Key, number>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Returns what gives the place back, once; null: all are taken. */
  take(user_key: Key): (() => void) | null {
    const taken = this.#taken.get(user_key) ?? 0;
    if (taken >= this.#places) return null;
    this.#taken.set(user_key, taken + 1);
    let is_given_back = false;
    return () => {
      assert(!is_given_back, 'a place is given back once');
      is_given_back = true;
      const left = (this.#taken.get(user_key) ?? 0) - 1;
      assert(left >= 0, 'a place that nobody took');
      if (left === 0) this.#taken.delete(user_key);
      else this.#taken.set(user_key, left);
    };
  }
}
