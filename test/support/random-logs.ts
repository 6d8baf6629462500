import { assert, must } from '../../src/base/assert.ts';
import type { Prng } from '../../src/base/prng.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import { commandEntry } from './log-fixtures.ts';

/** A replica's log as a history of elections and replication left it. */
export interface RandomLog {
  readonly entries: Entry[];
  term: number;
  committed: number;
}

/**
 * Logs of three replicas that elections, partial replication and commits by counting (paper §5.3, §5.4)
 * may leave: conflicting suffixes, old leaders' entries, commit indexes known here and not there.
 */
export function randomLogs(prng: Prng, rounds: number): readonly RandomLog[] {
  const logs: RandomLog[] = [1, 2, 3].map(() => ({ entries: [], term: 0, committed: 0 }));
  for (let term = 1; term <= rounds; term += 1) {
    const leader = must(logs[prng.below(3)], 'a replica');
    const voters = logs.filter((log) => log === leader || isUpToDate(leader, log));
    if (voters.length < 2) continue;
    for (const voter of voters) voter.term = term;
    for (let left = prng.below(4); left > 0; left -= 1) {
      leader.entries.push(commandEntry(leader.entries.length + 1, term, 8));
    }
    for (const log of logs) if (log !== leader && prng.below(2) === 0) follow(log, leader, prng);
    commit(leader, logs, term);
    for (const log of logs) {
      // The news of a commit reaches whoever has the leader's entries, or does not.
      if (prng.below(2) === 0) tellCommit(log, leader);
    }
  }
  return logs;
}

function isUpToDate(candidate: RandomLog, voter: RandomLog): boolean {
  const own = voter.entries.at(-1)?.term ?? 0;
  const other = candidate.entries.at(-1)?.term ?? 0;
  return other > own || (other === own && candidate.entries.length >= voter.entries.length);
}

function follow(log: RandomLog, leader: RandomLog, prng: Prng): void {
  log.term = leader.term;
  let agreed = 0;
  while (agreed < log.entries.length && same(log, leader, agreed)) agreed += 1;
  const through = agreed + prng.below(leader.entries.length - agreed + 1);
  if (through === agreed) return;
  assert(agreed >= log.committed, 'a committed entry is overwritten');
  log.entries.splice(agreed, Infinity, ...leader.entries.slice(agreed, through));
}

function commit(leader: RandomLog, logs: readonly RandomLog[], term: number): void {
  for (let index = leader.entries.length; index > leader.committed; index -= 1) {
    if (leader.entries[index - 1]?.term !== term) return;
    const holders = logs.filter((log) => same(log, leader, index - 1)).length;
    if (holders >= 2) leader.committed = index;
    if (holders >= 2) return;
  }
}

function tellCommit(log: RandomLog, leader: RandomLog): void {
  let agreed = 0;
  while (agreed < leader.committed && same(log, leader, agreed)) agreed += 1;
  log.committed = Math.max(log.committed, agreed);
}

/** Whether both hold the same entry there; false when one holds none. */
function same(one: RandomLog, other: RandomLog, at: number): boolean {
  const term = one.entries[at]?.term;
  return term !== undefined && term === other.entries[at]?.term;
}
