import { assert, must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import { encodeConfiguration } from '../../src/consensus/raft/configuration-codec.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { memberKey, sameMember } from '../../src/consensus/raft/configuration.ts';
import type { Effect, HardState, Persist } from '../../src/consensus/raft/effect.ts';
import type { Entry, LogIndex, Position, Term } from '../../src/consensus/raft/entry.ts';
import { createState } from '../../src/consensus/raft/initial-state.ts';
import type { Input, Token } from '../../src/consensus/raft/input.ts';
import type { MembershipChange } from '../../src/consensus/raft/membership.ts';
import { NO_CHANGE } from '../../src/consensus/raft/membership.ts';
import type { AppendRequest, Request, Response } from '../../src/consensus/raft/message.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';
import type { RaftState } from '../../src/consensus/raft/state.ts';
import { otherMembers } from '../../src/consensus/raft/state.ts';
import { step } from '../../src/consensus/raft/step.ts';

/** One core to play with: inputs in, effects out, and the log that its writes make. */

export const ELECTION_TICKS = 10;
export const HEARTBEAT_TICKS = 2;
export const PRIORITY_PAUSE_TICKS = 100;

/** Another `storage` is the same node with another disk. */
export function member(number: number, storage = 'a'): Member {
  return { node_id: `n${number}`, storage_id: `s${number}${storage}` };
}

export const [n1, n2, n3, n4, n5] = [member(1), member(2), member(3), member(4), member(5)];

export function members(...numbers: readonly number[]): readonly Member[] {
  return numbers.map((number) => member(number));
}

export function configurationOf(parts: {
  readonly voters: readonly number[];
  readonly outgoing?: readonly number[];
  readonly learners?: readonly number[];
}): Configuration {
  return {
    cluster_id: 'cluster',
    voters: members(...parts.voters),
    outgoing_voters: members(...(parts.outgoing ?? [])),
    learners: members(...(parts.learners ?? [])),
    voters_wanted: parts.voters.length,
    removed: [],
    feature_level: 1,
  };
}

/** Voters n1 to n`size`. */
export function votersUpTo(size: number): Configuration {
  return configurationOf({ voters: Array.from({ length: size }, (_, position) => position + 1) });
}

/** A command: equal index and term, equal payload, as in any log. */
export function commandAt(index: LogIndex, term: Term, text = `${index}@${term}`): Entry {
  return sealEntry({ index, term, kind: 'command', request_id: '', payload: Buffer.from(text) });
}

export function configurationAt(index: LogIndex, term: Term, configuration: Configuration): Entry {
  const payload = encodeConfiguration(configuration);
  return sealEntry({ index, term, kind: 'configuration', request_id: '', payload });
}

/** Commands with these terms, from `first_index` on. */
export function commandsFrom(first_index: LogIndex, terms: readonly Term[]): readonly Entry[] {
  return terms.map((term, offset) => commandAt(first_index + offset, term));
}

/** A whole log with these terms; entry 1 is the configuration. */
function logOf(terms: readonly Term[], configuration: Configuration): readonly Entry[] {
  const [first, ...rest] = terms;
  if (first === undefined) return [];
  return [configurationAt(1, first, configuration), ...commandsFrom(2, rest)];
}

export function termStartsOf(entries: readonly Entry[]): readonly Position[] {
  return entries
    .filter((entry, position) => entry.term !== entries[position - 1]?.term)
    .map(({ index, term }) => ({ index, term }));
}

interface CoreSetup {
  readonly self?: Member;
  /** Null: no log at all. Three voters unless told. */
  readonly configuration?: Configuration | null;
  /** Terms of the log on disk, from entry 1 on. */
  readonly terms?: readonly Term[];
  /** The log on disk instead of one of these terms. */
  readonly log?: readonly Entry[];
  /** The last one of the log unless told. */
  readonly term?: Term;
  readonly voted_for?: Member | null;
  readonly commit_index?: LogIndex;
  readonly applied_index?: LogIndex;
  readonly seed?: number;
  readonly priority?: number;
}

interface Answer {
  readonly response: Response;
  /** Not before the disk has all that was issued. */
  readonly waits_for_disk: boolean;
  readonly effects: readonly Effect[];
}

export class TestCore {
  readonly self: Member;
  readonly state: RaftState;
  /** The log as this core wrote it, on disk or on its way. */
  readonly entries: Entry[];
  now_ms = 1_000;
  #next_token: Token = 1;

  constructor(setup: CoreSetup = {}) {
    const configuration = setup.configuration === undefined ? votersUpTo(3) : setup.configuration;
    const made = configuration === null ? [] : logOf(setup.terms ?? [1], configuration);
    const entries = setup.log ?? made;
    const hard_state: HardState = {
      term: setup.term ?? entries.at(-1)?.term ?? 0,
      voted_for: setup.voted_for ?? null,
    };
    this.self = setup.self ?? member(1);
    this.entries = [...entries];
    this.state = createState(
      {
        self: this.self,
        election_ticks: ELECTION_TICKS,
        heartbeat_ticks: HEARTBEAT_TICKS,
        priority: setup.priority ?? 0,
        priority_pause_ticks: PRIORITY_PAUSE_TICKS,
        prng: seededPrng(setup.seed ?? 1),
      },
      {
        hard_state,
        commit_index: setup.commit_index ?? 0,
        applied_index: setup.applied_index ?? 0,
        before_first: { index: 0, term: 0 },
        base_configuration: null,
        last_index: entries.length,
        term_starts: termStartsOf(entries),
        configuration_entries: entries.filter((entry) => entry.kind === 'configuration'),
      },
    );
  }

  get terms(): readonly Term[] {
    return this.entries.map((entry) => entry.term);
  }

  feed(input: Input): readonly Effect[] {
    const effects = step(this.state, input, this.now_ms);
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      if (effect.truncate_from !== null) this.entries.splice(effect.truncate_from - 1);
      this.entries.push(...effect.entries);
    }
    return effects;
  }

  tick(count = 1): readonly Effect[] {
    const effects: Effect[] = [];
    for (let tick = 0; tick < count; tick += 1) effects.push(...this.feed({ kind: 'tick' }));
    return effects;
  }

  token(): Token {
    this.#next_token += 1;
    return this.#next_token;
  }

  ask(from: Member, message: Request): Answer {
    const token = this.token();
    const effects = this.feed({ kind: 'request', from, token, message });
    for (const effect of effects) {
      if (effect.kind !== 'reply' && effect.kind !== 'reply_after_persist') continue;
      if (effect.token !== token) continue;
      const waits_for_disk = effect.kind === 'reply_after_persist';
      return { response: effect.message, waits_for_disk, effects };
    }
    throw new Error(`no answer to ${message.kind}`);
  }

  hear(from: Member, message: Response): readonly Effect[] {
    return this.feed({ kind: 'response', from, message });
  }

  fail(to: Member, message: Request): readonly Effect[] {
    return this.feed({ kind: 'send_failed', to, message });
  }

  /** The disk catches up. */
  persist(): readonly Effect[] {
    const last = this.state.log.outstanding_writes.at(-1);
    return last === undefined ? [] : this.feed({ kind: 'persisted', write_id: last.write_id });
  }

  /** The oldest write alone gets to the disk. */
  persistOne(): readonly Effect[] {
    const first = must(this.state.log.outstanding_writes[0], 'no write is outstanding');
    return this.feed({ kind: 'persisted', write_id: first.write_id });
  }

  propose(...texts: readonly string[]): readonly Effect[] {
    return this.feed({
      kind: 'propose',
      proposals: texts.map((text) => ({
        token: this.token(),
        kind: 'command',
        request_id: text,
        payload: Buffer.from(text),
      })),
    });
  }

  change(change: Partial<MembershipChange>): readonly Effect[] {
    const token = this.token();
    return this.feed({ kind: 'change_membership', token, change: { ...NO_CHANGE, ...change } });
  }

  read(token = this.token()): readonly Effect[] {
    return this.feed({ kind: 'read', token });
  }

  /** Serves `send_from_store` as the driver does. */
  fromStore(message: AppendRequest, through: LogIndex): AppendRequest {
    return { ...message, entries: this.entries.slice(message.previous.index, through) };
  }
}

