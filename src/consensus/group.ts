import { assert, must, unreachable } from '../base/assert.ts';
import { limits } from '../limits.ts';
import { Applier } from './applier.ts';
import type { FailedPart, GroupOptions } from './group-options.ts';
import { finishInstall } from './finish-install.ts';
import { openSnapshots } from './group-snapshots.ts';
import type { GroupSnapshots } from './group-snapshots.ts';
import { IndexWaiters } from './index-waiters.ts';
import { LogReader } from './log-reader.ts';
import { PendingAnswers } from './pending-answers.ts';
import { PendingReplies } from './pending-replies.ts';
import { PendingProposals } from './pending-proposals.ts';
import type { ProposalResult } from './pending-proposals.ts';
import { Persister } from './persister.ts';
import type { Outcome, StoredLog } from './ports.ts';
import type { Configuration, Member, NodeId } from './raft/configuration.ts';
import type { Effect, MembershipResult } from './raft/effect.ts';
import type { Entry, LogIndex } from './raft/entry.ts';
import { createState } from './raft/initial-state.ts';
import type { Input, Proposal, Token } from './raft/input.ts';
import { persistedTermAt, sliceOfLog } from './raft/log.ts';
import type { MembershipChange } from './raft/membership.ts';
import type { AppendRequest, Request, Response } from './raft/message.ts';
import type { TransferOutcome } from './raft/settle-transfer.ts';
import type { RaftState } from './raft/state.ts';
import { currentConfiguration } from './raft/state.ts';
import { step } from './raft/step.ts';
import type { Step } from './raft/step.ts';
import { StateAge } from './state-age.ts';
import { Ticker } from './ticker.ts';

const STOPPING = 'this replica is stopping';

/**
 * The driver of one Raft group: inputs go through the pure core, effects come out and are carried out in
 * the order that safety requires. The only place where the core meets time, disk and network.
 */
export class Group {
  readonly #options: GroupOptions;
  readonly #state: RaftState;
  readonly #step: Step;
  readonly #ticker: Ticker;
  readonly #persister: Persister;
  readonly #reader: LogReader;
  readonly #applier: Applier;
  readonly #snapshots: GroupSnapshots | null;
  readonly #yields_for = new Set<'space' | 'apply'>();
  readonly #pending = new PendingProposals();
  readonly #waiters = new IndexWaiters();
  readonly #transfers = new PendingAnswers<TransferOutcome>('timed_out');
  readonly #changes = new PendingAnswers<MembershipResult>({ kind: 'unknown' });
  readonly #age: StateAge;
  readonly #replies = new PendingReplies();
  /** The core settles every one of them. */
  readonly #reads = new PendingAnswers<LogIndex | null>(null);
  readonly #listeners = new Set<() => void>();
  readonly #inbox: Input[] = [];
  #proposals: Proposal[] = [];
  #next_token: Token = 1;
  #is_stepping = false;
  #is_stopped = false;

  /** Reads what the disk holds, which is whole by now; nothing runs before {@link start}. */
  static async open(options: GroupOptions, loaded?: StoredLog): Promise<Group> {
    const stored = await finishInstall(options, loaded ?? (await options.store.load()));
    assert(stored.damaged.length === 0, 'a damaged log takes part in nothing');
    const { election_timeout_ms, heartbeat_ms, tick_ms, self, state_machine } = options;
    const state = createState(
      {
        self,
        prng: options.prng,
        priority: options.priority,
        priority_pause_ticks: Math.ceil(
          (options.priority_pause_ms ?? limits.leader_priority_pause_ms) / tick_ms,
        ),
        election_ticks: Math.ceil(election_timeout_ms / tick_ms),
        heartbeat_ticks: Math.max(1, Math.round(heartbeat_ms / tick_ms)),
      },
      { ...stored, applied_index: state_machine.applied_index },
    );
    return new Group(options, state);
  }

