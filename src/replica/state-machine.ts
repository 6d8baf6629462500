import { assert, must } from '../base/assert.ts';
import { CodecError } from '../base/codec.ts';
import type { Command, CommandKind } from '../agenda/command.ts';
import { decide } from '../agenda/decide/decide.ts';
import type { Decide } from '../agenda/decide/decision.ts';
import type { Instant } from '../agenda/model.ts';
import type { CommandOutcome } from '../agenda/outcome.ts';
import type { StateMachine } from '../consensus/ports.ts';
import type { Entry, LogIndex } from '../consensus/raft/entry.ts';
import { limits } from '../limits.ts';
import type { AgendaStore, RememberedRequest } from './agenda-store.ts';
import type { ChangeFeed, FeedItem } from './change-feed.ts';
import { decodeCommand } from './command-codec.ts';
import { nextDigest } from './digest-chain.ts';
import { DigestRing } from './digest-ring.ts';
import { failedJudgement, judge } from './judge.ts';
import type { JudgeOptions, Judgement } from './judge.ts';
import { RequestKeys } from './request-keys.ts';

/** Told what operators must hear of. Must not throw. */
export interface StateMachineObserver {
  /** A defect of the program: the command at this index was refused with `internal_error`. */
  onDecideFailed(index: LogIndex, kind: CommandKind | 'undecodable', error: unknown): void;
}

export interface AgendaStateMachineOptions {
  readonly store: AgendaStore;
  readonly change_feed: ChangeFeed;
  readonly observer: StateMachineObserver;
  /** The rules; the real ones unless a test plants others. */
  readonly decide?: Decide;
}

/** A defect met at an entry. */
interface Failure {
  readonly kind: CommandKind | 'undecodable';
  readonly error: unknown;
}

/** An entry with what its payload says; null: it says nothing to the agenda. */
interface Decoded {
  readonly entry: Entry;
  readonly command: Command | null;
  readonly failure: Failure | null;
}

/** The rows of a command were refused by the database, as they would be on every replica. */
class RowsRefused extends Error {
  override name = 'RowsRefused';
  readonly index: LogIndex;

  constructor(index: LogIndex, cause: unknown) {
    super(`the rows of entry ${index} were refused`, { cause });
    this.index = index;
  }
}

/** One attempt at a batch: nothing of it counts before its transaction is committed. */
interface Attempt {
  applied_index: LogIndex;
  digest: string;
  state_time: Instant;
  readonly outcomes: (CommandOutcome | null)[];
  readonly digests: string[];
  readonly items: FeedItem[];
}

/**
 * Joins the log and the rules: committed entries in, rows and outcomes out. Deterministic: state, digest
 * and outcomes depend on the entries alone, not on how they were batched.
 */
export class AgendaStateMachine implements StateMachine {
  readonly #store: AgendaStore;
  readonly #change_feed: ChangeFeed;
  readonly #observer: StateMachineObserver;
  readonly #requests: RequestKeys;
  readonly #judge_options: JudgeOptions;
  readonly #digests: DigestRing;
  #applied_index: LogIndex;
  #digest: string;
  #state_time: Instant;