/** Requests sent by these effects, of one kind, to one member or to all. */
export function sent<K extends Request['kind']>(
  effects: readonly Effect[],
  kind: K,
  to?: Member,
): readonly (Extract<Request, { kind: K }> & { readonly to: Member })[] {
  const found: (Extract<Request, { kind: K }> & { readonly to: Member })[] = [];
  for (const effect of effects) {
    if (
      effect.kind !== 'send' &&
      effect.kind !== 'send_after_persist' &&
      effect.kind !== 'send_from_store'
    ) {
      continue;
    }
    if (effect.message.kind !== kind || (to !== undefined && !sameMember(effect.to, to))) continue;
    found.push({ ...(effect.message as Extract<Request, { kind: K }>), to: effect.to });
  }
  return found;
}

export function only<T>(values: readonly T[]): T {
  assert(values.length === 1, `${values.length} values instead of one`);
  return must(values[0], 'no value');
}

export function pick<K extends Effect['kind']>(
  effects: readonly Effect[],
  kind: K,
): readonly Extract<Effect, { kind: K }>[] {
  return effects.filter((effect) => effect.kind === kind) as Extract<Effect, { kind: K }>[];
}

export function written(effects: readonly Effect[]): Persist | null {
  return pick(effects, 'persist')[0] ?? null;
}