  private constructor(options: GroupOptions, state: RaftState) {
    this.#options = options;
    this.#state = state;
    this.#step = options.step ?? step;
    const { store, clock, state_machine, observer } = options;
    this.#age = new StateAge(clock.now_ms());
    this.#ticker = new Ticker({
      clock,
      tick_ms: options.tick_ms,
      ticks_at_once_max: state.options.heartbeat_ticks,
      onTicks: (ticks, now_ms) => this.#ticks(ticks, now_ms),
    });
    this.#persister = new Persister({
      store,
      clock,
      onPersisted: (write_id, entries, duration_ms) => {
        observer.persisted(entries, duration_ms);
        this.#input({ kind: 'persisted', write_id });
      },
      onFailed: (error) => this.#fail('log', error),
    });
    this.#reader = new LogReader({
      store,
      clock,
      repair: options.repair ?? null,
      persistedTermAt: (index) => persistedTermAt(state.log, index),
      onLost: (error) => this.#fail('log', error),
    });
    this.#applier = new Applier({
      state_machine,
      store: this.#reader,
      clock,
      recentEntries: (from, through) =>
        sliceOfLog(state.log, from, through, limits.append_bytes_max),
      onApplied: (entries, outcomes, ms) => this.#applied(entries, outcomes, ms),
      onStalled: (why) => {
        // Who cannot apply could commit, and answer nobody.
        this.#yieldFor('apply', why !== null);
        options.onApplyStalled?.(why);
      },
      onHalted: (error) => this.#fail('state', error),
    });
    this.#snapshots = openSnapshots(options, {
      state,
      applier: this.#applier,
      persister: this.#persister,
      input: (input) => this.#input(input),
      onInstalled: (index) => this.#waiters.applied(index),
      reply: (token, message) => this.#replies.reply(token, message),
      onBroken: (error) => this.#fail('state', error),
    });
  }

  /** The core's state, for views and metrics. */
  get state(): Readonly<RaftState> {
    return this.#state;
  }

  get configuration(): Configuration | null {
    return currentConfiguration(this.#state);
  }

  get proposals_pending(): number {
    return this.#pending.size;
  }

  start(): void {
    assert(!this.#is_stopped, 'a group starts once');
    this.#ticker.start();
    this.#snapshots?.start();
  }

  /** Answers everybody who waits; nothing is sent or applied afterwards. */
  stop(): void {
    this.#is_stopped = true;
    this.#ticker.stop();
    this.#snapshots?.stop();
    this.#persister.stop();
    this.#applier.stop();
    this.#reader.stop();
    this.#pending.expireAll();
    this.#waiters.expireAll();
    this.#transfers.expireAll();
    this.#changes.expireAll();
    this.#reads.expireAll();
    this.#replies.rejectAll(STOPPING);
  }

  /** Called on every change of term, role, leader or configuration, and at the end of a transfer. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A peer asks. */
  receive(from: Member, message: Request): Promise<Response> {
    if (this.#is_stopped) return Promise.reject(new Error(STOPPING));
    const token = this.#token();
    const reply = this.#replies.wait(token);
    this.#input({ kind: 'request', from, token, message });
    return reply;
  }

  /** Everything proposed in one turn of the event loop is one write and one message to each peer. */
  propose(
    kind: Proposal['kind'],
    request_id: string,
    payload: Uint8Array,
    timeout_ms: number,
  ): Promise<ProposalResult> {
    return new Promise((resolve) => {
      if (this.#is_stopped || this.#pending.size >= limits.pending_proposals_max) {
        resolve({ kind: 'refused', reason: 'overloaded' });
        return;
      }
      const token = this.#token();
      this.#pending.add(token, this.#options.clock.now_ms(), timeout_ms, resolve);
      this.#proposals.push({ token, kind, request_id, payload });
      if (this.#proposals.length === 1) this.#options.clock.soon(() => this.#flushProposals());
    });
  }

  /** A read index (thesis §6.4); null when leadership could not be confirmed now. */
  readIndex(): Promise<LogIndex | null> {
    if (this.#is_stopped || this.#reads.size >= limits.pending_reads_max) {
      return Promise.resolve(null);
    }
    const token = this.#token();
    const settled = this.#reads.wait(token, Number.POSITIVE_INFINITY);
    this.#input({ kind: 'read', token });
    return settled;
  }

  /** Hands leadership to a node, or to the best caught-up voter; see {@link TransferOutcome}. */
  transfer(target: NodeId | null, timeout_ms: number): Promise<TransferOutcome> {
    if (this.#is_stopped || this.#transfers.size >= limits.pending_controls_max) {
      return Promise.resolve(this.#is_stopped ? 'not_leader' : 'already_transferring');
    }
    const token = this.#token();
    const settled = this.#transfers.wait(token, this.#options.clock.now_ms() + timeout_ms);
    this.#input({ kind: 'transfer', token, target });
    return settled;
  }

  /** Changes who the members are; resolves when the final configuration is committed. */
  changeMembership(change: MembershipChange, timeout_ms: number): Promise<MembershipResult> {
    if (this.#is_stopped) return Promise.resolve({ kind: 'refused', reason: 'not_leader' });
    if (this.#changes.size >= limits.pending_controls_max) {
      return Promise.resolve({ kind: 'refused', reason: 'change_in_progress' });
    }
    const token = this.#token();
    const settled = this.#changes.wait(token, this.#options.clock.now_ms() + timeout_ms);
    this.#input({ kind: 'change_membership', token, change });
    return settled;
  }

  /** False when `timeout_ms` passed first. */
  waitForApplied(index: LogIndex, timeout_ms: number): Promise<boolean> {
    const { clock, state_machine } = this.#options;
    if (this.#is_stopped) return Promise.resolve(false);
    return this.#waiters.wait(index, state_machine.applied_index, clock.now_ms() + timeout_ms);
  }

  /** Age of the applied state in milliseconds; null: unknown. */
  ageMs(): number | null {
    const { clock, state_machine } = this.#options;
    return this.#age.ageMs(state_machine.applied_index, clock.now_ms());
  }

  /** Writes the first entry of a new cluster: see `raft/bootstrap-entry.ts`. */
  bootstrap(configuration: Configuration): void {
    this.#input({ kind: 'bootstrap', configuration });
  }

  /** Short of space, this replica lets others lead while others can, and takes no commands. */
  setDiskLow(is_low: boolean): void {
    this.#yieldFor('space', is_low);
  }

  #yieldFor(reason: 'space' | 'apply', is_so: boolean): void {
    if (is_so) this.#yields_for.add(reason);
    else this.#yields_for.delete(reason);
    this.#input({ kind: 'disk_low', is_low: this.#yields_for.size > 0 });
  }

  #token(): Token {
    const token = this.#next_token;
    this.#next_token += 1;
    return token;
  }

  #ticks(ticks: number, now_ms: number): void {
    for (let count = 0; count < ticks; count += 1) this.#input({ kind: 'tick' });
    this.#pending.expire(now_ms);
    this.#waiters.expire(now_ms);
    this.#transfers.expire(now_ms);
    this.#changes.expire(now_ms);
  }

  #flushProposals(): void {
    const proposals = this.#proposals;
    this.#proposals = [];
    if (proposals.length > 0) this.#input({ kind: 'propose', proposals });
  }

  /** One input at a time: effects that lead to another input put it behind. */
  #input(input: Input): void {
    this.#inbox.push(input);
    if (this.#is_stepping) return;
    this.#is_stepping = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        if (this.#is_stopped) continue;
        for (const effect of this.#step(this.#state, next, this.#options.clock.now_ms())) {
          this.#perform(effect);
        }
      }
    } catch (error) {
      this.#fail('core', error);
    } finally {
      this.#is_stepping = false;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'persist':
        return this.#persister.add(effect);
      case 'send':
        return this.#send(effect.to, effect.message);
      case 'send_after_persist':
        return this.#persister.afterPersisted(() => this.#send(effect.to, effect.message));
      case 'send_from_store':
        return this.#sendFromStore(effect.to, effect.message, effect.through_index);
      case 'reply':
        return this.#replies.reply(effect.token, effect.message);
      case 'reply_after_persist':
        return this.#persister.afterPersisted(() =>
          this.#replies.reply(effect.token, effect.message),
        );
      case 'send_snapshot':
      case 'receive_snapshot':
        return must(this.#snapshots, 'a log that is never cut').perform(effect);
      case 'apply_through':
        return this.#applier.applyThrough(effect.index);
      case 'proposal_accepted':
        return this.#pending.accepted(effect.token, effect.index, effect.term);
      case 'proposal_refused':
        return this.#pending.refused(effect.token, effect.reason);
      case 'read_ready':
        return this.#reads.settle(effect.token, effect.index);
      case 'fresh':
        return this.#age.told(effect, this.#options.clock.now_ms());
      case 'role_changed': {
        const { role, term, leader } = this.#state;
        this.#ticker.lookOften(role === 'leader');
        this.#options.observer.roleChanged(role, term, leader);
        return this.#changed();
      }
      case 'membership_settled':
        return this.#changes.settle(effect.token, effect.result);
      case 'transfer_settled':
        this.#transfers.settle(effect.token, effect.outcome);
        this.#options.observer.transferEnded(effect.outcome);
        return this.#changed();
      case 'configuration_changed':
        return this.#changed();
      default:
        return unreachable(effect);
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #send(to: Member, message: Request): void {
    this.#options.transport.send(to, message).then(
      (response) => this.#input({ kind: 'response', from: to, message: response }),
      () => this.#input({ kind: 'send_failed', to, message }),
    );
  }

  #sendFromStore(to: Member, message: AppendRequest, through: LogIndex): void {
    this.#reader.fill(message, through).then(
      (filled) => {
        const { role, term } = this.#state;
        // Deposed meanwhile, the log may hold another leader's entries, which are not ours to send.
        const is_ours = role === 'leader' && term === message.term;
        if (filled !== null && is_ours) this.#send(to, filled);
        else this.#input({ kind: 'send_failed', to, message });
      },
      (error: unknown) => this.#fail('log', error),
    );
  }

  #applied(entries: readonly Entry[], outcomes: readonly Outcome[], duration_ms: number): void {
    const { observer, clock } = this.#options;
    observer.applied(entries.length, duration_ms);
    const now_ms = clock.now_ms();
    for (const [position, entry] of entries.entries()) {
      const proposed_ms = this.#pending.applied(entry, outcomes[position]);
      if (proposed_ms !== null) observer.committed(now_ms - proposed_ms);
    }
    const { index } = must(entries.at(-1), 'nothing was applied');
    this.#waiters.applied(index);
    this.#input({ kind: 'applied', index });
  }

  #fail(part: FailedPart, error: unknown): void {
    if (this.#is_stopped) return;
    if (part === 'state') this.#input({ kind: 'apply_halted' });
    else this.stop();
    this.#options.onFailed(part, error);
  }
}
