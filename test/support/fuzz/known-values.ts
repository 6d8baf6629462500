import type { Prng } from '../../../src/base/prng.ts';
import { chance, pick } from './chance.ts';

const KEPT = 20;

/** Where things are asked for by ids of which kind. */
const collections = [
  ['apt_', '/api/appointments'],
  ['grp_', '/api/groups'],
  ['pst_', '/api/posts'],
  ['ntf_', '/api/notifications'],
] as const;

/** The name under which ids of the things at an address are known. */
export function idIn(path: string): string {
  return `id in ${path.split('/').slice(0, 3).join('/')}`;
}

/** Values that were in answers, by the names they had there: what requests can be about. */
export class KnownValues {
  readonly #values = new Map<string, string[]>();

  learn(name: string, value: string): void {
    const values = this.#values.get(name) ?? [];
    if (values.includes(value)) return;
    this.#values.set(name, [...values, value].slice(-KEPT));
  }

  /** Takes the texts out of a JSON answer. */
  learnFrom(json: unknown): void {
    if (typeof json !== 'object' || json === null) return;
    for (const [name, value] of Object.entries(json)) {
      if (typeof value === 'string' && value.length <= 1_000) this.#learnText(name, value);
      else this.learnFrom(value);
    }
  }

  /** What is found under one name is asked for under another. */
  #learnText(name: string, value: string): void {
    if (name === 'next_cursor') this.learn('cursor', value);
    if (value.startsWith('prp_')) this.learn('pid', value);
    const collection = collections.find(([prefix]) => value.startsWith(prefix));
    if (name !== 'id') this.learn(name, value);
    else if (collection !== undefined) this.learn(idIn(collection[1]), value);
    if (value.startsWith('grp_')) this.learn('group_id', value);
  }

  forget(name: string): void {
    this.#values.delete(name);
  }

  /** Null in so many of a hundred cases, and always when none is known. */
  any(prng: Prng, name: string, percent_unknown = 20): string | null {
    const values = this.#values.get(name);
    if (values === undefined || chance(prng, percent_unknown)) return null;
    return pick(prng, values);
  }
}