/** Lets the timeout elapse: the core asks for pre-votes. */
export function timeOut(core: TestCore): readonly Effect[] {
  const { term } = core.state;
  for (let tick = 0; tick < 2 * ELECTION_TICKS; tick += 1) {
    const effects = core.tick();
    if (core.state.role === 'pre_candidate' || core.state.term > term) return effects;
  }
  throw new Error('no campaign within two election timeouts');
}

export function voteOf(core: TestCore, pre_vote: boolean, granted = true): Response {
  const term = core.state.term;
  const asked_term = pre_vote ? term + 1 : term;
  return { kind: 'vote_response', pre_vote, asked_term, term, granted };
}

/** Times out and is granted every pre-vote it needs: asks for votes, which are on disk. */
export function stand(core: TestCore): readonly Effect[] {
  const effects = [...timeOut(core)];
  for (const other of otherMembers(core.state)) {
    if (core.state.role !== 'pre_candidate') break;
    effects.push(...core.hear(other, voteOf(core, true)));
  }
  assert(core.state.role === 'candidate', 'the pre-vote was not won');
  effects.push(...core.persist());
  return effects;
}

/** Wins an election by real inputs; the no-op of the new term is not on disk yet. */
export function lead(core: TestCore): readonly Effect[] {
  const effects = [...stand(core)];
  for (const other of otherMembers(core.state)) {
    if (core.state.role !== 'candidate') break;
    effects.push(...core.hear(other, voteOf(core, false)));
  }
  assert(core.state.role === 'leader', 'the election was not won');
  return effects;
}

/** Follows `leader` in `term`, by a heartbeat. */
export function follow(core: TestCore, leader: Member, term: Term): void {
  core.ask(leader, heartbeat(term));
  core.persist();
}

export function heartbeat(term: Term, round = 1, commit_index: LogIndex = 0): Request {
  return { kind: 'heartbeat', term, round, commit_index, freshness: null };
}

export function append(
  term: Term,
  previous: Position,
  entries: readonly Entry[],
  leader_commit: LogIndex = 0,
  append_id = 1,
): AppendRequest {
  return { kind: 'append', term, append_id, previous, entries, leader_commit };
}

export function vote(term: Term, last_log: Position, pre_vote = false): Request {
  return { kind: 'vote', pre_vote, is_transfer: false, term, last_log };
}

/** A vote asked for because the leader said so. */
export function transferVote(term: Term, last_log: Position): Request {
  return { kind: 'vote', pre_vote: false, is_transfer: true, term, last_log };
}

/** "I hold your log up to here", in the leader's term, to whatever is on its way. */
export function acknowledge(
  core: TestCore,
  from: Member,
  match_index: LogIndex,
): readonly Effect[] {
  const progress = core.state.leading?.progress.get(memberKey(from));
  return core.hear(from, {
    kind: 'append_response',
    term: core.state.term,
    append_id: progress?.append_in_flight ?? 0,
    success: true,
    match_index,
    conflict: null,
  });
}

/** Confirms a round of heartbeats in the leader's term. */
export function confirm(
  core: TestCore,
  from: Member,
  round: number,
  echo_ms = 0,
  priority = 0,
): readonly Effect[] {
  return core.hear(from, {
    kind: 'heartbeat_response',
    term: core.state.term,
    round,
    success: true,
    echo_ms,
    applied_index: 0,
    last_index: 0,
    needs_snapshot_from: 0,
    priority,
  });
}

/** A leader of term 2 whose no-op, entry 2, is committed and known to all, and nothing is on its way. */
export function establishedLeader(size = 3): TestCore {
  const core = new TestCore({ configuration: votersUpTo(size) });
  const others = otherMembers(core.state);
  lead(core);
  core.persist();
  for (const from of others) {
    acknowledge(core, from, 1);
    acknowledge(core, from, 2);
  }
  core.tick();
  for (const from of others) acknowledge(core, from, 2);
  const { role, term, commit_index } = core.state;
  assert(role === 'leader' && term === 2 && commit_index === 2, 'no established leader');
  return core;
}

/** The number of the round that these effects began. */
export function roundOf(effects: readonly Effect[]): number {
  return must(sent(effects, 'heartbeat')[0], 'no round began').round;
}