  constructor(options: AgendaStateMachineOptions) {
    const { store } = options;
    this.#store = store;
    this.#change_feed = options.change_feed;
    this.#observer = options.observer;
    this.#requests = new RequestKeys({ requests: store.requests });
    this.#judge_options = {
      view: store.view,
      requests: this.#requests,
      decide: options.decide ?? decide,
    };
    const meta = store.readMeta();
    this.#applied_index = meta.applied_index;
    this.#digest = meta.digest;
    this.#state_time = meta.state_time;
    this.#digests = new DigestRing(meta.applied_index, meta.digest, limits.digests_kept);
    assert(
      this.#change_feed.cursor === meta.applied_index,
      'the change feed starts where the state stands',
    );
  }

  get applied_index(): LogIndex {
    return this.#applied_index;
  }

  get digest(): string {
    return this.#digest;
  }

  /** The digest after the entry at `index`; null when it is not (or no longer) known here. */
  digestAt(index: LogIndex): string | null {
    return this.#digests.at(index);
  }

  /**
   * Applies consecutive entries in one transaction; one outcome for each, null for those of the engine.
   * All or nothing: on a throw the state is as before.
   *
   * @throws {UnknownCommandError} a newer program wrote one of them
   * @throws whatever the storage throws when it fails
   */
  apply(entries: readonly Entry[]): readonly (CommandOutcome | null)[] {
    this.#assertNext(entries);
    const decoded = entries.map(decodeEntry);
    const failures = new Map<LogIndex, Failure>();
    for (const { entry, failure } of decoded) {
      if (failure !== null) failures.set(entry.index, failure);
    }
    const attempt = this.#commit(decoded, failures);
    this.#settle(attempt, failures);
    return attempt.outcomes;
  }

  #assertNext(entries: readonly Entry[]): void {
    assert(entries.length > 0, 'nothing to apply');
    assert(entries.length <= limits.apply_entries_max, 'too many entries for one transaction');
    let expected = this.#applied_index;
    for (const entry of entries) {
      expected += 1;
      assert(entry.index === expected, 'a gap in the entries to apply');
    }
  }

  /**
   * Until it goes through: when the database refuses the rows of a command, the whole batch is rolled
   * back and done again with that command failed. (A savepoint for each command would cost every one.)
   */
  #commit(decoded: readonly Decoded[], failures: Map<LogIndex, Failure>): Attempt {
    for (;;) {
      try {
        return this.#store.transaction(() => this.#applyAll(decoded, failures));
      } catch (error) {
        this.#requests.reload();
        if (!(error instanceof RowsRefused)) throw error;
        const refused = decoded.find(({ entry }) => entry.index === error.index);
        const kind = must(refused?.command, 'rows without a command').body.kind;
        assert(!failures.has(error.index), 'the audit row of a failed command was refused');
        failures.set(error.index, { kind, error: error.cause });
      }
    }
  }

  #applyAll(decoded: readonly Decoded[], failures: Map<LogIndex, Failure>): Attempt {
    const attempt: Attempt = {
      applied_index: this.#applied_index,
      digest: this.#digest,
      state_time: this.#state_time,
      outcomes: [],
      digests: [],
      items: [],
    };
    for (const one of decoded) {
      if (one.entry.kind === 'command') this.#applyCommand(attempt, one, failures);
      else this.#advance(attempt, one.entry.index, null, null, 0);
    }
    const { applied_index, digest, state_time } = attempt;
    this.#store.writeMeta({ applied_index, digest, state_time });
    return attempt;
  }

  #applyCommand(attempt: Attempt, one: Decoded, failures: Map<LogIndex, Failure>): void {
    const { entry, command } = one;
    const { index } = entry;
    attempt.state_time = Math.max(attempt.state_time, command?.at ?? 0);
    const { state_time } = attempt;
    const pruned = this.#requests.prune(state_time);
    let judgement: Judgement | null = null;
    if (command !== null && !failures.has(index)) {
      try {
        judgement = judge(this.#judge_options, command, { index, state_time });
      } catch (error) {
        if (this.#store.isStorageFailure(error)) throw error;
        failures.set(index, { kind: command.body.kind, error });
      }
    }
    judgement ??= failedJudgement(command, entry.request_id, { index, state_time });
    const remembered = this.#write(index, state_time, command, judgement);
    this.#advance(attempt, index, judgement, remembered, pruned);
  }

  #write(
    index: LogIndex,
    state_time: Instant,
    command: Command | null,
    judgement: Judgement,
  ): RememberedRequest | null {
    const { changes, outcome } = judgement;
    try {
      this.#store.write(changes);
      const key = command?.remember ?? null;
      if (key === null || outcome.kind === 'refused' || outcome.replayed) return null;
      return this.#requests.remember(key, outcome.answer, index, state_time);
    } catch (error) {
      if (this.#store.isStorageFailure(error)) throw error;
      throw new RowsRefused(index, error);
    }
  }

  #advance(
    attempt: Attempt,
    index: LogIndex,
    judgement: Judgement | null,
    remembered: RememberedRequest | null,
    pruned: number,
  ): void {
    const { state_time } = attempt;
    const changes = judgement?.changes ?? [];
    attempt.applied_index = index;
    attempt.digest = nextDigest(attempt.digest, { index, state_time, changes, remembered, pruned });
    attempt.digests.push(attempt.digest);
    attempt.outcomes.push(judgement?.outcome ?? null);
    const events = judgement?.events ?? [];
    if (events.length > 0) attempt.items.push({ index, events });
  }

  /** After the commit: what was applied becomes what this replica says. */
  #settle(attempt: Attempt, failures: ReadonlyMap<LogIndex, Failure>): void {
    let index = this.#applied_index;
    for (const digest of attempt.digests) {
      index += 1;
      this.#digests.push(index, digest);
    }
    assert(index === attempt.applied_index, 'one digest for each entry');
    this.#applied_index = attempt.applied_index;
    this.#digest = attempt.digest;
    this.#state_time = attempt.state_time;
    for (const [failed_index, { kind, error }] of failures) {
      this.#observer.onDecideFailed(failed_index, kind, error);
    }
    for (const item of attempt.items) this.#change_feed.publish(item.index, item.events);
    this.#change_feed.publish(attempt.applied_index, []);
  }
}

/** Garbage is a defect of who wrote it, equal on every replica; what is unknown here throws. */
function decodeEntry(entry: Entry): Decoded {
  if (entry.kind !== 'command') return { entry, command: null, failure: null };
  try {
    return { entry, command: decodeCommand(entry.payload), failure: null };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { entry, command: null, failure: { kind: 'undecodable', error } };
  }
}
