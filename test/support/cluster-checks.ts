import { assert } from '../../src/base/assert.ts';
import type { MemberKey } from '../../src/consensus/raft/configuration.ts';
import { isVoter } from '../../src/consensus/raft/configuration.ts';
import type { Entry, LogIndex, Term } from '../../src/consensus/raft/entry.ts';
import { isQuorum } from '../../src/consensus/raft/quorum.ts';
import type { RaftState } from '../../src/consensus/raft/state.ts';
import { currentConfiguration } from '../../src/consensus/raft/state.ts';

/** What the checks see of a replica. */
export interface ObservedReplica {
  readonly key: MemberKey;
  /** Its log as it wrote it, on disk or on its way. */
  readonly entries: readonly Entry[];
  /** Its commit index when it was looked at last in this boot. */
  commit_seen: LogIndex;
  term_led: Term;
}

interface CommittedEntry {
  readonly entry: Entry;
  /** The term of the leader that committed it. */
  readonly term: Term;
  readonly at_ms: number;
}

/** The properties of the paper's Figure 3, looked at from outside of all replicas, after every step. */
export class ClusterChecks {
  readonly #leaders = new Map<Term, MemberKey>();
  /** By index and term: the entry, and the term of the one before it. Log matching follows by induction. */
  readonly #entries = new Map<string, { entry: Entry; previous_term: Term }>();
  readonly committed: CommittedEntry[] = [];

  /** Log matching: an index and a term name one entry, and one entry before it. */
  written(entries: readonly Entry[], log: readonly Entry[]): void {
    for (const entry of entries) {
      const name = `${entry.index}/${entry.term}`;
      const previous_term = log[entry.index - 2]?.term ?? 0;
      const known = this.#entries.get(name);
      if (known === undefined) {
        this.#entries.set(name, { entry, previous_term });
        continue;
      }
      assert(known.entry.checksum === entry.checksum, `two entries ${name}`);
      assert(known.previous_term === previous_term, `two histories of ${name}`);
    }
  }

  afterStep(
    replica: ObservedReplica,
    state: Readonly<RaftState>,
    now_ms: number,
    isDurableAt: (key: MemberKey, entry: Entry) => boolean,
  ): void {
    const { entries } = replica;
    assert(state.log.last_index === entries.length, 'the core lost track of its log');
    if (state.role === 'leader' && replica.term_led !== state.term) this.#elected(replica, state);
    assert(state.commit_index >= replica.commit_seen, 'the commit index fell');
    while (replica.commit_seen < state.commit_index) {
      replica.commit_seen += 1;
      this.#committed(replica, state, now_ms, isDurableAt);
    }
  }

  /** State-machine safety, of what is being applied. */
  applied(entry: Entry): void {
    const known = this.committed[entry.index - 1];
    assert(known !== undefined, `applied ${entry.index}, which nobody committed`);
    assert(known.entry.checksum === entry.checksum, `applied another entry ${entry.index}`);
  }

  /** The last index committed anywhere strictly before this moment. */
  committedBefore(at_ms: number): LogIndex {
    let low = 0;
    let high = this.committed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.committed[middle]?.at_ms ?? 0) < at_ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Election safety and leader completeness. */
  #elected(replica: ObservedReplica, state: Readonly<RaftState>): void {
    const { key, entries } = replica;
    const known = this.#leaders.get(state.term);
    assert(known === undefined, `term ${state.term} is led by ${known ?? ''} and by ${key}`);
    this.#leaders.set(state.term, key);
    replica.term_led = state.term;
    for (const { entry, term } of this.committed) {
      if (term >= state.term) continue;
      assert(
        entries[entry.index - 1]?.checksum === entry.checksum,
        `the leader of ${state.term} lacks entry ${entry.index}, committed in ${term}`,
      );
    }
  }

  #committed(
    replica: ObservedReplica,
    state: Readonly<RaftState>,
    now_ms: number,
    isDurableAt: (key: MemberKey, entry: Entry) => boolean,
  ): void {
    const { entries, commit_seen: index } = replica;
    const entry = entries[index - 1];
    assert(entry !== undefined, `committed ${index}, which is not in the log`);
    const known = this.committed[index - 1];
    if (known !== undefined) {
      assert(known.entry.checksum === entry.checksum, `two committed entries ${index}`);
      return;
    }
    assert(state.role === 'leader', `${replica.key} committed ${index} before any leader`);
    assert(this.committed.length === index - 1, 'commits have a gap');
    const configuration = currentConfiguration(state);
    assert(
      configuration !== null && isQuorum(configuration, (key) => isDurableAt(key, entry)),
      `entry ${index} is committed and not on the disks of a majority`,
    );
    assert(isVoter(configuration, state.options.self), 'a leader that does not vote');
    this.committed.push({ entry, term: state.term, at_ms: now_ms });
  }
}
