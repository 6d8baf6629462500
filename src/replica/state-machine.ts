import { assert, must } from '../base/assert.ts';
import type { RowChange } from '../agenda/change.ts';
import type { Command, CommandKind } from '../agenda/command.ts';
import { decide } from '../agenda/decide/decide.ts';
import type { CommandPlace } from '../agenda/decide/decide-command.ts';
import type { Decide } from '../agenda/decide/decision.ts';
import type { Instant } from '../agenda/model.ts';
import type { CommandOutcome } from '../agenda/outcome.ts';
import type { StateMachine } from '../consensus/ports.ts';
import type { Entry, LogIndex } from '../consensus/raft/entry.ts';
import type { LogBase } from '../consensus/raft/log-base.ts';
import { limits } from '../limits.ts';
import type { AgendaStore, RememberedRequest, StatePlace } from './agenda-store.ts';
import { sealAudit } from './audit-chain.ts';
import type { AuditChain } from './audit-chain.ts';
import type { ChangeFeed, FeedItem } from './change-feed.ts';
import { decodeEntry } from './decoded-entry.ts';
import type { Decoded, Failure } from './decoded-entry.ts';
import { nextDigest } from './digest-chain.ts';
import { failedJudgement, judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import { loadState } from './loaded-state.ts';
import type { LoadedState } from './loaded-state.ts';
import { nextPlace } from './next-place.ts';
import { StateStops } from './state-stops.ts';

/** Told what operators must hear of. Must not throw. */
export interface StateMachineObserver {
  /**
   * A defect of the program: the command at this index was refused with `internal_error`; with `expiry`,
   * what was to expire with it is still there.
   */
  onDecideFailed(
    index: LogIndex,
    kind: CommandKind | 'undecodable' | 'expiry',
    error: unknown,
  ): void;
}

export interface AgendaStateMachineOptions {
  readonly store: AgendaStore;
  readonly change_feed: ChangeFeed;
  readonly observer: StateMachineObserver;
  /** The rules; the real ones unless a test plants others. */
  readonly decide?: Decide;
}

/** Those of a batch; an attempt at it goes round them. */
interface Defects {
  readonly commands: Map<LogIndex, Failure>;
  /** Met while something expired with the command at this index: it waits for the next command. */
  readonly expiry: Map<LogIndex, unknown>;
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

/** What expires could not go, as it could not on any replica. */
class ExpiryRefused extends RowsRefused {
  override name = 'ExpiryRefused';
}

/** One attempt at a batch: nothing of it counts before its transaction is committed. */
interface Attempt {
  applied_index: LogIndex;
  digest: string;
  state_time: Instant;
  place: StatePlace;
  audit: AuditChain;
  readonly outcomes: (CommandOutcome | null)[];
  readonly digests: string[];
  readonly items: FeedItem[];
  /** Written so far. */
  rows: number;
}

/** What an entry came to. */
interface CommandEffects {
  readonly expired: readonly RowChange[];
  /** Null for an entry of the engine. */
  readonly judgement: Judgement | null;
  readonly remembered: RememberedRequest | null;
  readonly pruned: number;
}

const no_effects: CommandEffects = { expired: [], judgement: null, remembered: null, pruned: 0 };

/**
 * Joins the log and the rules: committed entries in, rows and outcomes out. Deterministic: state, digest
 * and outcomes depend on the entries alone, not on how they were batched.
 */
export class AgendaStateMachine implements StateMachine {
  /** Where somebody wants to see the state before more is applied. */
  readonly stops = new StateStops();
  readonly #store: AgendaStore;
  readonly #change_feed: ChangeFeed;
  readonly #observer: StateMachineObserver;
  readonly #decide: Decide;
  #loaded: LoadedState;
  #applied_index: LogIndex;
  #digest: string;
  #state_time: Instant;
  #place: StatePlace;
  #audit: AuditChain;

  constructor(options: AgendaStateMachineOptions) {
    const { store } = options;
    this.#store = store;
    this.#change_feed = options.change_feed;
    this.#observer = options.observer;
    this.#decide = options.decide ?? decide;
    this.#loaded = loadState(store, this.#decide);
    const meta = store.readMeta();
    this.#applied_index = meta.applied_index;
    this.#digest = meta.digest;
    this.#state_time = meta.state_time;
    this.#place = store.readPlace();
    this.#audit = store.readAuditChain();
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

  get base(): LogBase | null {
    const { term, configuration } = this.#place;
    if (configuration === null) return null;
    return { index: this.#applied_index, term, configuration };
  }

  /**
   * Goes on from what the store holds now, which a snapshot has put there: later than what was. Who follows
   * the change feed is told that it has a gap.
   */
  reload(): void {
    const { applied_index, digest, state_time } = this.#store.readMeta();
    assert(applied_index > this.#applied_index, 'a state is replaced by a later one');
    assert(state_time >= this.#state_time, 'state time ran backwards');
    this.#applied_index = applied_index;
    this.#digest = digest;
    this.#state_time = state_time;
    this.#place = this.#store.readPlace();
    this.#audit = this.#store.readAuditChain();
    this.#loaded = loadState(this.#store, this.#decide);
    this.#change_feed.skipTo(applied_index);
  }

  get batch_ends_at(): LogIndex | null {
    return this.stops.next_index;
  }

  /** The digest after the entry at `index`; null when it is not (or no longer) known here. */
  digestAt(index: LogIndex): string | null {
    return this.#loaded.digests.at(index);
  }

  /** The success under a request key; null: none, or it is forgotten by now. */
  remembered(scope_hash: string): RememberedRequest | null {
    return this.#loaded.requests.find(scope_hash, this.#state_time);
  }

  /**
   * Applies consecutive entries in one transaction; one outcome for each, null for those of the engine.
   * Ends after an entry with which enough rows are written: the rest come again. On a throw the state is as
   * before.
   *
   * @throws {DiskFullError} there was no space; the same may come again
   * @throws {UnknownCommandError} a newer program wrote one of them
   * @throws whatever the storage throws when it fails
   */
  apply(entries: readonly Entry[]): readonly (CommandOutcome | null)[] {
    this.#assertNext(entries);
    const decoded = entries.map(decodeEntry);
    const defects: Defects = { commands: new Map(), expiry: new Map() };
    for (const { entry, failure } of decoded) {
      if (failure !== null) defects.commands.set(entry.index, failure);
    }
    const attempt = this.#commit(decoded, defects);
    this.#settle(attempt, defects);
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
  #commit(decoded: readonly Decoded[], defects: Defects): Attempt {
    for (;;) {
      try {
        return this.#store.transaction(() => this.#applyAll(decoded, defects));
      } catch (error) {
        this.#loaded.requests.reload();
        this.#loaded.expiry.reload();
        this.#loaded.audit_trim.reload();
        if (!(error instanceof RowsRefused)) throw error;
        if (error instanceof ExpiryRefused) {
          assert(!defects.expiry.has(error.index), 'what expires was to stay');
          defects.expiry.set(error.index, error.cause);
          continue;
        }
        const refused = decoded.find(({ entry }) => entry.index === error.index);
        const kind = must(refused?.command, 'rows without a command').body.kind;
        assert(!defects.commands.has(error.index), 'the audit row of a failed command was refused');
        defects.commands.set(error.index, { kind, error: error.cause });
      }
    }
  }

  #applyAll(decoded: readonly Decoded[], defects: Defects): Attempt {
    const attempt: Attempt = {
      applied_index: this.#applied_index,
      digest: this.#digest,
      state_time: this.#state_time,
      place: this.#place,
      audit: this.#audit,
      outcomes: [],
      digests: [],
      items: [],
      rows: 0,
    };
    for (const one of decoded) {
      if (attempt.rows >= limits.apply_rows_max) break;
      attempt.place = nextPlace(attempt.place, one.entry);
      if (one.entry.kind === 'command') this.#applyCommand(attempt, one, defects);
      else this.#advance(attempt, one.entry.index, no_effects);
    }
    const { applied_index, digest, state_time, place, audit } = attempt;
    this.#store.writeMeta({ applied_index, digest, state_time });
    if (audit !== this.#audit) this.#store.writeAuditChain(audit);
    if (place !== this.#place) this.#store.writePlace(place);
    return attempt;
  }

  #applyCommand(attempt: Attempt, one: Decoded, defects: Defects): void {
    const { entry, command } = one;
    const { index } = entry;
    attempt.state_time = Math.max(attempt.state_time, command?.at ?? 0);
    const { state_time } = attempt;
    const place: CommandPlace = { index, state_time };
    const pruned = this.#loaded.requests.prune(state_time);
    let judgement: Judgement | null = null;
    if (command !== null && !defects.commands.has(index)) {
      try {
        judgement = sealed(attempt, judge(this.#loaded.judge_options, command, place));
      } catch (error) {
        if (this.#store.isStorageFailure(error)) throw error;
        defects.commands.set(index, { kind: command.body.kind, error });
      }
    }
    judgement ??= sealed(attempt, failedJudgement(command, entry.request_id, place));
    const remembered = this.#write(index, state_time, command, judgement);
    const rows = judgement.changes.length;
    const expired = defects.expiry.has(index) ? [] : this.#expire(attempt, place, rows);
    this.#advance(attempt, index, { expired, judgement, remembered, pruned });
  }

  /** After the command, which has written so many rows: what goes with it is what its bound leaves. */
  #expire(attempt: Attempt, place: CommandPlace, rows: number): readonly RowChange[] {
    const { expiry, audit_trim } = this.#loaded;
    const rows_max = Math.min(limits.rows_expired_per_command, limits.rows_per_command_max - rows);
    const write = (changes: readonly RowChange[]): void => this.#store.write(changes);
    try {
      const expired = expiry.run(place, rows_max, write);
      const { changes, anchor } = audit_trim.run(
        place.state_time,
        rows_max - expired.length,
        write,
      );
      if (anchor === null) return expired;
      attempt.audit = { anchor, head: attempt.audit.head };
      return [...expired, ...changes];
    } catch (error) {
      if (this.#store.isStorageFailure(error)) throw error;
      throw new ExpiryRefused(place.index, error);
    }
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
      this.#loaded.expiry.note(changes);
      const key = command?.remember ?? null;
      if (key === null || outcome.kind === 'refused' || outcome.replayed) return null;
      return this.#loaded.requests.remember(key, outcome.answer, index, state_time);
    } catch (error) {
      if (this.#store.isStorageFailure(error)) throw error;
      throw new RowsRefused(index, error);
    }
  }

  #advance(attempt: Attempt, index: LogIndex, effects: CommandEffects): void {
    const { state_time } = attempt;
    const { expired, judgement, remembered, pruned } = effects;
    const judged = judgement?.changes ?? [];
    const changes = expired.length === 0 ? judged : [...judged, ...expired];
    attempt.applied_index = index;
    attempt.rows += changes.length + pruned + (remembered === null ? 0 : 1);
    attempt.digest = nextDigest(attempt.digest, { index, state_time, changes, remembered, pruned });
    attempt.digests.push(attempt.digest);
    attempt.outcomes.push(judgement?.outcome ?? null);
    const events = judgement?.events ?? [];
    if (events.length > 0) attempt.items.push({ index, events });
  }

  /** After the commit: what was applied becomes what this replica says. */
  #settle(attempt: Attempt, defects: Defects): void {
    let index = this.#applied_index;
    for (const digest of attempt.digests) {
      index += 1;
      this.#loaded.digests.push(index, digest);
    }
    assert(index === attempt.applied_index, 'one digest for each entry');
    this.#applied_index = attempt.applied_index;
    this.#digest = attempt.digest;
    this.#state_time = attempt.state_time;
    this.#place = attempt.place;
    this.#audit = attempt.audit;
    for (const [failed_index, { kind, error }] of defects.commands) {
      // Others are of entries that come again.
      if (failed_index > attempt.applied_index) continue;
      this.#observer.onDecideFailed(failed_index, kind, error);
    }
    for (const [failed_index, error] of defects.expiry) {
      this.#observer.onDecideFailed(failed_index, 'expiry', error);
    }
    for (const item of attempt.items) this.#change_feed.publish(item.index, item.events);
    this.#change_feed.publish(attempt.applied_index, []);
    this.stops.reached(attempt.applied_index);
  }
}

/** What a command comes to, with its rows of the audit chained to those of the attempt so far. */
function sealed(attempt: Attempt, judgement: Judgement): Judgement {
  const { outcome, events } = judgement;
  const { anchor, head: before } = attempt.audit;
  const { changes, head } = sealAudit(before, judgement.changes);
  if (head === before) return judgement;
  attempt.audit = { anchor, head };
  return { outcome, changes, events };
}
