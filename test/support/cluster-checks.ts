import { assert } from '../../src/base/assert.ts';
import type { Configuration, Member, MemberKey } from '../../src/consensus/raft/configuration.ts';
import { decodeConfiguration } from '../../src/consensus/raft/configuration-codec.ts';
import { isVoter, memberKey } from '../../src/consensus/raft/configuration.ts';
import type { Entry, LogIndex, Term } from '../../src/consensus/raft/entry.ts';
import { isQuorum } from '../../src/consensus/raft/quorum.ts';
import type { RaftState } from '../../src/consensus/raft/state.ts';

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
  configurations_committed = 0;

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
    this.#decided(replica, state, (key) => isDurableAt(key, entry));
    if (entry.kind === 'configuration') {
      const before = configurationsAt(entries, index - 1)[0];
      this.#configurationCommitted(decode(entry), before);
    }
    this.committed.push({ entry, term: state.term, at_ms: now_ms });
  }

  /**
   * The last configuration in the leader's log decides, committed or not (thesis §4.1); what came after
   * a joint one is decided by the new voters alone as soon as the final one is in the log. That the entry
   * is on a majority's disks is looked at also by the configuration that was in force when it was written.
   */
  #decided(
    { entries, commit_seen: index }: ObservedReplica,
    { options }: Readonly<RaftState>,
    isDurableAt: (key: MemberKey) => boolean,
  ): void {
    const [in_force, before] = configurationsAt(entries, entries.length);
    const [written_under] = configurationsAt(entries, index);
    assert(in_force !== undefined && written_under !== undefined, 'a leader without voters');
    assert(
      isQuorum(in_force, isDurableAt) &&
        isQuorum({ ...written_under, outgoing_voters: [] }, isDurableAt),
      `entry ${index} is committed and not on the disks of a majority`,
    );
    // Who commits that it is no member any more leads until then (thesis §4.2.2).
    assert(
      isVoter(in_force, options.self) || (before !== undefined && isVoter(before, options.self)),
      'a leader that does not vote',
    );
  }

  /** Thesis §4.3: between two sets of voters there is a configuration that both decide. */
  #configurationCommitted(next: Configuration, before: Configuration | undefined): void {
    if (before === undefined) return;
    const is_joint = before.outgoing_voters.length > 0;
    const names = (members: readonly Member[]): string => members.map(memberKey).sort().join(' ');
    if (next.outgoing_voters.length > 0) {
      assert(!is_joint, 'a change began before another had ended');
      assert(
        names(next.outgoing_voters) === names(before.voters),
        'outgoing voters that were none',
      );
    } else {
      assert(
        names(next.voters) === names(before.voters),
        'voters changed without a joint decision',
      );
    }
    this.configurations_committed += 1;
  }
}

/** The configuration in force at an entry, by the log up to there, and the one before it. */
function configurationsAt(entries: readonly Entry[], index: LogIndex): readonly Configuration[] {
  const found: Configuration[] = [];
  for (let at = index; at >= 1 && found.length < 2; at -= 1) {
    const entry = entries[at - 1];
    if (entry?.kind === 'configuration') found.push(decode(entry));
  }
  return found;
}

const decoded = new WeakMap<Entry, Configuration>();

function decode(entry: Entry): Configuration {
  const known = decoded.get(entry) ?? decodeConfiguration(entry.payload);
  decoded.set(entry, known);
  return known;
}
