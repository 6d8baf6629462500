import { assert } from '../base/assert.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { HardState, Persist } from '../consensus/raft/effect.ts';
import type { Entry, LogIndex } from '../consensus/raft/entry.ts';
import type { LogBase } from '../consensus/raft/log-base.ts';

/** The durable log seen from its end: enough to judge and apply the next write. */
export interface LogTail {
  readonly hard_state: HardState;
  readonly commit_index: LogIndex;
  readonly last_index: LogIndex;
  /** What the log rests on since it was cut; null: on nothing. */
  readonly base: LogBase | null;
}

/** Several writes as one: what a single transaction has to do, in this order. */
export interface MergedWrite {
  /** Delete from here on; null: nothing of what is stored. */
  readonly delete_from: LogIndex | null;
  /** Delete through here; null: nothing is cut. */
  readonly delete_through: LogIndex | null;
  readonly entries: readonly Entry[];
  /** Whether anything must reach the disk; a commit index alone need not. */
  readonly durable: boolean;
  /** The tail afterwards. */
  readonly tail: LogTail;
}

/**
 * Merges writes in their order; what a later one truncates is not written at all. Asserts what Raft
 * promises about its log: no gap, no committed entry truncated, terms and commit index never fall, one
 * vote a term, no entry of a term that is not durable with it, and nothing cut that is not committed.
 */
export function mergeWrites(before: LogTail, writes: readonly Persist[]): MergedWrite {
  let { hard_state, commit_index, last_index, base } = before;
  let delete_from: LogIndex | null = null;
  let entries: Entry[] = [];
  for (const write of writes) {
    if (write.hard_state !== null) {
      assertFollows(hard_state, write.hard_state);
      hard_state = write.hard_state;
    }
    const from = write.truncate_from;
    if (from !== null) {
      assert(from > commit_index, `entry ${from} is committed and was to be truncated`);
      assert(from > (base?.index ?? 0), `truncation at ${from}, where the log is cut`);
      assert(from <= last_index + 1, `truncation at ${from} beyond the last entry, ${last_index}`);
      entries = entries.filter((entry) => entry.index < from);
      last_index = from - 1;
      if (from <= before.last_index) delete_from = Math.min(delete_from ?? from, from);
    }
    if (write.base !== null) {
      const { index, term } = write.base;
      assert(index > (base?.index ?? 0), `a cut at ${index}, where the log is cut already`);
      assert(term <= hard_state.term, `a cut at term ${term}, which is not yet durable`);
      entries = entries.filter((entry) => entry.index > index);
      base = write.base;
      // A snapshot's position may lie beyond the end: nothing is left of the log then.
      last_index = Math.max(last_index, index);
      commit_index = Math.max(commit_index, index);
    }
    for (const entry of write.entries) {
      assert(entry.index === last_index + 1, `entry ${entry.index} does not follow ${last_index}`);
      assert(entry.term <= hard_state.term, `entry ${entry.index} is of a term not yet durable`);
      entries.push(entry);
      last_index = entry.index;
    }
    assert(write.commit_index <= last_index, `commit index ${write.commit_index} beyond the log`);
    commit_index = Math.max(commit_index, write.commit_index);
  }
  const delete_through = base === before.base ? null : (base?.index ?? null);
  const durable =
    delete_from !== null ||
    delete_through !== null ||
    entries.length > 0 ||
    hard_state !== before.hard_state;
  const tail = { hard_state, commit_index, last_index, base };
  return { delete_from, delete_through, entries, durable, tail };
}

/** Paper, Figure 2: the term only grows, and a vote once given in a term stays. */
function assertFollows(before: HardState, after: HardState): void {
  assert(after.term >= before.term, `term ${after.term} after term ${before.term}`);
  if (after.term > before.term || before.voted_for === null) return;
  assert(
    after.voted_for !== null && sameMember(before.voted_for, after.voted_for),
    `another vote in term ${after.term}`,
  );
}
