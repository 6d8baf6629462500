import { unreachable } from '../base/assert.ts';
import type { BootstrapState, OwnBootstrapState } from '../consensus/bootstrap/bootstrap-state.ts';
import type { BootstrapStep } from '../consensus/bootstrap/bootstrap-step.ts';
import { firstConfiguration } from '../consensus/bootstrap/first-configuration.ts';
import { planBootstrap } from '../consensus/bootstrap/plan-bootstrap.ts';
import { encodePromise } from '../consensus/bootstrap/promise-codec.ts';
import { samePromise } from '../consensus/bootstrap/promise.ts';
import type { BootstrapPromise } from '../consensus/bootstrap/promise.ts';
import { memberKey } from '../consensus/raft/configuration.ts';
import type { ClusterId, Member, MemberKey, NodeId } from '../consensus/raft/configuration.ts';
import { limits } from '../limits.ts';
import { askWho } from './ask.ts';
import type { IdentityChange, IdentityKeeper } from './identity-keeper.ts';
import type { BootstrapLog, Call, DiscoveryClock, DiscoveryLogger } from './ports.ts';
import { promise_answer } from './wire.ts';
import type { PromiseRequestBody } from './wire.ts';

export interface BootstrapperOptions {
  readonly keeper: IdentityKeeper;
  /** `CLUSTER_MEMBERS`. */
  readonly wanted: readonly NodeId[];
  /** `REPLICATION_FACTOR`. */
  readonly voters_wanted: number;
  /** Everywhere that another replica may be. */
  readonly addresses: () => readonly string[];
  readonly call: Call;
  readonly log: BootstrapLog;
  /** An id never used before, unguessable. */
  readonly mintClusterId: () => ClusterId;
  readonly clock: DiscoveryClock;
  readonly logger: DiscoveryLogger;
}

/** What the others said in one round, and where they said it. */
interface Round {
  readonly seen: readonly BootstrapState[];
  readonly address_of: ReadonlyMap<MemberKey, string>;
}

/** A wait for the same thing is told again after this many rounds. */
const ROUNDS_BETWEEN_LOGS = 60;

/**
 * Takes the steps of `planBootstrap` until this replica belongs to a cluster: looks at itself, asks all
 * others, does what follows, again. It can stop and start anywhere: all that counts is on the disks.
 */
export class Bootstrapper {
  readonly #options: BootstrapperOptions;
  #last_story = '';
  #rounds_since_log = 0;

