// The order in which Jest runs the test files: the long ones first, so that no core waits at the end for one
// that began last. By size, as Jest has it of itself, a small file that runs for minutes comes last.
import { statSync } from 'node:fs';
import { sep } from 'node:path';

/** Those that take more than about 40 s on two busy cores, the longest first. */
const long_ones = [
  'simulation/seeds',
  'e2e/chaos',
  'e2e/process-faults',
  'simulation/simulate',
  'e2e/network/cuts',
  'e2e/race',
  'e2e/audit',
  'e2e/network/partition',
  'e2e/operator-commands',
  'e2e/formation',
  'e2e/live',
  'consensus/raft/cluster-random',
  'e2e/join-under-load',
  'http/fuzz',
  'e2e/fuzz',
  'e2e/login-storm',
  'e2e/majority-lost',
  'e2e/stale',
  'e2e/power-cut',
  'e2e/stories/stories',
  'e2e/leader-kill',
  'e2e/snapshot',
];

function placeOf({ path }) {
  const place = long_ones.findIndex((name) =>
    path.endsWith(`${sep}${name.replaceAll('/', sep)}.test.ts`),
  );
  return place === -1 ? long_ones.length : place;
}

export default class LongestFirst {
  sort(tests) {
    const sizes = new Map(tests.map((test) => [test, statSync(test.path).size]));
    return tests.toSorted(
      (one, other) => placeOf(one) - placeOf(other) || sizes.get(other) - sizes.get(one),
    );
  }

  /** Nothing is remembered: the order is the same on every machine. */
  cacheResults() {}
}
