import { assert } from '../../src/base/assert.ts';
import type { Configuration, Member, MemberKey } from '../../src/consensus/raft/configuration.ts';
import { memberKey, sameMember } from '../../src/consensus/raft/configuration.ts';
import type { Persist } from '../../src/consensus/raft/effect.ts';
import type { Entry, LogIndex, Term } from '../../src/consensus/raft/entry.ts';
import { termAt } from '../../src/consensus/raft/log.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import type { Life, SimulatedReplica } from './replica.ts';

/** What was seen of one life of a replica. */
interface Seen {
  term: Term;
  commit_index: LogIndex;
  applied_index: LogIndex;
  last_index: LogIndex;
  term_led: Term;
}

interface Committed {
  readonly entry: Entry;
  /** Of the leader that committed it. */
  readonly term: Term;
}

/**
 * The properties of the paper's Figure 3 and what goes beyond them, looked at from outside of all
 * replicas after every step.
 */
export class Invariants {
  readonly #replicas: readonly SimulatedReplica[];
  readonly #seen = new WeakMap<Life, Seen>();
  readonly #leaders = new Map<Term, MemberKey>();
  readonly #written = new Map<string, { readonly checksum: number; readonly previous: Term }>();
  readonly #committed: Committed[] = [];
  readonly #digests = new Map<LogIndex, string>();

  constructor(replicas: readonly SimulatedReplica[]) {
    this.#replicas = replicas;
  }

  get committed_count(): number {
    return this.#committed.length;
  }

  /** Log matching: an index and a term name one entry, and one before it; the rest is induction. */
  written(replica: SimulatedReplica, writes: readonly Persist[]): void {
    const log = replica.life?.group.state.log;
    for (const { entries } of writes) {
      for (const [position, entry] of entries.entries()) {
        const before = entries[position - 1]?.term ?? previousTerm(log, entry);
        if (before === null) continue;
        const name = `${entry.index}/${entry.term}`;
        const known = this.#written.get(name);
        if (known === undefined) {
          this.#written.set(name, { checksum: entry.checksum, previous: before });
          continue;
        }
        assert(known.checksum === entry.checksum, `two entries ${name}`);
        assert(known.previous === before, `two histories of entry ${name}`);
      }
    }
  }

  /** An answer is a promise: what it says must be on the disk by now. */
  answered(from: Member, asker: Member, request: Request, response: Response): void {
    const replica = this.#withDisk(memberKey(from));
    if (replica === null || !replica.is_up) return;
    const { hard_state, last_index } = replica.log.tail;
    const name = from.node_id;
    assert(hard_state.term >= response.term, `${name} may forget the term of its ${response.kind}`);
    if (response.kind === 'vote_response' && response.granted && !response.pre_vote) {
      const is_kept =
        hard_state.term > response.asked_term ||
        (hard_state.voted_for !== null && sameMember(hard_state.voted_for, asker));
      assert(is_kept, `${name} gives a vote that it may forget`);
    }
    if (response.kind === 'append_response' && response.success) {
      // A later term may have taken it away again: then its leader was elected without this answer.
      const is_kept = hard_state.term > response.term || last_index >= response.match_index;
      assert(is_kept, `${name} acknowledges what it may forget`);
      const wanted = request.kind === 'append' ? request.entries.at(-1) : undefined;
      const found = wanted === undefined ? null : replica.log.entryAt(wanted.index);
      assert(
        wanted === undefined ||
          hard_state.term > response.term ||
          (replica.log.tail.base?.index ?? 0) >= wanted.index ||
          found?.checksum === wanted.checksum,
        `${name} acknowledges entry ${wanted?.index} and has another one`,
      );
    }
  }

  afterStep(): void {
    for (const replica of this.#replicas) {
      const { life } = replica;
      if (life !== null) this.#check(replica, life);
    }
  }

  #check(replica: SimulatedReplica, life: Life): void {
    const { state } = life.group;
    const seen = this.#seenOf(life);
    const name = replica.member.node_id;
    assert(state.term >= seen.term, `the term of ${name} fell`);
    seen.term = state.term;
    if (state.role === 'leader' && seen.term_led !== state.term) {
      seen.term_led = state.term;
      this.#elected(replica, state.term);
    }
    assert(state.commit_index >= seen.commit_index, `the commit index of ${name} fell`);
    // "Only log entries from the leader's current term are committed by counting replicas" (§5.4.2).
    assert(
      state.role !== 'leader' ||
        state.commit_index === seen.commit_index ||
        termAt(state.log, state.commit_index) === state.term,
      `${name} commits an entry of an earlier term by counting`,
    );
    const configuration = configurationBefore(state, seen.last_index);
    while (seen.commit_index < state.commit_index) {
      seen.commit_index += 1;
      this.#committedAt(replica, life, seen.commit_index, configuration);
    }
    seen.last_index = state.log.last_index;
    const { applied_index } = life.machine;
    assert(applied_index >= seen.applied_index, `the applied index of ${name} fell`);
    if (applied_index > seen.applied_index) this.#applied(replica, life);
    seen.applied_index = applied_index;
    // The state itself may be ahead for a moment, while a snapshot is put in place.
    assert(state.applied_index <= state.commit_index, `${name} applied what is not committed`);
    assert(applied_index <= this.#committed.length, `${name} applied what nobody committed`);
    // A snapshot is put in place of the state first, then of the log.
    const { last_index } = replica.log.tail;
    assert(
      state.applied_index <= Math.max(last_index, state.log.before_first.index),
      `${name} applied what is not on its disk`,
    );
    const { durable_state_index } = replica;
    assert(durable_state_index <= applied_index, `${name} has a checkpoint of what comes later`);
    assert(
      state.is_state_missing || state.log.before_first.index <= durable_state_index,
      `${name} cut its log above its checkpoint`,
    );
  }

