import type { Instant } from '../model.ts';

interface Expiring {
  readonly expires_at: Instant;
}

/** Two that are in order as one; reads no more of either than is asked for, and one row. */
export function* inOrderOfExpiry<One extends Expiring, Other extends Expiring>(
  ones: Iterable<One>,
  others: Iterable<Other>,
): Generator<One | Other, void> {
  const rest = others[Symbol.iterator]();
  try {
    let other = rest.next();
    for (const one of ones) {
      while (other.done !== true && other.value.expires_at < one.expires_at) {
        yield other.value;
        other = rest.next();
      }
      yield one;
    }
    while (other.done !== true) {
      yield other.value;
      other = rest.next();
    }
  } finally {
    // What is read from a database is to be closed before anything is written to it.
    rest.return?.();
  }
}