  constructor(options: BootstrapperOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the cluster this replica belongs to; null when the signal was aborted before. Rejects
   * when its own disk fails.
   */
  async run(signal: AbortSignal): Promise<ClusterId | null> {
    const { keeper, clock, wanted, mintClusterId } = this.#options;
    while (!signal.aborted) {
      const own = await keeper.own();
      const round = own.cluster_id === null ? await this.#askAll(signal) : NOBODY;
      const fresh_cluster_id = mintClusterId();
      const step = planBootstrap({ own, wanted, seen: round.seen, fresh_cluster_id });
      this.#tell(step);
      if (step.kind === 'formed') return step.cluster_id;
      const goes_on = await this.#take(step, own, round);
      if (!goes_on) await clock.sleep(limits.discovery_forming_pause_ms, signal);
    }
    return null;
  }

  /** Who has not answered in time is not seen; an answer that comes later is of no use. */
  async #askAll(signal: AbortSignal): Promise<Round> {
    const ending = new AbortController();
    const seen = new Map<MemberKey, BootstrapState>();
    const address_of = new Map<MemberKey, string>();
    const waiting = [...this.#options.addresses()];
    const askers = waiting.slice(0, limits.discovery_calls_at_once).map(async () => {
      for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
        try {
          const { state, announcement } = await askWho(this.#options.call, address);
          seen.set(memberKey(state.member), state);
          address_of.set(memberKey(state.member), announcement.address);
        } catch {
          // No answer is "not yet": the round goes on without it, and the gossip logs it.
        }
      }
    });
    const patience = AbortSignal.any([signal, ending.signal]);
    await Promise.race([
      Promise.all(askers),
      this.#options.clock.sleep(limits.rpc_timeout_ms, patience),
    ]);
    ending.abort();
    waiting.length = 0;
    return { seen: [...seen.values()], address_of: new Map(address_of) };
  }

  /** True: look again at once. */
  async #take(step: BootstrapStep, own: OwnBootstrapState, round: Round): Promise<boolean> {
    switch (step.kind) {
      case 'formed':
      case 'wait':
        return false;
      case 'adopt_cluster':
        return this.#change({ kind: 'adopt_cluster', cluster_id: step.cluster_id }, own);
      case 'hold_promise':
        return this.#change({ kind: 'hold_promise', promise: step.promise }, own);
      case 'drop_promise':
        return this.#change({ kind: 'drop_promise' }, own);
      case 'ask_promises':
        return this.#askEach(
          round,
          step.members.map((member) => ({ member, kind: 'promise', promise: step.promise })),
        );
      case 'ask_drops':
        return this.#askEach(
          round,
          step.drops.map(({ member, promise }) => ({ member, kind: 'drop', promise })),
        );
      case 'write_first_entry':
        await this.#options.log.writeFirstEntry(
          firstConfiguration(step.promise, this.#options.voters_wanted),
        );
        return false;
      default:
        return unreachable(step);
    }
  }

  /** Unless the state is no longer the one the step was planned for. */
  async #change(change: IdentityChange, planned_for: OwnBootstrapState): Promise<boolean> {
    const made = await this.#options.keeper.change((own) => {
      const is_same =
        samePromise(own.promise, planned_for.promise) &&
        own.cluster_id === planned_for.cluster_id &&
        own.last_index === planned_for.last_index;
      return is_same ? change : null;
    });
    return made !== null;
  }

  /** True when all agreed. */
  async #askEach(
    { address_of }: Round,
    requests: readonly {
      member: Member;
      kind: PromiseRequestBody['kind'];
      promise: BootstrapPromise;
    }[],
  ): Promise<boolean> {
    const { call, logger } = this.#options;
    const agreed = await Promise.all(
      requests.map(async ({ member, kind, promise }) => {
        const address = address_of.get(memberKey(member));
        if (address === undefined) return false;
        const body: PromiseRequestBody = { kind, promise: encodePromise(promise) };
        try {
          const answer = await call({
            address,
            method: 'POST',
            path: '/cluster/promise',
            body,
            destination: null,
          });
          const parsed = promise_answer.safeParse(answer.body);
          if (parsed.success && parsed.data.outcome === 'accepted') return true;
          const reason = parsed.success ? parsed.data.reason : `status ${answer.status}`;
          logger.warn({ member, asked: kind, reason }, 'a member refuses');
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          logger.info({ member, asked: kind, reason }, 'a member did not answer');
        }
        return false;
      }),
    );
    return agreed.every(Boolean);
  }

  /** Every step when it differs from the last, and a long wait now and then. */
  #tell(step: BootstrapStep): void {
    const story =
      step.kind === 'wait'
        ? `${step.kind} ${step.reason} ${step.nodes.join(' ')}`
        : step.kind === 'hold_promise' || step.kind === 'drop_promise'
          ? `${step.kind} ${step.reason}`
          : step.kind;
    this.#rounds_since_log += 1;
    if (story === this.#last_story && this.#rounds_since_log < ROUNDS_BETWEEN_LOGS) return;
    this.#last_story = story;
    this.#rounds_since_log = 0;
    this.#options.logger.info(fieldsOf(step), 'bootstrap');
  }
}

const NOBODY: Round = { seen: [], address_of: new Map() };

function fieldsOf(step: BootstrapStep): object {
  if (step.kind === 'wait') return { step: step.kind, reason: step.reason, nodes: step.nodes };
  if (step.kind === 'adopt_cluster') return { step: step.kind, cluster_id: step.cluster_id };
  if (!('promise' in step)) return { step: step.kind };
  const { cluster_id, proposal_number } = step.promise;
  return { step: step.kind, cluster_id, proposal_number };
}