  #seenOf(life: Life): Seen {
    const known = this.#seen.get(life);
    if (known !== undefined) return known;
    const { state } = life.group;
    const seen: Seen = {
      term: 0,
      // What was committed before the cut cannot be looked at any more.
      commit_index: state.log.before_first.index,
      applied_index: 0,
      last_index: state.log.last_index,
      term_led: 0,
    };
    this.#seen.set(life, seen);
    return seen;
  }

  /** Election safety and leader completeness. */
  #elected(replica: SimulatedReplica, term: Term): void {
    const key = memberKey(replica.member);
    const known = this.#leaders.get(term);
    assert(known === undefined || known === key, `term ${term} is led by ${known} and by ${key}`);
    this.#leaders.set(term, key);
    const cut_index = replica.life?.group.state.log.before_first.index ?? 0;
    for (const committed of this.#committed.slice(cut_index)) {
      if (committed.term >= term) continue;
      const { index, checksum } = committed.entry;
      assert(
        replica.entryAt(index)?.checksum === checksum,
        `the leader of ${term}, ${key}, lacks entry ${index}, committed in ${committed.term}`,
      );
    }
  }

  /** State-machine safety, and that a commit is on the disks of a majority. */
  #committedAt(
    replica: SimulatedReplica,
    life: Life,
    index: LogIndex,
    configuration: Configuration | null,
  ): void {
    const name = replica.member.node_id;
    if (index <= life.group.state.log.before_first.index) {
      assert(index <= this.#committed.length, `${name} has a snapshot of what nobody committed`);
      return;
    }
    const entry = replica.entryAt(index);
    assert(entry !== null, `${name} committed ${index}, which is not in its log`);
    const known = this.#committed[index - 1];
    if (known !== undefined) {
      assert(known.entry.checksum === entry.checksum, `two committed entries ${index}`);
      return;
    }
    const { state } = life.group;
    assert(this.#committed.length === index - 1, `${name} committed ${index} after a gap`);
    assert(state.role === 'leader', `${name} committed ${index} before any leader`);
    assert(configuration !== null, `${name} commits without a configuration`);
    for (const voters of [configuration.voters, configuration.outgoing_voters]) {
      const holders = voters.filter((voter) => this.#holds(memberKey(voter), entry));
      assert(
        voters.length === 0 || 2 * holders.length > voters.length,
        `entry ${index} is committed and not on the disks of a majority`,
      );
    }
    this.#committed.push({ entry, term: state.term });
  }

  /** A disk that was lost meanwhile had it: what it acknowledged may still be on its way. */
  #holds(key: MemberKey, entry: Entry): boolean {
    return this.#replicas.some((replica) => {
      const log = replica.logOf(key);
      if (log === null) return false;
      // What it has cut was committed, and is compared when it is applied.
      if ((log.tail.base?.index ?? 0) >= entry.index) return true;
      return log.entryAt(entry.index)?.checksum === entry.checksum;
    });
  }

  /** Null: that disk is gone. */
  #withDisk(key: MemberKey): SimulatedReplica | null {
    return this.#replicas.find((replica) => memberKey(replica.member) === key) ?? null;
  }

  #applied(replica: SimulatedReplica, life: Life): void {
    const { applied_index, digest } = life.machine;
    const known = this.#digests.get(applied_index);
    if (known === undefined) this.#digests.set(applied_index, digest);
    assert(
      known === undefined || known === digest,
      `${replica.member.node_id} has another state at ${applied_index}`,
    );
  }
}

/**
 * In force when the step began: a leader that commits by it may append the next one in the same step. The
 * latest in the log counts, committed or not (thesis §4.1).
 */
function configurationBefore(
  state: Life['group']['state'],
  last_index: LogIndex,
): Configuration | null {
  const before = state.configurations.findLast(({ index }) => index <= last_index);
  return (before ?? state.configurations[0])?.configuration ?? null;
}

function previousTerm(log: Parameters<typeof termAt>[0] | undefined, entry: Entry): Term | null {
  return log === undefined ? null : termAt(log, entry.index - 1);
}
